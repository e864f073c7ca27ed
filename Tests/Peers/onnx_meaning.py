"""What ONNX operators mean: whether their results are exact, and where no result is the right one."""
import numpy as np

# Operators whose results are exact, given their operands.
EXACT = set(
    """Abs And ArgMax ArgMin BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil CenterCropPad Clip Compress Concat Constant
    ConstantOfShape DepthToSpace Dropout Equal Expand EyeLike Flatten Floor Gather GatherElements GatherND Greater GreaterOrEqual
    GlobalMaxPool Hardmax Identity IsInf IsNaN Less LessOrEqual Max MaxPool MaxUnpool Min Neg NonZero Not OneHot Or Pad ReduceMax ReduceMin Relu
    Reshape ReverseSequence Round Scatter ScatterElements ScatterND Shape Sign Size Slice SpaceToDepth Split Squeeze Tile TopK
    Transpose Trilu Unique Unsqueeze Where Xor""".split()
)
# A few units in the last place.
NOISE = {np.dtype(np.float16): 2.0**-10, np.dtype(np.float32): 2.0**-22, np.dtype(np.float64): 2.0**-50}


def attributes(node):
    """The integers among the attributes of a node, and its text."""
    found = {}
    for attribute in node.attribute:
        if attribute.ints:
            found[attribute.name] = list(attribute.ints)
        elif attribute.s:
            found[attribute.name] = attribute.s.decode()
        else:
            found[attribute.name] = attribute.i
    return found


def reduced_axes(node, operands):
    """The axes of a reduction as numpy takes them."""
    given = attributes(node)
    axes = given.get("axes", operands[1] if len(operands) > 1 and operands[1] is not None else ())
    if len(axes):
        return tuple(int(axis) for axis in axes)
    return () if given.get("noop_with_empty_axes") else None


def rounded(nodes, known=()):
    """The names of the results in which some operator has rounded."""
    names = set(known)
    for node in nodes:
        if node.op_type not in EXACT or any(name in names for name in node.input):
            names.update(name for name in node.output if name)
    return names


