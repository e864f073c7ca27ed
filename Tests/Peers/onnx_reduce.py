"""Makes a random model smaller: onnx_reduce.py BASE FOLDER

Reads BASE.onnx and the inputs in BASE.npz and writes every model that is one step smaller, and that ONNX Runtime runs, as
FOLDER/i.onnx and FOLDER/i.npz, the smallest first: with one output, or with an operator's operands or results as inputs.
The inputs of the first set alone are kept, with their sizes fixed.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
import onnx
from onnx import helper
from onnx_draft import captured_names, element_type, session
from onnx_expected import Expectation, with_all_values, write_case


def rebuilt(model, outputs, inputs):
    """The part of the model that computes outputs from inputs, with values of its own in their place."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    needed, nodes = set(outputs), []
    for node in reversed(graph.node):
        made = [name for name in node.output if name in needed and name not in inputs]
        if made:
            nodes.insert(0, node)
            needed.update(name for name in [*node.input, *captured_names(node)] if name)
    stored = [tensor for tensor in graph.initializer if tensor.name in needed and tensor.name not in inputs]
    given = {name: array for name, array in inputs.items() if name in needed}
    values = [helper.make_tensor_value_info(name, element_type(array), array.shape) for name, array in given.items()]
    known = {output.name: output for output in graph.output}
    results = [known.get(name, onnx.ValueInfoProto(name=name)) for name in outputs]
    smaller = helper.make_graph(nodes, "reduced", values, results, stored)
    result = helper.make_model(smaller, opset_imports=copy.opset_import, ir_version=copy.ir_version)
    return result, given


def candidates(model, inputs):
    full = with_all_values(model)
    names = [output.name for output in full.graph.output]
    values = dict(zip(names, session(full).run(None, inputs)))
    outputs = [output.name for output in model.graph.output]
    for node in model.graph.node:
        if node.op_type == "Constant":
            continue
        made = [name for name in node.output if name]
        # This node alone, then all that leads to it, then all without it.
        read = {name: values.get(name, inputs.get(name)) for name in [*node.input, *captured_names(node)]}
        yield rebuilt(model, made, {name: array for name, array in read.items() if array is not None and not is_constant(model, name)})
        yield rebuilt(model, made, inputs)
        yield rebuilt(model, outputs, {**inputs, **{name: values[name] for name in made}})
    if len(outputs) > 1:
        for name in outputs:
            yield rebuilt(model, [name], inputs)


def is_constant(model, name):
    return any(node.op_type == "Constant" and name in node.output for node in model.graph.node)


base, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
model = onnx.load(base.with_suffix(".onnx"))
inputs = {}
with np.load(base.with_suffix(".npz")) as file:
    for key in file.files:
        index, role, name = key.split("/", 2)
        if index == "0" and role == "in":
            inputs[name] = file[key]
found = []
for smaller, given in candidates(model, inputs):
    if len(smaller.graph.node) >= len(model.graph.node) and len(smaller.graph.output) >= len(model.graph.output):
        continue
    try:
        # Values that no declared type describes get theirs from the runtime.
        results = session(smaller).run(None, given)
        for output, array in zip(smaller.graph.output, results):
            output.CopyFrom(helper.make_tensor_value_info(output.name, element_type(array), None))
        found.append((len(smaller.graph.node), smaller, Expectation(smaller, given, np.random.default_rng(1))))
    except Exception:
        continue
found.sort(key=lambda one: one[0])
for number, (_, smaller, case) in enumerate(found):
    write_case(folder / str(number), smaller, [case])
print(len(found))
