"""Checks that onnx's checker and ONNX Runtime take some models: onnx_check.py MODEL..."""
import sys

import onnx
import onnxruntime as ort

for path in sys.argv[1:]:
    onnx.checker.check_model(path, full_check=True)
    ort.InferenceSession(path, providers=["CPUExecutionProvider"])
