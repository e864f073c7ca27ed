"""An ONNX graph that grows node by node: each node is run by ONNX Runtime as soon as it is drawn, so that what the runtime
refuses never gets into the graph and the shape and the numbers of each value are known.
"""
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx_meaning import rounded, undefined

FLOATS = [np.float32, np.float16, np.float64]
SIGNED = [np.int32, np.int64, np.int8, np.int16]
UNSIGNED = [np.uint8, np.uint16, np.uint32, np.uint64]

# The largest number of elements of a value, and the largest real number.
LARGEST_COUNT = 6000
LARGEST_NUMBER = {np.dtype(np.float16): 2e2, np.dtype(np.float32): 1e4, np.dtype(np.float64): 1e4}


class Refused(Exception):
    """The runtime, or the draft itself, does not take a node."""


def session(model, level=ort.GraphOptimizationLevel.ORT_DISABLE_ALL):
    """A session of ONNX Runtime on one thread of the processor."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def element_type(array):
    return helper.np_dtype_to_tensor_dtype(array.dtype)


def ir_version(opset):
    """The newest version of the format that goes with an operator set."""
    return 10 if opset > 20 else 9 if opset > 18 else 8


class Input:
    """An input of the graph: how its elements are drawn, and its sizes, numbers or names of symbols."""

    def __init__(self, make, sizes):
        self.make = make
        self.sizes = sizes


class Draft:
    def __init__(self, random, opset):
        self.random = random
        self.opset = opset
        self.arrays = {}
        self.inputs = {}
        self.constants = {}
        self.nodes = []
        self.count = 0
        # Symbols share names where sizes are equal, or each axis has a name of its own, or none has.
        self.symbols = self.choose([None, None, None, "shared", "own"])

    # MARK: Choices

    def choose(self, items):
        return items[self.random.integers(len(items))]

    def chance(self, probability):
        return self.random.random() < probability

    def number(self, low, high):
        """An integer from low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def size(self):
        return self.choose([1, 2, 2, 3, 3, 4, 5, 6, 8]) if not self.chance(0.004) else 0

    def shape(self, rank=None):
        rank = self.choose([0, 1, 2, 2, 3, 3, 4, 4, 5]) if rank is None else rank
        sizes = [self.size() for _ in range(rank)]
        while np.prod(sizes) > 1500:
            sizes[int(np.argmax(sizes))] //= 2
        return sizes

    def axis(self, rank, negative_since=11):
        """An axis, counted from the end at times where the operator set knows that."""
        axis = self.number(0, rank - 1)
        return axis - rank if self.opset >= negative_since and self.chance(0.4) else axis

    # MARK: Values

    def name(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def elements(self, dtype, low=None, high=None):
        """How elements of a type are drawn."""
        dtype = np.dtype(dtype)

        def make(shape, random):
            if dtype == bool:
                return random.random(shape) < 0.5
            if dtype.kind == "f":
                bounds = (-2 if low is None else low, 2 if high is None else high)
                return np.asarray(random.uniform(*bounds, shape)).astype(dtype)
            bounds = (0 if dtype.kind == "u" else -5) if low is None else low, 6 if high is None else high
            return np.asarray(random.integers(*bounds, shape, endpoint=True)).astype(dtype)

        return make

    def dtype(self):
        if self.chance(0.75):
            return np.float32
        return self.choose([np.float16, np.float64, np.int32, np.int64, np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64, np.bool_])

    def input(self, shape, dtype, low=None, high=None):
        name, make = self.name("x"), self.elements(dtype, low, high)
        sizes = [
            size if size < 2 or self.symbols is None or self.chance(0.5)
            else f"n{size}" if self.symbols == "shared" else self.name("n") if self.chance(0.7) else None
            for size in shape
        ]
        self.inputs[name] = Input(make, sizes)
        self.arrays[name] = make(tuple(shape), self.random)
        return name

    def constant(self, array):
        name = self.name("c")
        self.constants[name] = self.arrays[name] = np.asarray(array)
        return name

    def fresh(self, shape, dtype=np.float32, low=None, high=None, constant=0.5):
        """A new input or constant."""
        if self.chance(constant):
            return self.constant(self.elements(dtype, low, high)(tuple(shape), self.random))
        return self.input(shape, dtype, low, high)

    def weights(self, shape, dtype=np.float32, low=None, high=None):
        """A new constant, or an input now and then."""
        return self.fresh(shape, dtype, low, high, constant=0.92)

    def integers(self, values, dtype=np.int64):
        """A list of integers (or one): a constant, or computed from the shape of some value, or an input."""
        values = np.asarray(values, dtype)
        known = [name for name, array in self.arrays.items() if name not in self.constants]
        # A computed 0, which copies a size, has no counterpart in TensorFlow Lite.
        computes = values.ndim == 1 and values.dtype == np.int64 and 0 not in values
        if known and computes and self.opset >= 13 and self.chance(0.04):
            return self.computed(self.choose(known), values)
        if self.chance(0.01):
            name = self.name("x")
            self.inputs[name] = Input(lambda shape, random: values, list(values.shape))
            self.arrays[name] = values
            return name
        return self.constant(values)

    def computed(self, source, values):
        """The values, some of them sizes of a value as far as they are equal."""
        sizes = list(self.arrays[source].shape)
        (shape,) = self.add("Shape", [source])
        parts = []
        for value in values:
            if value in sizes:
                place = self.constant(np.array([sizes.index(value)], np.int64))
                parts += self.add("Gather", [shape, place], axis=0)
            else:
                parts.append(self.constant(np.array([value], np.int64)))
        return self.add("Concat", parts, axis=0)[0] if parts else self.constant(values)

    def value(self, fits=lambda array: True, otherwise=None):
        """A value that fits, the latest ones more often; else what `otherwise` makes."""
        names = [name for name, array in self.arrays.items() if name not in self.constants and fits(array)]
        if names and not self.chance(0.1):
            return names[-1] if self.chance(0.45) else self.choose(names)
        if otherwise is None:
            raise Refused("no value fits")
        return otherwise()

    def real(self, rank=None, least=0, most=5, dtypes=FLOATS):
        """A real value of some rank."""
        def fits(array):
            return array.dtype in [np.dtype(one) for one in dtypes] and (array.ndim == rank if rank is not None else least <= array.ndim <= most)

        def make():
            dtype = np.float32 if np.float32 in dtypes and self.chance(0.85) else self.choose(dtypes)
            return self.fresh(self.shape(self.number(least, most) if rank is None else rank), dtype, constant=0.1)

        return self.value(fits, make)

    def any(self, least=0, most=5, dtypes=None):
        """A value of any type."""
        def fits(array):
            return least <= array.ndim <= most and (dtypes is None or array.dtype in [np.dtype(one) for one in dtypes])

        def make():
            dtype = self.dtype() if dtypes is None else self.choose(dtypes)
            return self.fresh(self.shape(self.number(least, most)), dtype, constant=0.1)

        return self.value(fits, make)

    def partner(self, name, low=None, high=None):
        """A value of the same type that broadcasts with another."""
        array = self.arrays[name]
        if self.chance(0.4):
            def fits(other):
                try:
                    return other.dtype == array.dtype and np.prod(np.broadcast_shapes(other.shape, array.shape)) < LARGEST_COUNT
                except ValueError:
                    return False

            names = [other for other, value in self.arrays.items() if other not in self.constants and fits(value)]
            if names and low is None:
                return self.choose(names)
        shape = [size if self.chance(0.6) else 1 for size in array.shape]
        shape = shape[self.number(0, len(shape)):] if self.chance(0.4) else shape
        if self.chance(0.1) and len(shape) < 5:
            shape = [self.number(1, 2)] + shape
        return self.fresh(shape, array.dtype, low, high, constant=0.6)

    # MARK: Nodes

    def add(self, kind, inputs, outputs=1, captured=(), domain="", **attributes):
        """Adds a node and returns the names of its results.

        Raises Refused if the runtime does not run it, or its results are too large.
        """
        results = [self.name("v") for _ in range(outputs)]
        node = helper.make_node(kind, list(inputs), results, name=f"{kind}_{self.count}", domain=domain, **attributes)
        used = list(dict.fromkeys(name for name in [*inputs, *captured] if name))
        values = [helper.make_tensor_value_info(name, element_type(self.arrays[name]), self.arrays[name].shape) for name in used if name not in self.constants]
        stored = [numpy_helper.from_array(self.constants[name], name) for name in used if name in self.constants]
        graph = helper.make_graph([node], "node", values, [helper.make_empty_tensor_value_info(name) for name in results], stored)
        model = helper.make_model(graph, opset_imports=self.opsets(), ir_version=ir_version(self.opset))
        try:
            arrays = session(model).run(None, {value.name: self.arrays[value.name] for value in values})
        except Exception as error:
            raise Refused(f"{kind}: {str(error)[:200]}")
        for array in arrays:
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
                raise Refused("not a tensor")
            if array.size > LARGEST_COUNT or array.ndim > 6:
                raise Refused("too large")
            if array.dtype.kind == "f" and array.size and not np.all(np.abs(array.astype(np.float64)) <= LARGEST_NUMBER[array.dtype]):
                raise Refused("numbers that are too large")
        made = dict(zip(results, arrays))
        reason = undefined(node, {**self.arrays, **made}, rounded(self.nodes))
        if reason:
            raise Refused(reason)
        self.nodes.append(node)
        self.arrays.update(made)
        return results

    def opsets(self):
        return [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]

    def grow(self, recipe):
        """Lets a recipe add nodes; what it could not finish is taken back. Returns whether it could."""
        state = (dict(self.arrays), dict(self.inputs), dict(self.constants), list(self.nodes))
        try:
            recipe(self)
            return True
        except Refused:
            self.arrays, self.inputs, self.constants, self.nodes = state
            return False

    # MARK: The model

    def model(self):
        """The whole model; values that nobody reads are its outputs, and a few others."""
        read = {name for node in self.nodes for name in [*node.input, *captured_names(node)]}
        made = [name for node in self.nodes for name in node.output if name]
        outputs = [name for name in made if name not in read or self.chance(0.05)]
        nodes, stored, inputs = [], [], []
        shift = self.chance(0.06)
        for name in self.constants:
            if name not in read:
                continue
            array = self.constants[name]
            if self.chance(0.2):
                nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array)))
            elif self.chance(0.2) and array.dtype.kind in "biuf":
                listed = array.astype(np.float64) if array.dtype.kind == "f" else array
                stored.append(helper.make_tensor(name, element_type(array), array.shape, listed.flatten().tolist()))
            else:
                stored.append(numpy_helper.from_array(array, name))
        for name, input in self.inputs.items():
            if name in read:
                inputs.append(helper.make_tensor_value_info(name, element_type(self.arrays[name]), input.sizes))
        if shift:
            # Older files list their initializers among the inputs.
            inputs += [helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)) for tensor in stored]
        results = [
            helper.make_tensor_value_info(name, element_type(self.arrays[name]), None)
            for name in outputs
        ]
        graph = helper.make_graph(nodes + self.nodes, "random", inputs, results, stored)
        return helper.make_model(graph, opset_imports=self.opsets(), ir_version=ir_version(self.opset))

    def sets(self, model):
        """Inputs to run the model on: those it was drawn with, and others, of other sizes where the model leaves them open."""
        stored = {tensor.name for tensor in model.graph.initializer}
        names = [value.name for value in model.graph.input if value.name not in stored]
        sizes = {}

        def other(size, drawn):
            if isinstance(size, int):
                return size
            return sizes.setdefault(size, self.number(1, 7)) if size is not None else drawn

        first = {name: self.arrays[name] for name in names}
        second = {}
        for name in names:
            shape = tuple(other(size, drawn) for size, drawn in zip(self.inputs[name].sizes, self.arrays[name].shape))
            second[name] = self.inputs[name].make(shape, self.random)
        return [first, second]


def captured_names(node):
    """The names that the graphs inside of a node take from outside (and their own)."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            for inner in attribute.g.node:
                yield from inner.input
                yield from captured_names(inner)
            for value in attribute.g.output:
                yield value.name
