"""What a model must compute: the results of ONNX Runtime, and how far from each element a result with other rounding may be.

The bound is measured: the same model runs with noise of a few units in the last place behind every operator that rounds, and
with the runtime's optimizations. Where an element jumps then, as behind a comparison or a rounding, it may jump elsewhere too.
"""
import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from onnx_draft import captured_names, session

# Operators whose results are exact, given their operands.
EXACT = set(
    """Abs And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil CenterCropPad Clip Compress Concat Constant
    ConstantOfShape DepthToSpace Dropout Equal Expand EyeLike Flatten Floor Gather GatherElements GatherND Greater GreaterOrEqual
    GlobalMaxPool Hardmax Identity IsInf IsNaN Less LessOrEqual Max MaxPool MaxUnpool Min Neg NonZero Not OneHot Or Pad ReduceMax ReduceMin Relu
    Reshape ReverseSequence Round Scatter ScatterElements ScatterND Shape Sign Size Slice SpaceToDepth Split Squeeze Tile TopK
    Transpose Trilu Unique Unsqueeze Where Xor""".split()
)
# A few units in the last place, and what share of an output's largest number may always be wrong.
NOISE = {np.dtype(np.float16): 2.0**-10, np.dtype(np.float32): 2.0**-22, np.dtype(np.float64): 2.0**-50}
SHARE = {np.dtype(np.float16): 4e-3, np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}


def with_all_values(model):
    """The model with every result among its outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {output.name for output in copy.graph.output}
    for node in copy.graph.node:
        for name in node.output:
            if name and name not in known:
                known.add(name)
                copy.graph.output.append(onnx.ValueInfoProto(name=name))
    return copy


def with_noise(model, values, random):
    """The model with every rounded result a little wrong."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes = []
    for node in copy.graph.node:
        nodes.append(node)
        if node.op_type in EXACT:
            continue
        for place, name in enumerate(node.output):
            array = values.get(name)
            if array is None or array.dtype not in NOISE or not array.size:
                continue
            noise = NOISE[array.dtype]
            finite = np.abs(array[np.isfinite(array)])
            largest = float(finite.max()) if finite.size else 0.0
            factor = (1 + noise * random.uniform(-1, 1, array.shape)).astype(array.dtype)
            term = (noise * largest * random.uniform(-1, 1, array.shape)).astype(array.dtype)
            copy.graph.initializer.extend([numpy_helper.from_array(factor, name + "/factor"), numpy_helper.from_array(term, name + "/term")])
            node.output[place] = name + "/exact"
            nodes.append(helper.make_node("Mul", [name + "/exact", name + "/factor"], [name + "/scaled"]))
            nodes.append(helper.make_node("Add", [name + "/scaled", name + "/term"], [name]))
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def disturbed(array, random):
    """An input a little wrong, if it is real: operators that round inside are no better than that."""
    if array.dtype not in NOISE:
        return array
    return np.asarray(array * (1 + NOISE[array.dtype] * random.uniform(-1, 1, array.shape))).astype(array.dtype)


def deviation(a, b):
    """How far elements are apart; infinite where only one is a number."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, np.where(np.isfinite(apart), apart, np.inf))


class Unstable(Exception):
    """The noise changes how large a result is."""


def expectation(model, inputs, random):
    """The outputs by name, what each element may be wrong by, and whether the runtime's optimizations agree."""
    outputs = [output.name for output in model.graph.output]
    full = with_all_values(model)
    names = [output.name for output in full.graph.output]
    values = dict(zip(names, session(full).run(None, inputs)))
    expected = {name: values[name] for name in outputs}
    allowed = {}
    for name, array in expected.items():
        magnitude = np.abs(array[np.isfinite(array)]).max(initial=0) if array.dtype in SHARE else 0
        # The runtime's sigmoid of float32 ends at 1e-8.
        least = 2e-8 if array.dtype == np.float32 else 0
        allowed[name] = np.full(array.shape, SHARE.get(array.dtype, 0) * float(magnitude) + least)
    spread = {name: np.zeros(array.shape) for name, array in expected.items()}
    for _ in range(3):
        try:
            noisy = session(with_noise(model, values, random)).run(outputs, {name: disturbed(array, random) for name, array in inputs.items()})
        except Exception:
            raise Unstable()
        for name, array in zip(outputs, noisy):
            if array.shape != expected[name].shape:
                raise Unstable()
            spread[name] = np.maximum(spread[name], deviation(array, expected[name]))
    for name in outputs:
        # Of what counts or says where, any other value is possible.
        allowed[name] = allowed[name] + (4 * spread[name] if expected[name].dtype in SHARE else np.where(spread[name] > 0, np.inf, 0))
    agrees = True
    try:
        optimized = session(model, ort.GraphOptimizationLevel.ORT_ENABLE_ALL).run(outputs, inputs)
    except Exception:
        return expected, allowed, False
    for name, array in zip(outputs, optimized):
        if array.shape != expected[name].shape:
            agrees = False
            continue
        apart = deviation(array, expected[name])
        if np.all(apart <= 4 * allowed[name]):
            allowed[name] = np.maximum(allowed[name], 2 * apart)
        else:
            agrees = False
    return expected, allowed, agrees


def write_case(path, model, sets):
    """Writes the model and its sets as path.onnx and path.npz: arrays called set/in/name, set/out/name and set/allowed/name."""
    path.with_suffix(".onnx").write_bytes(model.SerializeToString())
    arrays = {}
    for index, (inputs, expected, allowed) in enumerate(sets):
        for role, values in [("in", inputs), ("out", expected), ("allowed", allowed)]:
            arrays.update({f"{index}/{role}/{name}": array for name, array in values.items()})
    with open(path.with_suffix(".npz"), "wb") as file:
        np.savez(file, **arrays)
