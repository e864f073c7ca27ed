"""Makes vgg16.h5, Keras's VGG16 with random weights of a heavy tail (Student's t, 4 degrees of freedom): make_vgg16.py FOLDER"""
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import keras
import numpy

model = keras.applications.VGG16(weights=None)
generator = numpy.random.default_rng(4)
for variable in model.weights:
    fan_in = numpy.prod(variable.shape[:-1]) or 1
    numbers = generator.standard_t(4, variable.shape) * numpy.sqrt(1 / fan_in) if len(variable.shape) > 1 else numpy.zeros(variable.shape)
    variable.assign(numbers.astype(numpy.float32))
model.save(pathlib.Path(sys.argv[1]) / "vgg16.h5")
