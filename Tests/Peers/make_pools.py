"""Makes an ONNX model of convolutions with poolings and clamps between, and samples: make_pools.py <pool> <model> <samples>.

ONNX Runtime's quantization leaves the clamp behind a pooling to the range of the integers.
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

pool, model, samples = sys.argv[1:]
generator = np.random.default_rng(5)
nodes, weights, value, channels = [], [], "x", 3


def add(operator, *operands, **attributes):
    global value
    name = f"{operator}{len(nodes)}"
    nodes.append(helper.make_node(operator, [value, *operands], [name], name=name, **attributes))
    value = name


def convolution(outputs):
    global channels
    for name, shape in [("w", (outputs, channels, 3, 3)), ("b", (outputs,))]:
        weights.append(numpy_helper.from_array(generator.normal(0, 0.3, shape).astype(np.float32), f"{name}{len(nodes)}"))
    add("Conv", weights[-2].name, weights[-1].name, pads=[1, 1, 1, 1])
    channels = outputs


for outputs in (8, 6):
    convolution(outputs)
    if pool == "Resize":
        weights.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), f"scales{len(nodes)}"))
        add("Resize", "", weights[-1].name, mode="linear")
    else:
        add(pool, kernel_shape=[2, 2], strides=[2, 2])
    add("Relu")
convolution(4)
shape = {"Resize": 64}.get(pool, 4)
graph = helper.make_graph(
    nodes, "pools", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
    [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, 4, shape, shape])], weights)
result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(result)
onnx.save(result, model)
np.savez(samples, x=generator.uniform(-1, 1, (40, 3, 16, 16)).astype(np.float32))
