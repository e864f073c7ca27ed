"""Draws single TensorFlow Lite operators: litert_changed_operators.py FOLDER SEED FIRST COUNT

Each is one of litert_operators.py with some of its options, operands, types and sizes changed. What LiteRT runs, and by other kernels
to the same results, is written as FOLDER/i.source.tflite with inputs, results and bounds in FOLDER/i.npz (see onnx_expected.py), and
a line `drawn i VERSION OPERATOR`; the rest as FOLDER/tflite-i, to be read or refused too, with a line `lost i OPERATOR REASON`.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from litert_operators import OPERATORS
from litert_sweep import TYPES, Draw

NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
KINDS = ["float32", "float32", "int8", "uint8", "int16", "int32", "int64", "bool"]
LOWEST = {"int8": -128, "uint8": 0, "int16": -32768}
RESOLVERS = [OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.BUILTIN]


class Changes:
    """Ways to change a case; each does nothing where it does not apply."""

    def __init__(self, case, draw):
        self.case, self.draw = case, draw

    def choose(self, values):
        values = list(values)
        return values[self.draw.integer(0, len(values) - 1)]

    def operands(self):
        return [tensor for tensor in self.case.tensors if tensor.role != "output"]

    def data(self, tensor):
        """The elements of a constant or an input, of the sizes and the type that it has."""
        kind = TYPES[tensor.kind][0]
        sizes = [max(size, 0) for size in tensor.shape]
        if tensor.data is None:
            return np.zeros(sizes, kind)
        with np.errstate(all="ignore"):
            data = np.asarray(tensor.data).astype(kind)
        return np.resize(data, sizes) if data.size else np.zeros(sizes, kind)

    def option(self):
        fields = sorted(vars(self.case.options or object()).keys()) if self.case.options else []
        if not fields:
            return
        name = self.choose(fields)
        value = getattr(self.case.options, name)
        if isinstance(value, bool):
            setattr(self.case.options, name, not value)
        elif isinstance(value, int) and name not in ("weightsFormat", "kernelType"):
            setattr(self.case.options, name, self.choose([0, 1, 1, 2, 2, 3] + [-1, -2] * (name in ("axis", "batchDims"))))
        elif isinstance(value, float):
            setattr(self.case.options, name, self.choose([0.0, 0.5, 1.0, -1.0, 2.0]))

    def kind(self):
        """Another type of all tensors of one type; lists of integers and weights with many scales stay."""
        old, new = self.choose(self.case.tensors).kind, self.choose(KINDS)
        # Many operators ask for the same parameters in operands and results.
        scale, zero = self.draw.scale(), 0 if new == "int16" else self.draw.integer(0, 255)
        for tensor in self.case.tensors:
            if tensor.kind != old or tensor.role == "constant" and old in ("int32", "int64") or len(tensor.scales) > 1:
                continue
            tensor.kind = new
            if new not in LOWEST:
                tensor.scales, tensor.zero_points = [], []
            elif tensor.scales and old in LOWEST and "int16" not in (old, new):
                tensor.zero_points = [zero + LOWEST[new] - LOWEST[old] for zero in tensor.zero_points]
            else:
                tensor.scales, tensor.zero_points = [scale], [zero + (0 if new == "int16" else LOWEST[new])]

    def size(self):
        """Another size of all axes that have the size of one."""
        old, new = self.choose([size for tensor in self.case.tensors for size in tensor.shape] or [1]), self.draw.integer(1, 6)
        all_of_them = self.draw.chance(0.7)
        for tensor in self.operands():
            if tensor.kind in ("int32", "int64") and tensor.role == "constant" and len(tensor.shape) == 1 and tensor.shape[0] < 9:
                continue
            if all_of_them or self.draw.chance(0.5):
                tensor.shape = [new if size == old else size for size in tensor.shape]

    def rank(self):
        tensor = self.choose(self.operands())
        axis = self.draw.integer(0, max(0, len(tensor.shape) - 1))
        if self.draw.chance(0.5) or not tensor.shape:
            tensor.shape = tensor.shape[:axis] + [1] + tensor.shape[axis:]
        else:
            tensor.shape = tensor.shape[:axis] + tensor.shape[axis + 1:]

    def values(self):
        tensor = self.choose(self.operands())
        data = self.data(tensor)
        numbers = [0, 1, 2, -1, 3, 0.5, -2.5, 100] if data.dtype.kind == "f" else [0, 1, 2, 3, 5]
        with np.errstate(all="ignore"):
            new = self.draw.rng.choice(np.array(numbers), data.shape).astype(data.dtype)
        tensor.data = np.where(self.draw.rng.random(data.shape) < 0.3, new, data)

    def role(self):
        tensor = self.choose(self.operands())
        if len(tensor.scales) < 2:
            tensor.role = "input" if tensor.role == "constant" else "constant"

    def presence(self):
        operands = self.operands()
        if len(operands) > 1:
            self.case.tensors.remove(operands[-1])

    def apply(self):
        ways = [self.option] * 4 + [self.kind] * 2 + [self.size] * 3 + [self.rank, self.values, self.values, self.role, self.presence]
        for _ in range(self.choose([1, 1, 2, 2, 3])):
            self.choose(ways)()
        for tensor in self.operands():
            tensor.data = self.data(tensor)


def inputs(case):
    return {tensor.name: tensor.data for tensor in case.tensors if tensor.role == "input"}


def run(model, arrays, resolver):
    interpreter = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=resolver)
    for entry in interpreter.get_input_details():
        if list(entry["shape"]) != list(arrays[entry["name"]].shape):
            interpreter.resize_tensor_input(entry["index"], arrays[entry["name"]].shape)
    interpreter.allocate_tensors()
    for entry in interpreter.get_input_details():
        interpreter.set_tensor(entry["index"], arrays[entry["name"]])
    interpreter.invoke()
    return [interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()]


def deviation(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError("kernels disagree about the type")
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(a - b)
    return np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.where(np.isfinite(apart), apart, np.inf))


def check_meaning(case, result):
    """Raises where kernels read what is not there, or read it in a way that nobody means."""
    name, first, second = NAMES[case.builtin], case.tensors[0], case.tensors[1]
    if name == "EMBEDDING_LOOKUP" and second.kind != case.tensors[2].kind:
        raise ValueError("bytes of one type taken for another")
    if name == "MATRIX_SET_DIAG" and second.shape != first.shape[:-2] + [min(first.shape[-2:])]:
        raise ValueError("a diagonal of other sizes")
    if name.startswith("MATRIX") and first.kind == "bool":
        raise ValueError("truth values that are none")
    if name == "REVERSE_SEQUENCE" and np.max(second.data, initial=0) > first.shape[case.options.seqDim]:
        raise ValueError("sequences that are longer than they can be")
    if name == "SPARSE_TO_DENSE" and len(np.unique(first.data, axis=0)) < len(np.atleast_1d(first.data)):
        raise ValueError("several values of one place")
    if name == "LOG_SOFTMAX" and not first.shape:
        raise ValueError("a number without axes, which kernels run past")
    if name == "SELECT_V2" and all(np.prod(tensor.shape) == 1 for tensor in case.tensors):
        raise ValueError("single elements, which have the axes of the condition whatever the others have")
    if name == "REDUCE_PROD" and result.dtype.kind == "i":
        raise ValueError("products that may wrap around")


def expectation(case, rng):
    """The model, its results and bounds of them."""
    arrays = inputs(case)
    outputs = [tensor for tensor in case.tensors if tensor.role == "output"]
    first = None
    for resolver in RESOLVERS[:2]:
        try:
            first = run(case.model(), arrays, resolver)
            break
        except ValueError as error:
            if "Didn't find op" not in str(error) or resolver == RESOLVERS[1]:
                raise
    for tensor, result in zip(outputs, first):
        tensor.shape = list(result.shape)
        if TYPES[tensor.kind][0] != result.dtype:
            tensor.kind, tensor.scales, tensor.zero_points = np.dtype(result.dtype).name, [], []
    if any(0 in tensor.shape for tensor in outputs):
        raise ValueError("nothing to compare")
    model = case.model()
    expected = run(model, arrays, resolver)
    check_meaning(case, expected[0])
    allowed = []
    for result in expected:
        finite = np.abs(result[np.isfinite(result)]) if result.dtype.kind == "f" else np.zeros(0)
        # ONNX Runtime's sigmoid is no better than 1e-7.
        allowed.append(np.full(result.shape, 1e-5 * float(finite.max(initial=0)) + (1e-7 if finite.size else 0)))
    for _ in range(6):
        noisy = {
            name: (array * (1 + 2.0**-22 * rng.uniform(-1, 1, array.shape))).astype(array.dtype) if array.dtype.kind == "f" else array
            for name, array in arrays.items()}
        for index, result in enumerate(run(model, noisy, resolver)):
            apart = deviation(result, expected[index])
            allowed[index] += 4 * apart if result.dtype.kind == "f" else np.where(apart > 0, np.inf, 0)
    # What other kernels see in another way, as what lies outside of an operand, has no right result.
    for other in RESOLVERS[1:]:
        for index, result in enumerate(run(model, arrays, other)):
            slack = 2 if result.dtype in (np.int8, np.uint8, np.int16) else 4 * allowed[index] + 1e-4
            if np.any(deviation(result, expected[index]) > slack):
                raise ValueError("kernels disagree")
    return model, {tensor.name: result for tensor, result in zip(outputs, expected)}, {
        tensor.name: one for tensor, one in zip(outputs, allowed)}


def draw(seed, number):
    """A changed case of a random operator."""
    random = Draw([seed, number])
    names = sorted(OPERATORS)
    while True:
        try:
            changes = Changes(OPERATORS[names[random.integer(0, len(names) - 1)]](random), random)
            changes.apply()
            changes.case.model()
            return changes.case, random.rng
        except Exception:
            continue


if __name__ == "__main__":
    folder, seed, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    for number in range(first, first + count):
        child = os.fork()
        if child == 0:
            case, rng = draw(seed, number)
            name = NAMES[case.builtin]
            (folder / f"tflite-{number}").write_bytes(case.model())
            try:
                model, expected, allowed = expectation(case, rng)
                arrays = {f"0/in/{key}": array for key, array in inputs(case).items()}
                arrays.update({f"0/out/{key}": array for key, array in expected.items()})
                arrays.update({f"0/allowed/{key}": array for key, array in allowed.items()})
                with open(folder / f"{number}.npz", "wb") as file:
                    np.savez(file, **arrays)
                (folder / f"{number}.source.tflite").write_bytes(model)
                print(f"drawn {number} {case.version} {name}", flush=True)
            except Exception as error:
                print(f"lost {number} {name} {type(error).__name__} {str(error)[:150]!r}", flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(f"lost {number} ended with {status}", flush=True)
