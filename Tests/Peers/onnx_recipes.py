"""Recipes of random nodes for a Draft: each adds one node, or the few of a pattern that passes recognize."""
import numpy as np
from onnx import TensorProto, helper

from onnx_draft import FLOATS, SIGNED, UNSIGNED, Refused, element_type

INTEGERS = SIGNED + UNSIGNED
INT64 = np.int64
# The recipes by room: how often each is drawn.
ROOMS = {"elementwise": [], "movement": [], "spatial": [], "linear": [], "reduction": [], "other": [], "patterns": []}


def recipe(room, weight=1):
    def register(function):
        ROOMS[room].extend([function] * weight)
        return function

    return register


def since(g, version):
    if g.opset < version:
        raise Refused("an older operator set")


# MARK: Elementwise

UNARY = {
    1: ["Abs", "Neg", "Exp", "Sqrt", "Floor", "Ceil", "Sigmoid", "Tanh", "Relu", "Reciprocal", "Log", "Softplus", "Softsign", "Identity", "Selu"],
    7: ["Sin", "Cos", "Tan", "Asin", "Acos", "Atan"],
    9: ["Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Erf", "Sign"],
    11: ["Round"],
    14: ["HardSwish"],
    18: ["Mish"],
}


@recipe("elementwise", 4)
def unary(g):
    kinds = [kind for version, kinds in UNARY.items() if version <= g.opset for kind in kinds]
    kind = g.choose(kinds)
    x = g.real() if g.chance(0.85) or kind not in ["Abs", "Neg", "Sign", "Relu", "Identity"] else g.any()
    if kind in ["Log", "Sqrt", "Reciprocal", "Acosh"] and g.chance(0.8):
        x = g.add("Abs", [x])[0]
        one = g.constant(np.asarray(1.0 if kind == "Acosh" else 0.25, g.arrays[x].dtype))
        x = g.add("Add", [x, one])[0]
    g.add(kind, [x])