def undefined(node, arrays, rounded_names):
    """Why what the runtime gives for a node need not be right, None if it must be; `arrays` are its operands and results."""
    operands = [arrays.get(name) for name in node.input]
    results = [arrays.get(name) for name in node.output]
    kind, x = node.op_type, operands[0] if operands else None
    if kind in ["ReduceMean", "GlobalAveragePool"] and x.size == 0 < results[0].size:
        return "the mean of nothing"
    if kind == "Concat":
        axis = attributes(node)["axis"] % x.ndim
        if len({(*one.shape[:axis], *one.shape[axis + 1:]) for one in operands}) > 1:
            return "parts of other sizes, which the runtime leaves out if they have no elements"
    given = attributes(node)
    if given.get("auto_pad", "").startswith("SAME") and any(gap != 1 for gap in given.get("dilations", [])):
        return "a window with gaps, for which the runtime takes no auto_pad"
    if kind in ["MaxPool", "AveragePool", "LpPool"]:
        return undefined_window(attributes(node), x.shape[2:])
    if kind in ["ReduceSum", "ReduceProd", "ReduceL1", "ReduceSumSquare"] and x.dtype.kind in "iu":
        # The runtime computes some in real numbers, so that they do not wrap around.
        numbers = np.abs(x.astype(np.float64)) ** (2 if kind == "ReduceSumSquare" else 1)
        reduce = np.prod if kind == "ReduceProd" else np.sum
        if np.any(reduce(numbers, axis=reduced_axes(node, operands)) > np.iinfo(x.dtype).max):
            return "an integer beyond its type"
    if kind == "PRelu" and np.broadcast_shapes(x.shape, operands[1].shape) != x.shape:
        return "a slope that makes the result larger than the input"
    if kind in ["ScatterND", "ScatterElements", "Scatter"] and attributes(node).get("reduction", "none") == "none" and repeats(node, *operands[:2]):
        return "several updates of one place"
    if kind == "MeanVarianceNormalization":
        axes = [axis % x.ndim if -x.ndim <= axis < x.ndim else None for axis in attributes(node).get("axes") or [0, 2, 3]]
        if None in axes or len(set(axes)) < len(axes):
            return "axes that are not there, or twice"
        if x.size and np.min(np.var(x.astype(np.float64), axis=tuple(axes))) < 1e-9:
            return "a division by a deviation of 0"
    if kind in ["GroupNormalization", "LayerNormalization"] and x.dtype == np.float64:
        return "the runtime keeps statistics in 32 bits"
    if kind == "GroupNormalization" and any(one.shape != operands[1].shape or one.ndim != 1 for one in operands[1:]):
        return "parameters that are no lists"
    if kind in ["RNN", "GRU", "LSTM"] and any(one.name == "clip" and one.f <= 0 for one in node.attribute):
        return "a bound that is not positive"
    if kind == "GatherND":
        batch = attributes(node).get("batch_dims", 0)
        if x.shape[:batch] != operands[1].shape[:batch]:
            return "batches of other sizes"
    if any(one.name in ("to", "output_dtype") and one.i in range(17, 21) for one in node.attribute):
        return "numbers of 8 bits, which NumPy does not have"
    if kind in ["Cast", "CastLike"] and x.dtype in NOISE and results[0].dtype.kind in "iu":
        limits = np.iinfo(results[0].dtype)
        if not np.all((x.astype(np.float64) > limits.min - 1.0) & (x.astype(np.float64) < limits.max + 1.0)):
            return "a number that the integers do not have"
    if kind in ["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"]:
        if operands[1].shape != (*x.shape[:1], *x.shape[2:]):
            return "classes of other samples"
        ignored = [one.i for one in node.attribute if one.name == "ignore_index"]
        if np.any(((operands[1] < 0) | (operands[1] >= x.shape[1])) & ~np.isin(operands[1], ignored)):
            return "a class that is not there"
    if kind == "Celu" and next((one.f for one in node.attribute if one.name == "alpha"), 1) == 0:
        return "a division by an alpha of 0"
    if kind == "TopK" and attributes(node).get("sorted", 1) != 1:
        return "the order of what is not sorted"
    if kind == "Compress" and operands[1].size > (x.shape[attributes(node)["axis"]] if "axis" in attributes(node) else x.size):
        return "conditions of no elements"
    if kind == "STFT" and len(operands) > 2 and operands[2] is not None and operands[2].ndim != 1:
        return "a window of several axes"
    if kind == "DFT" and x.dtype == np.float64:
        return "the runtime turns numbers of 64 bits by angles of 32"
    if kind.endswith("Window") and results[0].dtype.kind in "iu":
        return "a window of integers, whose greatest number is 1 but for rounding"
    if kind == "HardSwish" and x.dtype == np.float64:
        return "the runtime takes 1/6 in 32 bits"
    if kind in ["ArgMax", "ArgMin"] and x.dtype in NOISE and node.input[0] in rounded_names and x.size:
        numbers = np.sort(x.astype(np.float64), attributes(node).get("axis", 0))
        numbers = np.moveaxis(numbers, attributes(node).get("axis", 0), 0)
        if len(numbers) > 1:
            apart = numbers[-1] - numbers[-2] if kind == "ArgMax" else numbers[1] - numbers[0]
            if np.min(apart) <= 16 * NOISE[x.dtype] * np.max(np.abs(numbers)):
                return "places of numbers that are equal but for rounding"
    return None


def repeats(node, data, indices):
    """Whether indices name a place twice."""
    if node.op_type == "ScatterND":
        places = (indices % np.array(data.shape[: indices.shape[-1]], np.int64)).reshape(-1, indices.shape[-1])
    else:
        axis = attributes(node).get("axis", 0) % data.ndim
        places = np.array(np.indices(indices.shape).reshape(data.ndim, -1))
        places[axis] = indices.ravel() % data.shape[axis]
        places = places.T
    return len(np.unique(places, axis=0)) < len(places)


def undefined_window(attributes, sizes):
    """Why the results of a pooling over axes of these sizes are not defined, None if they are."""
    kernel, count = attributes["kernel_shape"], len(sizes)
    strides, dilations = attributes.get("strides", [1] * count), attributes.get("dilations", [1] * count)
    pads = attributes.get("pads", [0] * (2 * count))
    for axis, size in enumerate(sizes):
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        if not attributes.get("auto_pad", "NOTSET").startswith("SAME"):
            if extent > size + pads[axis] + pads[axis + count]:
                return "a window that is larger than the input"
        elif (-(-size // strides[axis]) - 1) * strides[axis] + extent < size:
            # The runtime halves it towards zero, or refuses it, as kinds differ.
            return "a negative padding"
    return None
