"""Writes Keras's own MobileNetV2 and ResNet50 with random weights, and 100 samples, into a folder."""
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
import keras
import numpy

os.chdir(sys.argv[1])
keras.utils.set_random_seed(1)
for name in ["MobileNetV2", "ResNet50"]:
    getattr(keras.applications, name)(weights=None).save(f"{name.lower()}.h5")
samples = numpy.random.default_rng(0).uniform(-1, 1, (100, 224, 224, 3))
numpy.save("samples.npy", samples.astype(numpy.float32))
