"""Converts a Keras model to TensorFlow Lite by TensorFlow's converter: tf_convert.py model.h5 out.tflite [samples.npy].

With samples the result is quantized to int8.
"""
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
import numpy
import tensorflow

converter = tensorflow.lite.TFLiteConverter.from_keras_model(tensorflow.keras.models.load_model(sys.argv[1], compile=False))
if len(sys.argv) > 3:
    samples = numpy.load(sys.argv[3], mmap_mode="r")
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: ([samples[index : index + 1]] for index in range(len(samples)))
with open(sys.argv[2], "wb") as file:
    file.write(converter.convert())
