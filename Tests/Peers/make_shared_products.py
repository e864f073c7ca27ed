"""make_shared_products.py TYPE RESULT: writes an ONNX model of ten QGemm that share a weight of 128 x 128.

TYPE is int8 or uint8.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

dtype = np.dtype(sys.argv[1])
zero = 0 if dtype == np.int8 else 128
weights = np.random.default_rng(0).integers(zero - 127, zero + 127, (128, 128)).astype(dtype)
constants = {
    "weights": weights,
    "scale": np.float32(0.02),
    "weight_scale": np.float32(0.001),
    "zero": dtype.type(zero),
    "bias": np.zeros(128, np.int32),
}
nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q0"])]
for number in range(10):
    inputs = [f"q{number}", "scale", "zero", "weights", "weight_scale", "zero", "bias", "scale", "zero"]
    nodes.append(helper.make_node("QGemm", inputs, [f"q{number + 1}"], domain="com.microsoft"))
nodes.append(helper.make_node("DequantizeLinear", ["q10", "scale", "zero"], ["y"]))
graph = helper.make_graph(
    nodes,
    "shared",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 128])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 128])],
    [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
)
opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), sys.argv[2])
