"""Quantizes an ONNX model with ONNX Runtime: ort_quantize.py <model> <calibration.npz> <result>.

Options: --form QDQ|QOperator|Dynamic, --activations and --weights QInt8|QUInt8, --per-channel.
"""
import argparse
import logging
import shutil

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static


class Samples(CalibrationDataReader):
    def __init__(self, path):
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        count = min(len(array) for array in arrays.values())
        self.sets = iter([{name: array[i : i + 1] for name, array in arrays.items()} for i in range(count)])

    def get_next(self):
        return next(self.sets, None)


parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("samples")
parser.add_argument("result")
parser.add_argument("--form", default="QDQ")
parser.add_argument("--activations", default="QInt8")
parser.add_argument("--weights", default="QInt8")
parser.add_argument("--per-channel", action="store_true")
arguments = parser.parse_args()

logging.disable(logging.WARNING)
# The quantizer writes a file of its own beside the model, which another one beside the same model would remove.
model = arguments.result + ".source.onnx"
shutil.copyfile(arguments.model, model)
if arguments.form == "Dynamic":
    quantize_dynamic(
        model, arguments.result, per_channel=arguments.per_channel, weight_type=QuantType[arguments.weights])
    raise SystemExit
quantize_static(
    model, arguments.result, Samples(arguments.samples), quant_format=QuantFormat[arguments.form],
    activation_type=QuantType[arguments.activations], weight_type=QuantType[arguments.weights],
    per_channel=arguments.per_channel)
