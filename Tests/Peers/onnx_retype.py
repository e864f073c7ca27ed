"""Computes an ONNX model in real numbers of another type: onnx_retype.py MODEL.onnx OUT.onnx float16|double [--keep-interface]

With --keep-interface inputs and outputs stay float and are cast.
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

model = onnx.load(sys.argv[1])
dtype = np.dtype(sys.argv[3])
kind = helper.np_dtype_to_tensor_dtype(dtype)
graph = model.graph


def retyped(tensor):
    if tensor.data_type != TensorProto.FLOAT:
        return tensor
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype(dtype), tensor.name)


for tensor in graph.initializer:
    tensor.CopyFrom(retyped(tensor))
for node in graph.node:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            attribute.t.CopyFrom(retyped(attribute.t))
        elif node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
            attribute.i = kind
del graph.value_info[:]
before, behind = [], []
for value in [*graph.input, *graph.output]:
    element = value.type.tensor_type
    if element.elem_type != TensorProto.FLOAT:
        continue
    if "--keep-interface" not in sys.argv:
        element.elem_type = kind
        continue
    name, isInput = value.name, any(value is one for one in graph.input)
    inner = name + "/inner"
    for node in graph.node:
        for names in (node.input, node.output):
            for place, one in enumerate(names):
                if one == name:
                    names[place] = inner
    if isInput:
        before.append(helper.make_node("Cast", [name], [inner], to=kind))
    else:
        behind.append(helper.make_node("Cast", [inner], [name], to=TensorProto.FLOAT))
nodes = [*before, *graph.node, *behind]
del graph.node[:]
graph.node.extend(nodes)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[2])
