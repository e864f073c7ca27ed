"""Draws single ONNX nodes: onnx_changed_nodes.py FOLDER SEED FIRST COUNT

Each is a node of the onnx package's own tests with some of its attributes, operands, types and sizes changed. What ONNX Runtime
runs is written like the models of onnx_random.py, with a line `drawn i OPSET KIND`; what it refuses is written as FOLDER/onnx-i,
to be read or refused too, with a line `lost i REASON`.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
import onnx
from onnx import AttributeProto, defs, helper, numpy_helper
from onnx_draft import ir_version
from onnx_expected import Expectation, write_case

TYPES = [np.float32, np.float64, np.float16, np.int64, np.int32, np.int8, np.uint8, np.bool_]
# Integers that are 0 or 1.
FLAGS = set(
    """align_corners allowzero antialias ceil_mode center_point_box count_include_pad detect_negative detect_positive
    exclude_outside exclusive fmod input_forget inverse keepdims largest layout linear_before_reset noop_with_empty_axes
    normalized onesided periodic reverse saturate select_last_index sorted storage_order training_mode transA transB upper""".split()
)


def tests():
    """The folders of the tests of single nodes by operator, and the values that attributes of each have in some test."""
    folders, values = {}, {}
    for folder in sorted((pathlib.Path(onnx.__file__).parent / "backend/test/data/node").iterdir()):
        nodes = onnx.load(folder / "model.onnx").graph.node
        if len(nodes) > 1:
            continue
        folders.setdefault(nodes[0].op_type, []).append(folder)
        for attribute in nodes[0].attribute:
            seen = values.setdefault((nodes[0].op_type, attribute.name), [])
            value = helper.get_attribute_value(attribute)
            if value not in seen:
                seen.append(value)
    return folders, values


class Node:
    """A node with its operands: arrays, of which some are constants, or nothing."""

    def __init__(self, folder):
        model = onnx.load(folder / "model.onnx")
        self.node = model.graph.node[0]
        self.opset = next(one.version for one in model.opset_import if one.domain == self.node.domain)
        self.schema = defs.get_schema(self.node.op_type, self.opset, self.node.domain)
        self.attributes = {one.name: helper.get_attribute_value(one) for one in self.node.attribute}
        given = {one.name: index for index, one in enumerate(model.graph.input)}
        self.operands = []
        for name in self.node.input:
            tensor = onnx.TensorProto()
            if name:
                tensor.ParseFromString((folder / f"test_data_set_0/input_{given[name]}.pb").read_bytes())
            self.operands.append(numpy_helper.to_array(tensor) if name else None)
            if name and self.operands[-1].dtype.kind not in "fiub":
                raise ValueError("operands that are not numbers")
        self.constants = set()
        self.outputs = [bool(name) for name in self.node.output]
        self.symbols = False

    def model(self):
        names = ["" if one is None else f"x{index}" for index, one in enumerate(self.operands)]
        while names and not names[-1]:
            names.pop()
        outputs = [f"y{index}" if there else "" for index, there in enumerate(self.outputs)]
        node = helper.make_node(
            self.node.op_type, names, outputs, domain=self.node.domain, name="node",
            **{name: value for name, value in self.attributes.items() if value is not None})
        inputs, constants = [], []
        for index, name in enumerate(names):
            array = self.operands[index]
            if name and index in self.constants:
                constants.append(numpy_helper.from_array(array, name))
            elif name:
                sizes = [f"s{size}" if self.symbols and size > 1 else size for size in array.shape]
                inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), sizes))
        graph = helper.make_graph([node], "node", inputs, [helper.make_empty_tensor_value_info(one) for one in outputs if one], constants)
        imports = [helper.make_opsetid(self.node.domain, self.opset)]
        opset = self.opset if not self.node.domain else 17
        if self.node.domain:
            imports.append(helper.make_opsetid("", opset))
        return helper.make_model(graph, opset_imports=imports, ir_version=ir_version(opset))

    def inputs(self):
        return {f"x{index}": one for index, one in enumerate(self.operands) if one is not None and index not in self.constants}


class Changes:
    """Ways to change a node; each does nothing where it does not apply."""

    def __init__(self, node, values, random):
        self.node, self.values, self.random = node, values, random

    def choose(self, values):
        values = list(values)
        return values[self.random.integers(len(values))]

    def integer(self):
        return int(self.choose([0, 1, 1, 2, 2, 3, 4, -1, -2, -3, 7]))

    def attribute(self):
        node = self.node
        if not node.schema.attributes:
            return
        name = self.choose(sorted(node.schema.attributes))
        attribute = node.schema.attributes[name]
        kind, value = attribute.type.value, node.attributes.get(name)
        seen = self.values.get((node.node.op_type, name), [])
        if value is not None and self.random.random() < 0.3:
            del node.attributes[name]
        elif kind == AttributeProto.STRING:
            node.attributes[name] = self.choose(seen) if seen else None
        elif kind == AttributeProto.INT:
            node.attributes[name] = self.choose([0, 1]) if name in FLAGS else self.integer()
        elif kind == AttributeProto.FLOAT:
            node.attributes[name] = float(self.choose([0.0, 1.0, -1.0, 0.5, 2.0, 1e-3]))
        elif kind == AttributeProto.INTS:
            values = list(value or [self.integer() for _ in range(self.random.integers(5))])
            if values:
                values[self.random.integers(len(values))] = self.integer()
            if self.random.random() < 0.2:
                values = values + [self.integer()] if self.random.random() < 0.5 else values[:-1]
            node.attributes[name] = values or None

    def there(self):
        return [index for index, one in enumerate(self.node.operands) if one is not None]

    def kind(self):
        """Another type of all operands that have the type of one."""
        if not self.there():
            return
        old, new = self.node.operands[self.choose(self.there())].dtype, self.choose(TYPES)
        with np.errstate(all="ignore"):
            for index in self.there():
                if self.node.operands[index].dtype == old and old.kind in "fiub":
                    self.node.operands[index] = self.node.operands[index].astype(new)

    def size(self):
        """Another size of all axes that have the size of one."""
        axes = [size for index in self.there() for size in self.node.operands[index].shape]
        if not axes:
            return
        old, new = self.choose(axes), self.choose([0, 1, 2, 3, 4, 5, 6])
        whole = self.random.random() < 0.7
        for index in self.there():
            array = self.node.operands[index]
            if array.dtype.kind in "iu" and array.ndim == 1 and array.size < 9:
                continue
            if whole or self.random.random() < 0.5:
                sizes = [new if size == old else size for size in array.shape]
                self.node.operands[index] = np.resize(array, sizes) if array.size else np.zeros(sizes, array.dtype)

    def rank(self):
        """One axis more or less."""
        if not self.there():
            return
        index = self.choose(self.there())
        array = self.node.operands[index]
        if self.random.random() < 0.5 or not array.ndim:
            array = np.expand_dims(array, self.random.integers(array.ndim + 1))
        else:
            array = np.take(array, 0, self.random.integers(array.ndim)) if array.size else array
        self.node.operands[index] = np.asarray(array)

    def values(self):
        """Other numbers."""
        if not self.there():
            return
        index = self.choose(self.there())
        array = np.array(self.node.operands[index])
        if array.dtype.kind not in "fiu" or not array.size:
            return
        places = self.random.random(array.shape) < 0.3
        if array.dtype.kind == "f":
            new = np.array([0, -0.0, 1, -1, 0.5, -2.5, 100, 1e-3]).astype(array.dtype)
        else:
            new = np.array([0, 1, 2, 3, -1, -2, 5]).astype(array.dtype)
        self.node.operands[index] = np.where(places, self.random.choice(new, array.shape), array).astype(array.dtype)

    def presence(self):
        """One operand or result more or less."""
        if self.random.random() < 0.3:
            index = self.random.integers(max(1, min(self.node.schema.max_output, 4)))
            outputs = self.node.outputs + [False] * (index + 1 - len(self.node.outputs))
            outputs[index] = not outputs[index]
            if any(outputs):
                self.node.outputs = outputs
        elif self.random.random() < 0.5 and len(self.there()) > 1:
            self.node.operands[self.choose(self.there()[1:])] = None
        elif self.there():
            index = self.random.integers(1, max(2, min(self.node.schema.max_input, 9)))
            operands = self.node.operands + [None] * (index + 1 - len(self.node.operands))
            operands[index] = self.node.operands[self.choose(self.there())]
            self.node.operands = operands

    def opset(self):
        if not self.node.domain:
            self.node.opset = int(self.random.integers(7, 22))

    def apply(self):
        kinds = [self.attribute] * 4 + [self.kind] * 2 + [self.size] * 3 + [self.rank, self.values, self.values, self.presence, self.opset]
        for _ in range(self.choose([1, 1, 2, 2, 3])):
            self.choose(kinds)()
        share = self.choose([0, 0.2, 0.8])
        self.node.constants = {index for index in self.there() if index and self.random.random() < share}
        self.node.symbols = self.random.random() < 0.3


def draw(seed, number, folders, values):
    """A changed node of a random test, and the random numbers that follow."""
    random = np.random.default_rng([seed, number])
    changes = Changes(None, values, random)
    while True:
        try:
            changes.node = Node(changes.choose(folders[changes.choose(folders)]))
            changes.apply()
            model = changes.node.model()
            model.SerializeToString()
            return model, changes.node, random
        except Exception:
            continue


if __name__ == "__main__":
    folder, seed, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    folders, values = tests()
    for number in range(first, first + count):
        child = os.fork()
        if child == 0:
            model, node, random = draw(seed, number, folders, values)
            try:
                write_case(folder / str(number), model, [Expectation(model, node.inputs(), random)])
                print(f"drawn {number} {node.opset} {node.node.op_type}", flush=True)
            except Exception as error:
                (folder / f"onnx-{number}").write_bytes(model.SerializeToString())
                print(f"lost {number} {node.node.op_type} {type(error).__name__} {str(error)[:150]!r}", flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(f"lost {number} ended with {status}", flush=True)
