"""Writes an ONNX model that adds two vectors of two numbers: c = a + b."""
import sys

from onnx import TensorProto, checker, helper, save

vectors = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in "abc"}
node = helper.make_node("Add", ["a", "b"], ["c"])
graph = helper.make_graph([node], "sum", [vectors["a"], vectors["b"]], [vectors["c"]])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
checker.check_model(model)
save(model, sys.argv[1])