@recipe("elementwise", 2)
def parametric(g):
    kind = g.choose(["Elu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "Celu", "Gelu", "Shrink", "Selu"])
    # The runtime computes some Shrink of float64 in float32.
    x = g.real(dtypes=[np.float32, np.float16] if kind == "Shrink" else FLOATS)
    since(g, {"ThresholdedRelu": 10, "Celu": 12, "Gelu": 20, "Shrink": 9}.get(kind, 1))
    names = {"Shrink": ["lambd", "bias"], "HardSigmoid": ["alpha", "beta"], "Selu": ["alpha", "gamma"], "Gelu": []}.get(kind, ["alpha"])
    attributes = {name: float(np.float32(g.random.uniform(0.05, 1.5))) for name in names if g.chance(0.7)}
    if kind == "Gelu" and g.chance(0.5):
        attributes["approximate"] = "tanh"
    g.add(kind, [x], **attributes)


@recipe("elementwise")
def clip(g):
    x = g.real() if g.opset < 12 or g.chance(0.8) else g.any(dtypes=[np.int32, np.int64, np.int8, np.uint8, np.uint32, np.uint64])
    dtype = g.arrays[x].dtype
    low, high = (1, 4) if dtype.kind == "u" else (g.choose([0, -1]), g.choose([1, 6, 2]))
    if g.opset < 11:
        g.add("Clip", [x], **{key: float(value) for key, value in [("min", low), ("max", high)] if g.chance(0.8)})
    else:
        bounds = [g.weights([], dtype, low, low), g.weights([], dtype, high, high)]
        g.add("Clip", [x] + [bound if g.chance(0.8) else "" for bound in bounds])


@recipe("elementwise", 4)
def arithmetic(g):
    kind = g.choose(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Mean", "PRelu", "Mod"])
    if kind in ["Sum", "Mean", "Max", "Min"]:
        dtypes = FLOATS if kind in ["Sum", "Mean"] or g.opset < 12 else None
        x = g.real() if dtypes else g.any()
        g.add(kind, [x] + [g.partner(x) for _ in range(g.number(0, 2))])
        return
    x = g.real() if kind in ["PRelu", "Pow"] or g.chance(0.75) else g.any(dtypes=INTEGERS)
    integer = g.arrays[x].dtype.kind in "iu"
    if kind == "Pow":
        exponent = g.choose([2.0, 3.0, 0.5, 1.0, 0.0, -1.0])
        if exponent not in [2.0, 3.0, 1.0, 0.0]:
            x = g.add("Add", [g.add("Abs", [x])[0], g.constant(np.asarray(0.5, g.arrays[x].dtype))])[0]
        other = g.constant(np.asarray(exponent, g.arrays[x].dtype)) if g.chance(0.7) or exponent < 1 else g.constant(g.choose([2, 3]) * np.ones(g.arrays[x].shape[-1:], g.arrays[x].dtype))
        g.add("Pow", [x, other])
    elif kind == "Mod":
        since(g, 10)
        other = g.partner(x, 1, 5)
        g.add("Mod", [x, other], fmod=1 if not integer or g.chance(0.3) else 0)
    elif kind == "Div":
        other = g.partner(x, 1, 4)
        g.add("Div", [x, other])
    elif kind == "PRelu":
        shape = [size if g.chance(0.6) else 1 for size in g.arrays[x].shape]
        g.add("PRelu", [x, g.weights(shape[g.number(0, len(shape)):], g.arrays[x].dtype)])
    else:
        pair = [x, g.partner(x)]
        g.add(kind, pair if g.chance(0.5) else pair[::-1])


@recipe("elementwise", 2)
def comparison(g):
    kind = g.choose(["Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"])
    since(g, 12 if "OrEqual" in kind else 11 if kind == "Equal" else 9)
    x = g.any()
    if g.arrays[x].dtype == bool and kind != "Equal":
        raise Refused("truth values have no order")
    g.add(kind, [x, g.partner(x)])


@recipe("elementwise")
def logic(g):
    kind = g.choose(["And", "Or", "Xor", "Not", "IsNaN", "IsInf"])
    if kind in ["IsNaN", "IsInf"]:
        since(g, 10)
        g.add(kind, [g.real(dtypes=[np.float32, np.float64])])
        return
    x = g.any(dtypes=[np.bool_])
    g.add(kind, [x] if kind == "Not" else [x, g.partner(x)])


@recipe("elementwise")
def bits(g):
    kind = g.choose(["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot"])
    since(g, 11 if kind == "BitShift" else 18)
    x = g.any(dtypes=UNSIGNED if kind == "BitShift" else INTEGERS)
    if kind == "BitShift":
        g.add(kind, [x, g.partner(x, 0, 7)], direction=g.choose(["LEFT", "RIGHT"]))
    else:
        g.add(kind, [x] if kind == "BitwiseNot" else [x, g.partner(x)])


@recipe("elementwise", 2)
def cast(g):
    x = g.any()
    array = g.arrays[x]
    target = np.dtype(g.choose([np.float32, np.float32, np.float16, np.float64, np.bool_] + INTEGERS))
    # Numbers beyond an integer's range have no meaning in the specification.
    if target.kind in "iu" and array.size and array.dtype != bool:
        info = np.iinfo(target)
        if array.min() < info.min + (1 if array.dtype.kind == "f" else 0) or array.max() > info.max:
            raise Refused("out of range")
        if array.dtype.kind == "f" and (target.kind == "u" or target.itemsize == 1):
            x = g.add("Abs", [x])[0]
    if g.opset >= 15 and g.chance(0.3):
        g.add("CastLike", [x, g.constant(np.zeros(1, target))])
    else:
        g.add("Cast", [x], to=helper.np_dtype_to_tensor_dtype(target))


@recipe("elementwise")
def where(g):
    since(g, 9)
    x = g.any()
    condition = g.any(dtypes=[np.bool_])
    if g.chance(0.5):
        condition = g.fresh([size if g.chance(0.7) else 1 for size in g.arrays[x].shape], np.bool_)
    g.add("Where", [condition, x, g.partner(x)])


@recipe("elementwise")
def dropout(g):
    x = g.real()
    if g.opset < 12:
        g.add("Dropout", [x], ratio=0.3)
    else:
        g.add("Dropout", [x], outputs=g.number(1, 2))


# MARK: Movement

@recipe("movement", 2)
def reshape(g):
    x = g.any()
    array = g.arrays[x]
    sizes, count = [], array.size
    if count == 0:
        g.add("Reshape", [x, g.integers([0] * array.ndim if array.ndim else [0])])
        return
    while count > 1 and len(sizes) < 4:
        size = g.choose([divisor for divisor in range(1, count + 1) if count % divisor == 0])
        sizes.append(size)
        count //= size
    sizes.append(count)
    if g.chance(0.3):
        sizes.insert(g.number(0, len(sizes)), 1)
    for axis, size in enumerate(sizes):
        if axis < array.ndim and array.shape[axis] == size and g.chance(0.5):
            sizes[axis] = 0
    if g.chance(0.5):
        sizes[g.number(0, len(sizes) - 1)] = -1
    attributes = {"allowzero": 1} if g.opset >= 14 and 0 not in sizes and g.chance(0.2) else {}
    g.add("Reshape", [x, g.integers(sizes)], **attributes)


@recipe("movement")
def flatten(g):
    x = g.any()
    rank = g.arrays[x].ndim
    g.add("Flatten", [x], axis=g.number(-rank if g.opset >= 11 else 0, rank))


def axes_form(g, kind, x, axes, version, **attributes):
    """A node whose axes are an attribute, or an operand from some version on."""
    if g.opset < version:
        return g.add(kind, [x], axes=axes, **attributes)
    return g.add(kind, [x, g.integers(axes)], **attributes)


@recipe("movement")
def squeeze(g):
    x = g.any(1)
    shape = g.arrays[x].shape
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    if not ones or g.chance(0.3):
        x = axes_form(g, "Unsqueeze", x, [g.number(0, len(shape))], 13)[0]
        shape = g.arrays[x].shape
        ones = [axis for axis, size in enumerate(shape) if size == 1]
    if g.chance(0.15):
        # Without axes only sizes that are fixed say how many axes remain.
        fixed = [name for name, one in g.inputs.items() if all(isinstance(size, int) for size in one.sizes)]
        if not fixed:
            raise Refused("no sizes that are fixed")
        g.add("Squeeze", [g.choose(fixed)])
        return
    chosen = [axis - len(shape) if g.opset >= 11 and g.chance(0.4) else axis for axis in ones if g.chance(0.7)] or [ones[0]]
    axes_form(g, "Squeeze", x, chosen, 13)


@recipe("movement")
def unsqueeze(g):
    x = g.any(0, 3)
    rank = g.arrays[x].ndim
    count = g.number(1, 2)
    axes = [int(axis) for axis in g.random.permutation(rank + count)[:count]]
    axes = [axis - rank - count if g.opset >= 11 and g.chance(0.4) else axis for axis in axes]
    axes_form(g, "Unsqueeze", x, axes, 13)


@recipe("movement", 3)
def transpose(g):
    x = g.any()
    rank = g.arrays[x].ndim
    if g.chance(0.15) or rank == 0:
        g.add("Transpose", [x])
    else:
        g.add("Transpose", [x], perm=[int(axis) for axis in g.random.permutation(rank)])


@recipe("movement", 2)
def concat(g):
    x = g.any(1)
    array = g.arrays[x]
    axis = g.axis(array.ndim)
    parts = []
    for _ in range(g.number(0, 2)):
        alike = [
            name for name, other in g.arrays.items()
            if other.ndim == array.ndim and other.dtype == array.dtype and name not in g.constants
            and all(a == b for place, (a, b) in enumerate(zip(other.shape, array.shape)) if place != axis % array.ndim)
        ]
        shape = list(array.shape)
        shape[axis] = g.size()
        parts.append(g.choose(alike) if alike and g.chance(0.6) else g.fresh(shape, array.dtype))
    parts.insert(g.number(0, len(parts)), x)
    g.add("Concat", parts, axis=axis)


@recipe("movement", 2)
def split(g):
    x = g.any(1)
    shape = g.arrays[x].shape
    axis = g.axis(len(shape))
    size = shape[axis]
    count = g.number(1, max(1, min(3, size)))
    cuts = sorted(int(cut) for cut in g.random.integers(0, size + 1, count - 1))
    sizes = [b - a for a, b in zip([0] + cuts, cuts + [size])]
    if g.chance(0.4) and g.opset >= 18:
        g.add("Split", [x], count, axis=axis, num_outputs=count)
    elif g.chance(0.3) and size % count == 0 and g.opset < 18:
        g.add("Split", [x], count, axis=axis)
    elif g.opset < 13:
        g.add("Split", [x], count, axis=axis, split=sizes)
    else:
        g.add("Split", [x, g.integers(sizes)], count, axis=axis)


@recipe("movement", 3)
def slice_(g):
    x = g.any(1)
    shape = g.arrays[x].shape
    axes = [int(axis) for axis in g.random.permutation(len(shape))[:g.number(1, len(shape))]]
    starts, ends, steps = [], [], []
    for axis in axes:
        size = shape[axis]
        step = g.choose([1, 1, 1, 2, 3, -1, -2]) if g.opset >= 10 else 1
        start, end = sorted([g.number(0, size), g.number(0, size)])
        if start == end and g.chance(0.9):
            start, end = 0, size
        if step < 0:
            start, end = end - 1, start - 1 if start > 0 else -size - 1 - g.number(0, 3)
            start = start if start >= 0 else 0
        else:
            start = start - size if start < size and g.chance(0.3) else start
            end = end - size if end < size and g.chance(0.3) else end + (g.choose([0, 5, 2**31, 2**63 - 1 - size]) if end == size else 0)
        starts.append(start), ends.append(end), steps.append(step)
    negative = [axis - len(shape) if g.opset >= 11 and g.chance(0.3) else axis for axis in axes]
    if g.opset < 10:
        g.add("Slice", [x], starts=starts, ends=ends, axes=axes)
    else:
        dtype = INT64 if max(ends) > 2**31 - 1 or g.chance(0.7) else np.int32
        operands = [g.integers(starts, dtype), g.integers(ends, dtype), g.integers(negative, dtype)]
        g.add("Slice", [x] + operands + ([g.integers(steps, dtype)] if steps != [1] * len(steps) or g.chance(0.3) else []))


@recipe("movement", 2)
def pad(g):
    mode = g.choose(["constant", "constant", "reflect", "edge", "wrap"])
    since(g, 19 if mode == "wrap" else 1)
    x = g.real(least=1) if g.opset < 13 or g.chance(0.75) else g.any(1)
    array = g.arrays[x]
    pads = []
    for _ in range(2):
        pads += [min(g.choose([0, 0, 1, 2]), size - 1 if mode in ["reflect", "wrap"] else 2) for size in array.shape]
    if mode == "constant" and g.chance(0.15):
        axis = g.number(0, len(pads) - 1)
        pads[axis] = -min(1, array.shape[axis % array.ndim] - 1)
    if g.opset < 11:
        g.add("Pad", [x], pads=pads, mode=mode, **({"value": 1.5} if g.chance(0.4) else {}))
        return
    value = g.constant(np.asarray(1, array.dtype)) if mode == "constant" and g.chance(0.5) else ""
    if g.opset >= 18 and g.chance(0.4):
        axes = [int(axis) for axis in g.random.permutation(array.ndim)[:g.number(1, array.ndim)]]
        chosen = [pads[axis] for axis in axes] + [pads[axis + array.ndim] for axis in axes]
        named = [axis - array.ndim if g.chance(0.4) else axis for axis in axes]
        g.add("Pad", [x, g.integers(chosen), value, g.integers(named)], mode=mode)
    else:
        g.add("Pad", [x, g.integers(pads)] + ([value] if value else []), mode=mode)


@recipe("movement")
def tile(g):
    x = g.any(1)
    g.add("Tile", [x, g.integers([g.choose([1, 1, 2, 3]) for _ in g.arrays[x].shape])])


@recipe("movement")
def expand(g):
    since(g, 8)
    x = g.any(0, 4)
    if g.chance(0.5) and g.arrays[x].ndim:
        x = g.fresh([size if g.chance(0.5) else 1 for size in g.arrays[x].shape], g.arrays[x].dtype, constant=0.2)
    shape = [g.size() if size == 1 else g.choose([1, size]) for size in g.arrays[x].shape]
    shape = [g.number(1, 3)] * g.number(0, 1) + shape
    g.add("Expand", [x, g.integers(shape[g.number(0, 1) * g.number(0, len(shape)):])])


def places(g, size, shape, constant=0.7):
    """Indices below a size, negative ones too where the operator set knows them."""
    if size == 0:
        raise Refused("nothing to look up")
    return g.fresh(shape, g.choose([np.int32, INT64]), -size if g.opset >= 11 else 0, size - 1, constant)


@recipe("movement", 2)
def gather(g):
    x = g.any(1)
    shape = g.arrays[x].shape
    axis = g.axis(len(shape))
    g.add("Gather", [x, places(g, shape[axis], g.shape(g.choose([0, 1, 1, 2])))], axis=axis)


@recipe("movement")
def gather_elements(g):
    since(g, 11)
    x = g.any(1)
    shape = list(g.arrays[x].shape)
    axis = g.axis(len(shape))
    size = shape[axis]
    shape[axis] = g.number(1, 4)
    g.add("GatherElements", [x, places(g, size, [g.number(1, one) if g.chance(0.3) and one else one for one in shape])], axis=axis)


@recipe("movement")
def gather_nd(g):
    since(g, 11)
    x = g.any(1, 4)
    shape = g.arrays[x].shape
    # The runtime takes leading sizes that differ, which the specification does not: they must stay equal.
    batch = g.number(0, len(shape) - 1) if g.opset >= 12 and g.chance(0.4) and g.symbols is None else 0
    count = g.number(1, len(shape) - batch)
    if 0 in shape:
        raise Refused("nothing to look up")
    leading = list(shape[:batch]) + g.shape(g.number(0, 2))
    high = np.array(shape[batch:batch + count])
    indices = g.random.integers(-high, high, (*leading, count))
    g.add("GatherND", [x, g.constant(indices)], **({"batch_dims": batch} if batch else {}))


@recipe("movement")
def scatter(g):
    x = g.any(1, 4, [np.float32, np.float64, np.int32, INT64, np.float16])
    array = g.arrays[x]
    if array.size == 0:
        raise Refused("nothing to change")
    reduction = g.choose(["none", "none"] + (["add", "mul"] if g.opset >= 16 else []) + (["min", "max"] if g.opset >= 18 else []))
    attributes = {"reduction": reduction} if reduction != "none" else {}
    if g.chance(0.5):
        axis = g.axis(array.ndim)
        shape = [g.number(1, size) for size in array.shape]
        size = array.shape[axis]

        def line(zeros):
            # Without a reduction an element must not be met twice.
            places = g.random.permutation(size)[:len(zeros)]
            return places - size * (g.random.random(len(zeros)) < 0.2) if g.opset >= 11 else places

        indices = np.apply_along_axis(line, axis, np.zeros(shape, INT64))
        g.add("ScatterElements" if g.opset >= 11 else "Scatter", [x, g.constant(indices), g.weights(shape, array.dtype)], axis=axis, **attributes)
    else:
        since(g, 11)
        count = g.number(1, array.ndim)
        cells = np.array(list(np.ndindex(*array.shape[:count])))
        chosen = cells[g.random.permutation(len(cells))[:g.number(1, min(5, len(cells)))]]
        chosen = chosen - np.where(g.random.random(chosen.shape) < 0.2, array.shape[:count], 0)
        g.add("ScatterND", [x, g.constant(chosen), g.weights([len(chosen), *array.shape[count:]], array.dtype)], **attributes)


@recipe("movement")
def depth(g):
    kind = g.choose(["DepthToSpace", "SpaceToDepth"])
    x = g.real(rank=4)
    _, channels, height, width = g.arrays[x].shape
    block = g.choose([1, 2, 2, 3])
    if kind == "DepthToSpace":
        if channels % block**2:
            x = g.fresh([g.number(1, 2), block**2 * g.number(1, 2), g.number(1, 4), g.number(1, 4)], constant=0.1)
        g.add(kind, [x], blocksize=block, **({"mode": "CRD"} if g.opset >= 11 and g.chance(0.5) else {}))
    else:
        if height % block or width % block:
            x = g.fresh([g.number(1, 2), g.number(1, 3), block * g.number(1, 3), block * g.number(1, 3)], constant=0.1)
        g.add(kind, [x], blocksize=block)


@recipe("movement")
def rarer(g):
    kind = g.choose(["Trilu", "ReverseSequence", "CenterCropPad", "Compress", "OneHot", "EyeLike", "NonZero", "Unique"])
    since(g, {"Trilu": 14, "ReverseSequence": 10, "CenterCropPad": 18, "OneHot": 11, "Unique": 11}.get(kind, 9))
    if kind == "Trilu":
        g.add(kind, [g.any(2)] + ([g.integers(g.number(-2, 2))] if g.chance(0.7) else []), upper=g.number(0, 1))
    elif kind == "ReverseSequence":
        x = g.any(2)
        first = g.number(0, 1)
        shape = g.arrays[x].shape
        if not shape[first]:
            raise Refused("nothing to reverse")
        g.add(kind, [x, g.fresh([shape[1 - first]], INT64, 1, shape[first])], time_axis=first, batch_axis=1 - first)
    elif kind == "CenterCropPad":
        x = g.any(1)
        rank = g.arrays[x].ndim
        axes = [int(axis) for axis in g.random.permutation(rank)[:g.number(1, rank)]]
        g.add(kind, [x, g.integers([g.size() for _ in axes])], axes=axes)
    elif kind == "Compress":
        if g.symbols:
            raise Refused("the list must not be longer than the axis")
        x = g.any(1)
        axis = g.axis(g.arrays[x].ndim)
        if g.chance(0.3):
            g.add(kind, [x, g.fresh([min(6, g.arrays[x].size)], np.bool_)])
        else:
            g.add(kind, [x, g.fresh([g.arrays[x].shape[axis]], np.bool_)], axis=axis)
    elif kind == "OneHot":
        depth = g.number(2, 5)
        dtype = g.choose([np.float32, np.int32, INT64])
        x = g.fresh(g.shape(g.number(1, 3)), INT64, -depth - 1, depth, 0.2)
        g.add(kind, [x, g.constant(np.array([depth], INT64)), g.constant(np.array([0, 1], dtype))], axis=g.axis(g.arrays[x].ndim + 1))
    elif kind == "EyeLike":
        g.add(kind, [g.any(2, 2)], k=g.number(-2, 2), **({"dtype": TensorProto.FLOAT} if g.chance(0.5) else {}))
    elif kind == "NonZero":
        g.add(kind, [g.any(1)])
    else:
        x = g.any(1)
        attributes = {"axis": g.axis(g.arrays[x].ndim)} if g.chance(0.5) else {}
        g.add(kind, [x], g.number(1, 4), sorted=g.number(0, 1), **attributes)


@recipe("movement")
def shapes(g):
    x = g.any()
    kind = g.choose(["Shape", "Size", "ConstantOfShape", "Range"])
    if kind == "Shape" and g.opset >= 15 and g.chance(0.5):
        g.add(kind, [x], start=g.number(-3, 2), end=g.number(-2, 4))
    elif kind in ["Shape", "Size"]:
        g.add(kind, [x])
    elif kind == "ConstantOfShape":
        since(g, 9)
        shape = g.add("Shape", [x])[0] if g.chance(0.6) else g.integers(g.shape())
        value = helper.make_tensor("value", TensorProto.FLOAT, [1], [1.25]) if g.chance(0.5) else helper.make_tensor("value", TensorProto.INT64, [1], [3])
        g.add(kind, [shape], **({"value": value} if g.chance(0.8) else {}))
    else:
        since(g, 11)
        dtype = g.choose([np.float32, np.int32, INT64])
        start, step = g.number(-3, 3), g.choose([1, 2, -1])
        limit = g.add("Size", [x])[0] if dtype == INT64 and g.arrays[x].size < 100 and g.chance(0.5) else g.constant(np.asarray(start + step * g.number(1, 6), dtype))
        g.add(kind, [g.constant(np.asarray(start, dtype)), limit, g.constant(np.asarray(step, dtype))])


# MARK: Spatial

def image(g, rank=None, least=1):
    """A value with channels and up to three spatial axes."""
    rank = rank or g.choose([3, 4, 4, 4, 5])

    def fits(array):
        return array.dtype == np.float32 and array.ndim == rank and all(size > 0 for size in array.shape) and array.shape[1] <= 16 and min(array.shape[2:]) >= least

    def make():
        sizes = [g.number(max(3, least), {3: 12, 4: 8, 5: 5}[rank]) for _ in range(rank - 2)]
        return g.input([g.number(1, 2), g.choose([1, 2, 3, 4, 6, 8])] + sizes, np.float32)

    return g.value(fits, make)


def window(g, sizes, dilates=True, largest_pad=2):
    """The attributes of a window that fits."""
    axes = len(sizes)
    kernel = [g.number(1, 3) for _ in sizes]
    attributes = {"kernel_shape": kernel}
    if g.chance(0.5):
        attributes["strides"] = [g.number(1, 3) for _ in sizes]
    dilations = [1] * axes
    if dilates and g.chance(0.25):
        dilations = attributes["dilations"] = [g.number(1, 2) for _ in sizes]
    mode = g.choose(["NOTSET", "pads", "pads", "none", "SAME_UPPER", "SAME_LOWER", "VALID"])
    pads = [0] * (2 * axes)
    if mode == "pads":
        pads = attributes["pads"] = [min(g.choose([0, 1, 1, 2]), largest_pad, (kernel[place % axes] - 1) if largest_pad == 1 else 2) for place in range(2 * axes)]
    elif mode != "none":
        attributes["auto_pad"] = mode
    if not mode.startswith("SAME"):
        for axis, size in enumerate(sizes):
            if size + pads[axis] + pads[axis + axes] < (kernel[axis] - 1) * dilations[axis] + 1:
                raise Refused("the window is too large")
    return attributes


@recipe("spatial", 5)
def conv(g):
    x = image(g)
    _, channels, *sizes = g.arrays[x].shape
    attributes = window(g, sizes)
    groups = g.choose([1, 1, channels, g.choose([one for one in range(1, channels + 1) if channels % one == 0])])
    outputs = groups * g.choose([1, 1, 2, 3])
    weights = g.weights([outputs, channels // groups] + attributes["kernel_shape"], np.float32, -1, 1)
    if g.chance(0.4):
        del attributes["kernel_shape"]
    if groups > 1:
        attributes["group"] = groups
    g.add("Conv", [x, weights] + ([g.weights([outputs])] if g.chance(0.6) else []), **attributes)


@recipe("spatial", 2)
def conv_transpose(g):
    x = image(g, g.choose([3, 4, 4, 4, 5]))
    _, channels, *sizes = g.arrays[x].shape
    attributes = window(g, sizes)
    strides = attributes.get("strides", [1] * len(sizes))
    if g.chance(0.25):
        attributes["output_padding"] = [g.number(0, max(0, stride - 1)) for stride in strides]
    elif g.chance(0.15) and "pads" not in attributes:
        attributes["output_shape"] = [size * stride + g.number(0, 1) for size, stride in zip(sizes, strides)]
    groups = g.choose([1, 1, g.choose([one for one in range(1, channels + 1) if channels % one == 0])])
    outputs = g.choose([1, 2, 3])
    weights = g.weights([channels, outputs] + attributes["kernel_shape"], np.float32, -1, 1)
    if groups > 1:
        attributes["group"] = groups
    g.add("ConvTranspose", [x, weights] + ([g.weights([outputs * groups])] if g.chance(0.6) else []), **attributes)


@recipe("spatial", 3)
def pool(g):
    x = image(g)
    kind = g.choose(["MaxPool", "AveragePool", "LpPool"])
    dilates = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[kind] <= g.opset
    attributes = window(g, g.arrays[x].shape[2:], dilates, largest_pad=1)
    if attributes.get("auto_pad", "").startswith("SAME"):
        # The runtime forgets the dilation when it derives the padding of a pooling, against the specification.
        attributes.pop("dilations", None)
    if g.chance(0.3) and g.opset >= {"MaxPool": 10, "AveragePool": 10, "LpPool": 18}[kind]:
        attributes["ceil_mode"] = 1
    if kind == "AveragePool" and g.chance(0.4):
        attributes["count_include_pad"] = 1
    if kind == "LpPool" and g.chance(0.5):
        attributes["p"] = g.number(1, 3)
    if kind == "MaxPool" and g.opset >= 8 and g.chance(0.15):
        _, positions = g.add("MaxPool", [x], 2, **attributes, **({"storage_order": 1} if g.chance(0.3) else {}))
        return
    g.add(kind, [x], **attributes)


@recipe("spatial")
def unpool(g):
    since(g, 9)
    x = image(g, 4, 2)
    y, positions = g.add("MaxPool", [x], 2, kernel_shape=[2, 2], strides=[2, 2])
    g.add("MaxUnpool", [y, positions], kernel_shape=[2, 2], strides=[2, 2])


@recipe("spatial")
def global_pool(g):
    g.add(g.choose(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"]), [image(g)])


@recipe("spatial", 2)
def batch_normalization(g):
    x = image(g) if g.chance(0.8) else g.real(least=2)
    if g.arrays[x].ndim < 2 or g.arrays[x].dtype != np.float32:
        raise Refused("no channels")
    channels = g.arrays[x].shape[1]
    parameters = [g.weights([channels]) for _ in range(3)] + [g.weights([channels], np.float32, 0.1, 2)]
    g.add("BatchNormalization", [x] + parameters, **({"epsilon": 0.01} if g.chance(0.5) else {}))


@recipe("spatial")
def other_normalization(g):
    x = image(g)
    channels = g.arrays[x].shape[1]
    kind = g.choose(["InstanceNormalization", "LRN", "GroupNormalization", "MeanVarianceNormalization"])
    if kind == "InstanceNormalization":
        if np.prod(g.arrays[x].shape[2:]) < 2:
            raise Refused("one element less its mean is nothing but rounding")
        g.add(kind, [x, g.weights([channels]), g.weights([channels])])
    elif kind == "LRN":
        g.add(kind, [x], size=g.choose([1, 3, 5]), **({"alpha": 0.5, "beta": 0.6, "bias": 2.0} if g.chance(0.5) else {}))
    elif kind == "GroupNormalization":
        since(g, 18)
        groups = g.choose([one for one in range(1, channels + 1) if channels % one == 0])
        count = channels if g.opset >= 21 else groups
        g.add(kind, [x, g.weights([count]), g.weights([count])], num_groups=groups)
    else:
        since(g, 9)
        g.add(kind, [x], axes=[0, 2, 3][:g.number(2, g.arrays[x].ndim - 1)])


@recipe("spatial", 2)
def resize(g):
    x = image(g, g.choose([3, 4, 4, 4, 5]))
    shape = g.arrays[x].shape
    scales = [1.0, 1.0] + [g.choose([0.5, 0.6, 1.0, 1.5, 2.0, 3.0]) for _ in shape[2:]]
    mode = g.choose(["nearest", "linear"] + (["cubic"] if g.opset >= 11 and len(shape) == 4 else []))
    if g.opset < 10:
        scales = [max(1.0, scale) for scale in scales]
        if g.opset < 9:
            g.add("Upsample", [x], mode=mode, scales=scales)
        else:
            g.add("Upsample", [x, g.constant(np.array(scales, np.float32))], mode=mode)
        return
    stored = g.constant(np.array(scales, np.float32))
    if g.opset == 10:
        g.add("Resize", [x, stored], mode=mode)
        return
    attributes = {"mode": mode}
    if g.chance(0.7):
        attributes["coordinate_transformation_mode"] = g.choose(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])
    if mode == "nearest" and g.chance(0.5):
        attributes["nearest_mode"] = g.choose(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    if mode == "cubic" and g.chance(0.5):
        attributes["cubic_coeff_a"] = -0.5
        attributes["exclude_outside"] = g.number(0, 1)
    region = "" if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
    if g.chance(0.4):
        sizes = list(shape[:2]) + [g.number(1, 9) for _ in shape[2:]]
        g.add("Resize", [x, region, "" if g.opset >= 13 else g.constant(np.zeros(0, np.float32)), g.integers(sizes)], **attributes)
    else:
        g.add("Resize", [x, region, stored], **attributes)


@recipe("spatial")
def sampling(g):
    x = image(g, 4)
    batch, _, height, width = g.arrays[x].shape
    kind = g.choose(["GridSample", "RoiAlign", "Col2Im"])
    if kind == "GridSample":
        since(g, 16)
        mode = g.choose(["bilinear", "nearest", "bicubic"] if g.opset < 20 else ["linear", "nearest", "cubic"])
        grid = g.fresh([batch, g.number(1, 4), g.number(1, 4), 2], np.float32, -1.3, 1.3)
        g.add(kind, [x, grid], mode=mode, padding_mode=g.choose(["zeros", "border", "reflection"]), align_corners=g.number(0, 1))
    elif kind == "RoiAlign":
        since(g, 10)
        count = g.number(1, 3)
        low = g.random.uniform(0, 2, (count, 2))
        boxes = np.concatenate([low, low + g.random.uniform(0.5, 4, (count, 2))], 1).astype(np.float32)
        g.add(kind, [x, g.constant(boxes), g.constant(g.random.integers(0, batch, count))], output_height=2, output_width=3, sampling_ratio=g.number(0, 2))
    else:
        since(g, 18)
        blocks = (5 - 1) * (4 - 1)
        columns = g.fresh([batch, 2 * 4, blocks], np.float32, constant=0.2)
        g.add(kind, [columns, g.constant(np.array([5, 4])), g.constant(np.array([2, 2]))])


# MARK: Linear

@recipe("linear", 4)
def matmul(g):
    x = g.real(least=1, dtypes=[np.float32, np.float32, np.float64, np.float16])
    array = g.arrays[x]
    shape = [array.shape[-1]] + ([g.size()] if g.chance(0.9) else [])
    if len(shape) == 2 and array.ndim > 2 and g.chance(0.4):
        shape = [size if g.chance(0.7) else 1 for size in array.shape[:-2]][g.number(0, array.ndim - 2):] + shape
    other = g.weights(shape, array.dtype) if g.chance(0.7) else g.input(shape, array.dtype)
    if g.chance(0.15) and array.ndim >= 2:
        g.add("MatMul", [g.fresh([g.size(), array.shape[-2]], array.dtype), x])
    else:
        g.add("MatMul", [x, other])


@recipe("linear", 3)
def gemm(g):
    x = g.real(rank=2, dtypes=[np.float32, np.float32, np.float64])
    array = g.arrays[x]
    attributes = {name: value for name, value in [("transA", 1), ("transB", 1), ("alpha", 0.5), ("beta", 1.5)] if g.chance(0.3)}
    rows, inner = array.shape[::-1] if "transA" in attributes else array.shape
    columns = g.number(1, 8)
    weights = g.weights([columns, inner] if "transB" in attributes else [inner, columns], array.dtype)
    bias = [g.weights(g.choose([[columns], [1], [rows, columns], [rows, 1], [1, columns], []]), array.dtype)] if g.opset < 11 or g.chance(0.7) else []
    g.add("Gemm", [x, weights] + bias, **attributes)


@recipe("linear")
def einsum(g):
    since(g, 12)
    # A size of 1 that meets another one is repeated by the runtime alone.
    x = g.real(rank=3, dtypes=[np.float32]) if g.symbols is None else g.constant(g.elements(np.float32)((2, 3, 4), g.random))
    a, b, c = g.arrays[x].shape
    equation, shape = g.choose([
        ("abc,cd->abd", [c, 3]), ("abc,adc->abd", [a, 4, c]), ("abc->cab", None), ("abc,abc->ab", [a, b, c]), ("abc,bd->acd", [b, 2]),
        ("abc->b", None), ("abc,dc", [2, c]), ("...c,cd->...d", [c, 2]), ("abc,acd->abd", [a, c, 3]),
    ])
    g.add("Einsum", [x] + ([g.weights(shape)] if shape else []), equation=equation)


@recipe("linear")
def integer_matmul(g):
    since(g, 10)
    a, b = g.choose([np.uint8, np.int8]), g.choose([np.uint8, np.int8])
    rows, inner, columns = g.number(1, 4), g.number(1, 6), g.number(1, 4)
    x = g.input([g.number(1, 2), rows, inner], a, *((0, 255) if a == np.uint8 else (-128, 127)))
    w = g.weights([inner, columns], b, *((0, 255) if b == np.uint8 else (-128, 127)))
    if g.chance(0.5):
        g.add("MatMulInteger", [x, w] + ([g.constant(np.asarray(3, a)), g.constant(np.asarray(2, b))] if g.chance(0.6) else []))
        return
    parameters = [g.constant(np.float32(0.1)), g.constant(np.asarray(3, a)), w, g.constant(np.float32(0.05)), g.constant(np.asarray(1, b)), g.constant(np.float32(0.2)), g.constant(np.asarray(5, a))]
    g.add("QLinearMatMul", [x] + parameters)


@recipe("linear")
def integer_convolution(g):
    since(g, 10)
    a, b = g.choose([(np.uint8, np.int8), (np.uint8, np.uint8), (np.int8, np.int8)])
    channels, outputs = g.number(1, 4), g.number(1, 4)
    x = g.input([1, channels, 5, 4], a, *((0, 255) if a == np.uint8 else (-128, 127)))
    attributes = window(g, [5, 4], largest_pad=1)
    w = g.constant(g.elements(b, *((100, 150) if b == np.uint8 else (-100, 100)))((outputs, channels, *attributes["kernel_shape"]), g.random))
    if g.chance(0.4):
        g.add("ConvInteger", [x, w, g.constant(np.asarray(3, a)), g.constant(np.asarray(2, b))], **attributes)
        return
    scales = np.full(outputs, 0.05, np.float32) if g.chance(0.5) else np.float32(0.05)
    zeros = np.zeros(outputs, b) if isinstance(scales, np.ndarray) else np.asarray(0, b)
    bias = [g.constant(g.random.integers(-500, 500, outputs).astype(np.int32))] if g.chance(0.5) else []
    g.add("QLinearConv", [x, g.constant(np.float32(0.1)), g.constant(np.asarray(3, a)), w, g.constant(scales), g.constant(zeros), g.constant(np.float32(0.7)), g.constant(np.asarray(4, a))] + bias, **attributes)


# MARK: Reductions

@recipe("reduction", 4)
def reduce(g):
    kind = g.choose(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", "ReduceLogSum"])
    x = g.real() if g.chance(0.8) else g.any(dtypes=[np.int32, INT64, np.int8, np.uint8])
    if kind == "ReduceLogSum":
        x = g.add("Add", [g.add("Abs", [x])[0], g.constant(np.asarray(1, g.arrays[x].dtype))])[0]
    if g.arrays[x].size == 0:
        raise Refused("what remains of nothing is not defined")
    rank = g.arrays[x].ndim
    axes = [int(axis) for axis in g.random.permutation(rank)[:g.number(0, rank)]]
    axes = [axis - rank if g.opset >= 11 and g.chance(0.3) else axis for axis in axes]
    attributes = {"keepdims": g.number(0, 1)} if g.chance(0.7) else {}
    version = 13 if kind == "ReduceSum" else 18
    if g.opset >= version and g.chance(0.1):
        attributes["noop_with_empty_axes"] = 1
    if not axes:
        g.add(kind, [x], **attributes)
    else:
        axes_form(g, kind, x, axes, version, **attributes)


@recipe("reduction", 2)
def softmax(g):
    kind = g.choose(["Softmax", "LogSoftmax", "Hardmax", "LpNormalization"])
    x = g.real(least=1)
    axis = g.axis(g.arrays[x].ndim)
    attributes = {"axis": axis} if g.chance(0.8) else {}
    if kind == "LpNormalization" and g.chance(0.5):
        attributes["p"] = 1
    g.add(kind, [x], **attributes)


@recipe("reduction", 2)
def arg(g):
    kind = g.choose(["ArgMax", "ArgMin", "TopK", "CumSum"])
    x = g.real(least=1) if g.chance(0.7) else g.any(1, dtypes=[np.int32, INT64, np.int8, np.uint8])
    shape = g.arrays[x].shape
    axis = g.axis(len(shape))
    if kind == "TopK":
        k = g.number(1, max(1, shape[axis]))
        if g.opset < 10:
            g.add(kind, [x], 2, axis=axis, k=k)
        else:
            g.add(kind, [x, g.integers([k])], 2, axis=axis, **({"largest": g.number(0, 1)} if g.opset >= 11 else {}))
    elif kind == "CumSum":
        since(g, 11)
        g.add(kind, [x, g.constant(np.asarray(axis, g.choose([np.int32, INT64])))], exclusive=g.number(0, 1), reverse=g.number(0, 1))
    else:
        attributes = {"select_last_index": 1} if g.opset >= 12 and g.chance(0.3) else {}
        g.add(kind, [x], axis=axis, keepdims=g.number(0, 1), **attributes)


@recipe("reduction")
def layer_normalization(g):
    since(g, 17)
    x = g.real(least=1, dtypes=[np.float32, np.float64])
    array = g.arrays[x]
    axis = g.axis(array.ndim)
    shape = array.shape[axis:] if axis < 0 else array.shape[axis:]
    g.add("LayerNormalization", [x, g.weights(shape, array.dtype)] + ([g.weights(shape, array.dtype)] if g.chance(0.6) else []), axis=axis)


# MARK: Others

@recipe("other")
def quantize(g):
    since(g, 10)
    x = g.real(least=1, dtypes=[np.float32])
    kind = g.choose([np.uint8, np.int8] + ([np.int16, np.uint16] if g.opset >= 21 else []))
    shape = g.arrays[x].shape
    if g.opset >= 13 and g.chance(0.4):
        axis = g.axis(len(shape))
        scale, zero = np.full(shape[axis], 0.05, np.float32) + 0.01 * np.arange(shape[axis], dtype=np.float32), np.full(shape[axis], 3, kind)
        attributes = {"axis": axis}
    else:
        scale, zero, attributes = np.float32(0.03), np.asarray(7, kind), {}
    scale, zero = g.constant(scale), g.constant(zero)
    (q,) = g.add("QuantizeLinear", [x, scale, zero], **attributes)
    if g.chance(0.8):
        g.add("DequantizeLinear", [q, scale, zero], **attributes)


@recipe("other")
def dynamic_quantize(g):
    since(g, 11)
    g.add("DynamicQuantizeLinear", [g.real(least=1, dtypes=[np.float32])], 3)


@recipe("other", 2)
def recurrent(g):
    kind, gates = g.choose([("LSTM", 4), ("GRU", 3), ("RNN", 1)])
    x = g.real(rank=3, dtypes=[np.float32])
    length, batch, inputs = g.arrays[x].shape
    direction = g.choose(["forward", "reverse", "bidirectional"])
    count, hidden = 2 if direction == "bidirectional" else 1, g.number(1, 4)
    operands = [x, g.weights([count, gates * hidden, inputs], np.float32, -1, 1), g.weights([count, gates * hidden, hidden], np.float32, -1, 1)]
    if g.chance(0.6):
        operands.append(g.weights([count, 2 * gates * hidden]))
        if g.chance(0.4):
            operands.append("")
            operands += [g.fresh([count, batch, hidden])] * (2 if kind == "LSTM" else 1)
    attributes = {"linear_before_reset": 1} if kind == "GRU" and g.chance(0.5) else {}
    g.add(kind, operands, 3 if kind == "LSTM" else 2, direction=direction, hidden_size=hidden, **attributes)


def body(name, inputs, nodes, outputs):
    values = [helper.make_tensor_value_info(value, kind, shape) for value, kind, shape in inputs]
    return helper.make_graph([helper.make_node(kind, inputs, outputs, **dict(*attributes)) for kind, inputs, outputs, *attributes in nodes], name, values, [helper.make_empty_tensor_value_info(value) for value in outputs])


@recipe("other")
def branch(g):
    since(g, 11)
    x = g.real(dtypes=[np.float32])
    condition = g.fresh([], np.bool_)
    first, second = g.name("t"), g.name("e")
    g.add("If", [condition], captured=[x], then_branch=body("then", [], [("Tanh", [x], [first])], [first]), else_branch=body("else", [], [("Neg", [x], [second])], [second]))


@recipe("other")
def windows_in_bodies(g):
    since(g, 11)
    x = image(g)
    shape = g.arrays[x].shape
    channels, axes = shape[1], len(shape) - 2
    same = {"pads": [1] * (2 * axes)}
    kernels = [g.weights([channels, channels] + [3] * axes, np.float32, -1, 1) for _ in range(2)]
    i, c, s, go, a, b, n = (g.name("w") for _ in range(7))
    if g.chance(0.5):
        condition = g.fresh([], np.bool_)
        g.add("If", [condition], captured=[x] + kernels,
              then_branch=body("then", [], [("Conv", [x, kernels[0]], [a], same), ("HardSigmoid", [a], [s])], [s]),
              else_branch=body("else", [], [("Conv", [x, kernels[1]], [b], same), ("Relu", [b], [n])], [n]))
    else:
        graph = body(
            "body", [(i, TensorProto.INT64, []), (c, TensorProto.BOOL, []), (s, TensorProto.FLOAT, [None] * (axes + 2) if g.symbols else list(shape))],
            [("Identity", [c], [go]), ("Conv", [s, kernels[0]], [a], same), ("Tanh", [a], [b]), ("Add", [b, x], [n])], [go, n])
        g.add("Loop", [g.constant(np.array(g.number(1, 3))), "", x], 1, captured=[x, kernels[0]], body=graph)


@recipe("other")
def loop(g):
    since(g, 11)
    x = g.real(dtypes=[np.float32])
    array = g.arrays[x]
    # What a body that never runs would stack has the sizes that its type says: they must not change.
    least = 1 if g.symbols else 0
    count = g.constant(np.array(g.number(least, 3))) if g.chance(0.8) else g.input([], INT64, least, 3)
    i, c, s, go, n, scan = (g.name("b") for _ in range(6))
    shape = [None] * array.ndim if g.symbols else list(array.shape)
    graph = body(
        "body", [(i, TensorProto.INT64, []), (c, TensorProto.BOOL, []), (s, TensorProto.FLOAT, shape)],
        [("Identity", [c], [go]), ("Sin", [s], [scan]), ("Add", [scan, x], [n])], [go, n, scan])
    g.add("Loop", [count, "", x], 2, captured=[x], body=graph)


@recipe("other")
def determinant(g):
    since(g, 11)
    size = g.number(1, 4)
    g.add("Det", [g.fresh(g.shape(g.number(0, 2)) + [size, size], constant=0.1)])


@recipe("other")
def fourier(g):
    since(g, 17)
    signal = g.fresh([g.number(1, 2), g.number(2, 8), g.number(1, 2)], constant=0.1)
    if g.opset < 20:
        g.add("DFT", [signal], axis=1, **({"onesided": 1} if g.arrays[signal].shape[-1] == 1 and g.chance(0.5) else {}))
    else:
        g.add("DFT", [signal, "", g.constant(np.int64(1))])


# MARK: Patterns that passes know

@recipe("patterns")
def gelu(g):
    since(g, 9)
    x = g.real(dtypes=[np.float32])
    root = g.constant(np.float32(np.sqrt(2)))
    (scaled,) = g.add("Div", [x, root]) if g.chance(0.5) else g.add("Mul", [x, g.constant(np.float32(1 / np.sqrt(2)))])
    (bell,) = g.add("Erf", [scaled])
    (plus,) = g.add("Add", [bell, g.constant(np.float32(1))])
    if g.chance(0.5):
        g.add("Mul", [g.add("Mul", [x, plus])[0], g.constant(np.float32(0.5))])
    else:
        g.add("Mul", [g.add("Mul", [x, g.constant(np.float32(0.5))])[0], plus])


@recipe("patterns")
def swish(g):
    x = g.real(dtypes=[np.float32])
    pair = [x, g.add(g.choose(["Sigmoid", "HardSigmoid"]), [x])[0]]
    g.add("Mul", pair if g.chance(0.5) else pair[::-1])


@recipe("patterns")
def normalization(g):
    x = g.real(least=1, dtypes=[np.float32])
    last = g.arrays[x].shape[-1]
    reduce_mean = lambda value: axes_form(g, "ReduceMean", value, [g.choose([-1, g.arrays[value].ndim - 1]) if g.opset >= 11 else g.arrays[value].ndim - 1], 18)[0]
    (centred,) = g.add("Sub", [x, reduce_mean(x)])
    square = g.add("Pow", [centred, g.constant(np.float32(2))])[0] if g.chance(0.6) else g.add("Mul", [centred, centred])[0]
    (deviation,) = g.add("Sqrt", g.add("Add", [reduce_mean(square), g.constant(np.float32(1e-3))]))
    (result,) = g.add("Div", [centred, deviation])
    if g.chance(0.7):
        g.add("Add", [g.add("Mul", [result, g.weights([last])])[0], g.weights([last])])


@recipe("patterns", 3)
def block(g):
    """A convolution, perhaps padded before, and what is usually behind it."""
    x = image(g, 4)
    if g.chance(0.3) and g.opset >= 11:
        x = g.add("Pad", [x, g.integers([0, 0, g.number(0, 2), g.number(0, 2), 0, 0, g.number(0, 2), g.number(0, 2)])])[0]
    g_conv = conv
    before = len(g.nodes)
    g_conv(g)
    y = g.nodes[-1].output[0]
    channels = g.arrays[y].shape[1]
    rank = g.arrays[y].ndim
    tail = [1] * (rank - 2)
    for _ in range(g.number(0, 2)):
        kind = g.choose(["BatchNormalization", "Mul", "Add", "Relu", "Clip", "Sub", "Div"])
        if kind == "BatchNormalization":
            y = g.add(kind, [y] + [g.constant(g.elements(np.float32)((channels,), g.random)) for _ in range(3)] + [g.constant(g.elements(np.float32, 0.2, 2)((channels,), g.random))])[0]
        elif kind == "Relu":
            y = g.add(kind, [y])[0]
        elif kind == "Clip":
            y = g.add(kind, [y], min=0.0, max=6.0)[0] if g.opset < 11 else g.add(kind, [y, g.constant(np.float32(0)), g.constant(np.float32(6))])[0]
        else:
            shape = g.choose([[channels] + tail, [1, channels] + tail, [], [1] * rank])
            other = g.constant(g.elements(np.float32, 0.5, 2)(tuple(shape), g.random))
            y = g.add(kind, [y, other] if g.chance(0.7) else [other, y])[0]


@recipe("patterns", 2)
def dense(g):
    x = g.real(least=2, dtypes=[np.float32])
    columns = g.number(1, 8)
    (y,) = g.add("MatMul", [x, g.constant(g.elements(np.float32)((g.arrays[x].shape[-1], columns), g.random))])
    (y,) = g.add("Add", [y, g.constant(g.elements(np.float32)(tuple(g.choose([[columns], [1, columns], [1]])), g.random))])
    if g.chance(0.6):
        g.add(g.choose(["Relu", "Sigmoid", "Tanh"]), [y])


@recipe("patterns")
def residual(g):
    x = g.real(dtypes=[np.float32])
    (y,) = g.add(g.choose(["Relu", "Tanh", "Neg", "Identity"]), [x])
    g.add("Add", [x, y] if g.chance(0.5) else [y, x])


@recipe("patterns")
def there_and_back(g):
    x = g.any(2)
    order = g.random.permutation(g.arrays[x].ndim)
    (y,) = g.add("Transpose", [x], perm=[int(axis) for axis in order])
    if g.arrays[y].dtype == np.float32 and g.chance(0.6):
        (y,) = g.add(g.choose(["Relu", "Sigmoid", "Softmax"]), [y])
    g.add("Transpose", [y], perm=[int(axis) for axis in np.argsort(order)])


@recipe("patterns")
def attention(g):
    x = g.real(rank=3, dtypes=[np.float32])
    _, length, width = g.arrays[x].shape
    query, key, value = (g.add("MatMul", [x, g.weights([width, 4])])[0] for _ in range(3))
    (turned,) = g.add("Transpose", [key], perm=[0, 2, 1])
    (scores,) = g.add("MatMul", [query, turned])
    (scaled,) = g.add("Mul", [scores, g.constant(np.float32(0.5))])
    (weights,) = g.add("Softmax", [scaled], axis=2)
    g.add("MatMul", [weights, value])
