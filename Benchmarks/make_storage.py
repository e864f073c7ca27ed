"""Writes models that are all constant, one for each form in which .skiff stores weights: decode-*.onnx, 16 million weights each."""
import pathlib
import sys

import numpy
import onnx
from onnx import helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(1)
count = 1 << 24
narrow = numpy.clip(numpy.round(random.normal(0, 2.5, count)), -8, 7)


def sparse(density):
    return numpy.where(random.random(count) < density, random.standard_normal(count, numpy.float32), numpy.float32(0))


weights = {
    "entropy": numpy.clip(numpy.round(random.normal(0, 20, count)), -127, 127).astype(numpy.int8),
    "packed": random.integers(-8, 8, count).astype(numpy.int8),
    "palette": random.standard_normal(16, numpy.float32)[random.integers(0, 16, count)],
    "palette-entropy": random.standard_normal(16, numpy.float32)[narrow.astype(int) + 8],
    "sparse": sparse(0.5),
    "sparse-entropy": sparse(0.1),
}
for name, array in weights.items():
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    values = [helper.make_tensor_value_info(value, kind, [count]) for value in ("x", "y")]
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], name, values[:1], values[1:], [numpy_helper.from_array(array, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.save(model, folder / f"decode-{name}.onnx")
