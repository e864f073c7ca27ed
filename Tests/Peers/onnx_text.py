"""Prints an ONNX model as text: onnx_text.py MODEL"""
import sys

import onnx
from onnx import printer

print(printer.to_text(onnx.load(sys.argv[1])))
