"""Quantizes a TensorFlow Lite file by ai-edge-quantizer's static int8 recipe: ai_edge_quantize.py in.tflite out.tflite samples.npy."""
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe

source, target, samples = sys.argv[1:]
((signature, sides),) = Interpreter(source).get_signature_list().items()
(name,) = sides["inputs"]
samples = numpy.load(samples)
work = quantizer.Quantizer(source, recipe.static_wi8_ai8())
calibrated = work.calibrate({signature: [{name: samples[index : index + 1]} for index in range(len(samples))]})
work.quantize(calibrated).export_model(target, overwrite=True)
