"""Makes models of one operator at operator sets 7 to 24 where its form differs, and runs them under ONNX Runtime:
onnx_versions.py folder

The folder gets the models and the same corpus.json and arrays.npz as onnx_corpus.py writes. ONNX Runtime promises
operator sets from 7 on; older ones are covered by the onnx package's own data.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, defs, helper, numpy_helper

random = np.random.default_rng(0x5EED)


def f(*shape):
    return random.uniform(-2, 2, shape).astype(np.float32)


def i(*values):
    return np.array(values, np.int64)


X = f(2, 3, 5, 4)
# (type, name, operator sets, inputs, attributes[, number of outputs]); a constant input is a tuple with one array.
CASES = []


def case(kind, name, sets, inputs, outputs=1, **attributes):
    for version in sets:
        CASES.append((kind, f"{kind}/{name}/{version}", version, inputs, attributes, outputs))


ALL = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24]


def since(first, last=24):
    return [version for version in ALL if first <= version <= last]


def constant(array):
    return (array,)


case("Add", "row", ALL, [X, f(4)])
case("Sub", "column", ALL, [X, f(5, 1)])
case("Mul", "scalar", ALL, [X, f()])
case("Div", "channel", ALL, [X, f(3, 1, 1) + 3])
case("Pow", "square", ALL, [np.abs(X), constant(np.float32(2))])
case("PRelu", "channel", ALL, [X, constant(f(3, 1, 1))])
case("ArgMax", "nothing", [13], [f(0, 0, 1)], axis=1, keepdims=0)
case("Clip", "attributes", since(7, 10), [X], min=-0.5, max=1.0)
case("Clip", "operands", since(11), [X, constant(np.float32(-0.5)), constant(np.float32(1))])
case("Clip", "maximum", since(11), [X, None, constant(np.float32(0.25))])
for kind in ["Softmax", "LogSoftmax", "Hardmax"]:
    case(kind, "default", ALL, [X])
    case(kind, "axis2", ALL, [X], axis=2)
    case(kind, "last", since(11), [X], axis=-1)
    case(kind, "nothing", ALL, [f(2, 1, 0)], axis=1)
case("Flatten", "default", ALL, [X])
case("Flatten", "zero", ALL, [X], axis=0)
case("Flatten", "negative", since(11), [X], axis=-2)
case("Reshape", "copies", ALL, [X, constant(i(0, -1, 4))])
case("Reshape", "zero", since(14), [f(0, 3), constant(i(3, 0))], allowzero=1)
case("Squeeze", "attribute", since(7, 12), [f(1, 3, 1, 2)], axes=[0, 2])
case("Squeeze", "operand", since(13), [f(1, 3, 1, 2), constant(i(0, -2))])
case("Squeeze", "all", ALL, [f(1, 3, 1, 2)])
case("Unsqueeze", "attribute", since(7, 12), [f(3, 2)], axes=[0, 3])
case("Unsqueeze", "operand", since(13), [f(3, 2), constant(i(0, -1))])
case("Concat", "axis", ALL, [f(2, 3), f(2, 1), f(2, 2)], axis=1)
case("Split", "attribute", since(7, 12), [f(6, 2)], outputs=3, axis=0, split=[1, 2, 3])
case("Split", "operand", since(13), [f(6, 2), constant(i(1, 2, 3))], outputs=3)
case("Split", "equal", since(7, 17), [f(2, 6)], outputs=3, axis=1)
case("Split", "uneven", since(18), [f(2, 7)], outputs=3, axis=1, num_outputs=3)
case("Slice", "attributes", since(7, 9), [X], starts=[1, 0], ends=[5, 100], axes=[2, 3])
case("Slice", "operands", since(10), [X, constant(i(4, 0)), constant(i(0, 3)), constant(i(2, 3)), constant(i(-2, 1))])
case("Pad", "attributes", since(7, 10), [f(2, 3)], pads=[0, 1, 2, 0], value=1.5)
case("Pad", "reflect", since(7, 10), [f(2, 3)], pads=[1, 1, 0, 2], mode="reflect")
case("Pad", "operands", since(11), [f(2, 3), constant(i(0, 1, 2, 0)), constant(np.float32(1.5))])
case("Pad", "edge", since(11), [f(2, 3), constant(i(1, 1, 0, 2))], mode="edge")
case("Pad", "axes", since(18), [f(2, 3), constant(i(1, 2)), None, constant(i(1))])
case("Pad", "wrap", since(19), [f(2, 3), constant(i(1, 1, 0, 2))], mode="wrap")
for mode in ["reflect", "edge"]:
    case("Pad", f"cropped/{mode}", since(11), [f(4, 5), constant(i(-1, 1, 2, -2))], mode=mode)
case("Pad", "cropped/wrap", since(19), [f(4, 5), constant(i(-1, 1, 2, -2))], mode="wrap")
case("Tile", "operands", ALL, [f(2, 3), constant(i(2, 1))])
case("Expand", "operands", since(8), [f(3, 1), constant(i(2, 1, 4))])
case("Gather", "negative", since(11), [f(4, 3), constant(i(0, -1))], axis=0)
case("Gather", "axis", ALL, [f(4, 3), constant(np.array([[0, 2]], np.int32))], axis=1)
case("Transpose", "default", ALL, [X])
case("Cast", "int", ALL, [X], to=TensorProto.INT32)
case("Dropout", "ratio", since(7, 11), [X], ratio=0.5)
case("Dropout", "operand", since(12), [X, constant(np.float32(0.5))])
case("BatchNormalization", "inference", ALL, [X, constant(f(3)), constant(f(3)), constant(f(3)), constant(np.abs(f(3)) + 0.1)])
case("InstanceNormalization", "default", ALL, [X, constant(f(3)), constant(f(3))])
case("LayerNormalization", "default", since(17), [X, constant(f(4)), constant(f(4))])
case("LayerNormalization", "axis", since(17), [X, constant(f(5, 4))], axis=2, epsilon=0.01)
case("LayerNormalization", "outer", [17], [X, constant(f(1, 3, 1, 4)), constant(f(3, 5, 4))])
case("LayerNormalization", "double", since(17), [X.astype(np.float64), constant(f(4).astype(np.float64))])
case("GroupNormalization", "group", [18, 19, 20], [f(2, 4, 3, 3), constant(f(2)), constant(f(2))], num_groups=2)
case("GroupNormalization", "channel", [21], [f(2, 4, 3, 3), constant(f(4)), constant(f(4))], num_groups=2)
case("LRN", "default", ALL, [f(1, 7, 2, 2)], size=3)
case("LpNormalization", "default", ALL, [X], axis=1)
case("Gemm", "biased", ALL, [f(3, 4), constant(f(4, 5)), constant(f(5))])
case("Gemm", "transposed", ALL, [f(4, 3), constant(f(5, 4)), constant(f(3, 1))], transA=1, transB=1, alpha=0.5, beta=2.0)
case("Gemm", "bare", since(11), [f(3, 4), constant(f(4, 5))])
case("MatMul", "batched", ALL, [f(2, 1, 3, 4), f(3, 4, 2)])
case("Conv", "padded", ALL, [X, constant(f(6, 3, 3, 3)), constant(f(6))], pads=[1, 0, 2, 1], strides=[2, 1])
case("Conv", "same", ALL, [X, constant(f(3, 1, 3, 2))], auto_pad="SAME_LOWER", group=3, strides=[2, 2])
case("Conv", "dilated", ALL, [f(1, 2, 9), constant(f(4, 2, 3))], dilations=[2], auto_pad="VALID")
case("ConvTranspose", "strided", ALL, [f(1, 3, 4, 3), constant(f(3, 2, 3, 3)), constant(f(2))], strides=[2, 2], output_padding=[1, 1])
case("ConvTranspose", "shape", ALL, [f(1, 2, 3, 3), constant(f(2, 2, 3, 3))], strides=[2, 2], output_shape=[6, 7])
case("ConvTranspose", "upper", since(11), [f(1, 2, 3, 3), constant(f(2, 2, 3, 3))], strides=[2, 2], auto_pad="SAME_UPPER")
case("ConvTranspose", "short", ALL, [f(1, 2, 3, 4), constant(f(2, 2, 1, 2))], strides=[3, 2], auto_pad="SAME_UPPER")
case("ConvTranspose", "shortLower", ALL, [f(1, 2, 3, 4), constant(f(2, 2, 1, 3))], strides=[3, 2], auto_pad="SAME_LOWER")
case("MaxPool", "strided", ALL, [X], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
case("MaxPool", "up", since(10), [X], kernel_shape=[2, 2], strides=[2, 3], ceil_mode=1)
case("MaxPool", "dilated", since(10), [X], kernel_shape=[2, 2], dilations=[2, 2])
case("MaxPool", "positions", since(8), [X], outputs=2, kernel_shape=[2, 2])
case("AveragePool", "excluding", ALL, [X], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
case("AveragePool", "including", ALL, [X], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
case("AveragePool", "up", since(10), [X], kernel_shape=[2, 2], strides=[2, 3], ceil_mode=1)
case("AveragePool", "dilated", since(19), [X], kernel_shape=[2, 2], dilations=[2, 1])
case("LpPool", "default", ALL, [X], kernel_shape=[2, 2])
case("GlobalAveragePool", "default", ALL, [X])
case("GlobalMaxPool", "default", ALL, [X])
case("GlobalLpPool", "default", since(7, 21), [X])
for kind in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"]:
    last = 12 if kind == "ReduceSum" else 17
    case(kind, "attribute", since(7, last), [X], axes=[1, 2], keepdims=0)
    case(kind, "operand", since(last + 1), [X, constant(i(1, -1))])
    case(kind, "all", ALL, [X], keepdims=0)
    case(kind, "nothing", since(last + 1), [X], noop_with_empty_axes=1)
case("ReduceLogSum", "attribute", since(7, 17), [np.abs(X)], axes=[3])
case("ReduceLogSum", "operand", since(18), [np.abs(X), constant(i(3))])
case("ArgMax", "default", ALL, [X])
case("ArgMin", "axis", ALL, [X], axis=2, keepdims=0)
case("ArgMax", "last", since(12), [np.zeros((2, 3), np.float32)], axis=1, select_last_index=1)
case("TopK", "attribute", since(7, 9), [X], outputs=2, k=2, axis=2)
case("TopK", "operand", since(10), [X, constant(i(2))], outputs=2, axis=2)
case("TopK", "least", since(11), [X, constant(i(3))], outputs=2, largest=0)
case("CumSum", "reversed", since(11), [X, constant(np.int64(1))], reverse=1, exclusive=1)
case("Upsample", "attribute", [7, 8], [X], scales=[1.0, 1.0, 2.0, 3.0])
case("Upsample", "linear", [7, 8], [X], scales=[1.0, 1.0, 2.0, 3.0], mode="linear")
case("Upsample", "operand", [9], [X, constant(np.array([1, 1, 2, 1.5], np.float32))])
case("Resize", "ten", [10], [X, constant(np.array([1, 1, 2, 1.5], np.float32))])
case("Resize", "tenLinear", [10], [X, constant(np.array([1, 1, 0.6, 1.5], np.float32))], mode="linear")
case("Resize", "tenSmaller", [10], [X, constant(np.array([1, 1, 0.6, 0.5], np.float32))])
case("Resize", "tenMixed", [10], [X, constant(np.array([1, 1, 0.6, 2], np.float32))])
for mode in ["nearest", "linear", "cubic"]:
    for coordinates in ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]:
        name = f"{mode}_{coordinates}"
        scales = constant(np.array([1, 1, 1.7, 2.5], np.float32))
        case("Resize", name, since(11), [X, constant(f(0)), scales], mode=mode, coordinate_transformation_mode=coordinates)
        sizes = [X, None, None, constant(i(2, 3, 4, 7))]
        case("Resize", name + "_sizes", since(13), sizes, mode=mode, coordinate_transformation_mode=coordinates)
case("Resize", "axes", since(18), [X, None, constant(np.array([2, 0.5], np.float32))], axes=[3, 2], mode="linear")
case("Resize", "notLarger", since(18), [X, None, None, constant(i(7, 7))], axes=[2, 3], keep_aspect_ratio_policy="not_larger")
case("Resize", "antialiased", since(18), [X, None, constant(np.array([1, 1, 0.6, 0.5], np.float32))], mode="linear", antialias=1)
case("DepthToSpace", "default", ALL, [f(1, 8, 2, 3)], blocksize=2)
case("DepthToSpace", "columns", since(11), [f(1, 8, 2, 3)], blocksize=2, mode="CRD")
case("SpaceToDepth", "default", ALL, [f(1, 2, 4, 6)], blocksize=2)
case("Where", "default", since(9), [X > 0, X, f(5, 4)])
case("Shape", "default", ALL, [X])
case("Shape", "part", since(15), [X], start=1, end=-1)
case("Size", "default", ALL, [X])
case("ConstantOfShape", "default", since(9), [constant(i(2, 3))])
case("Mod", "floor", since(10), [i(7, -7, 7, -7), i(3, 3, -3, -3)])
case("Mod", "truncated", since(10), [X, f(4) + 3], fmod=1)
case("ScatterElements", "default", since(11), [f(3, 3), constant(i(1, 0, 2).reshape(1, 3)), f(1, 3)])
case("ScatterElements", "added", since(16), [f(3, 3), constant(i(1, 0, 2).reshape(1, 3)), f(1, 3)], reduction="add")
case("GatherND", "default", since(11), [f(2, 3), constant(i(0, 1, 1, 2).reshape(2, 2))])
case("OneHot", "default", since(9), [i(1, 0, 2), constant(i(3)), constant(np.array([0, 1], np.float32))])
case("Einsum", "matrix", since(12), [f(2, 3), f(3, 4)], equation="ij,jk->ik")
case("Trilu", "upper", since(14), [f(4, 4), constant(np.int64(1))])
case("Mean", "three", since(8), [f(2, 3), f(3), f(1)])
case("Max", "three", since(8), [f(2, 3), f(3), f(1)])
for kind in ["Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Floor", "Ceil", "Elu", "Selu", "LeakyRelu", "HardSigmoid", "Softplus", "Softsign"]:
    case(kind, "default", [7, 13, 14, 21], [X])
case("Gelu", "exact", since(20), [X])
case("Gelu", "tanh", since(20), [X], approximate="tanh")
case("HardSwish", "default", since(14), [X])
case("Mish", "default", since(18), [X])
case("Erf", "default", since(9), [X])

def integers(dtype, *shape):
    """Integers of the whole range of a type."""
    range_ = np.iinfo(dtype)
    return random.integers(range_.min, range_.max, shape, dtype, endpoint=True)


def stored(kind, shape, values):
    """A constant of a type that NumPy lacks."""
    return constant(helper.make_tensor("", kind, shape, values))


def scales(*shape):
    return random.uniform(0.01, 0.1, shape).astype(np.float32)


# Axes, sizes and other lists of integers that are computed when the graph runs.
for kind in ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"]:
    for name, axes in [("last", i(-1)), ("two", i(0, 2)), ("none", i())]:
        case(kind, f"computed_{name}", since(13 if kind == "ReduceSum" else 18), [X, axes])
        # How many axes go must be known: a size of 0 in an input's shape says nothing of it.
        if name != "none":
            case(kind, f"computed_{name}_gone", since(13 if kind == "ReduceSum" else 18), [X, axes], keepdims=0)
case("Squeeze", "computed", since(13), [f(1, 3, 1), i(0, -1)])
case("Unsqueeze", "computed", since(13), [f(3, 2), i(0, -1)])
case("Split", "computed", since(13), [f(6, 2), i(1, 2, 3)], outputs=3)
case("Trilu", "computed", since(14), [f(2, 4, 3), np.array(-1)], upper=0)
case("CumSum", "computed", since(11), [X, np.array(-2)], exclusive=1)

# Movement and selection.
case("ReverseSequence", "time", since(10), [f(4, 3, 2), i(1, 4, 3)])
case("ReverseSequence", "batch", since(10), [f(3, 4), i(2, 1, 4)], batch_axis=0, time_axis=1)
for name, sizes, attributes in [
    ("mixed", i(3, 5, 4, 7), {}),
    ("axes", i(7, 1), {"axes": [-1, 1]}),
    ("empty", i(0, 2), {"axes": [0, 2]}),
]:
    case("CenterCropPad", name, since(18), [X, constant(sizes)], **attributes)
    case("CenterCropPad", name + "_computed", since(18), [X, sizes], **attributes)
for dtype in [np.float32, np.int64, np.int8, np.float64]:
    values = random.integers(-2, 2, (3, 4, 2)).astype(dtype)
    for ordered in [0, 1]:
        case("Unique", f"{np.dtype(dtype).name}_{ordered}", since(11), [values], outputs=4, sorted=ordered)
        for axis in [0, 1, -1]:
            case("Unique", f"{np.dtype(dtype).name}_{ordered}_{axis}", since(11), [values], outputs=4, sorted=ordered, axis=axis)
boxes = random.uniform(0, 1, (2, 12, 4)).astype(np.float32)
points = np.round(random.uniform(0, 1, (2, 3, 12)), 1).astype(np.float32)
for center in [0, 1]:
    limit = [constant(np.array(4, np.int64)), constant(np.float32(0.3)), constant(np.float32(0.25))]
    case("NonMaxSuppression", f"all_{center}", since(10), [boxes, points, *limit], center_point_box=center)
    case("NonMaxSuppression", f"count_{center}", since(10), [boxes, points, limit[0]], center_point_box=center)
case("NonMaxSuppression", "nothing", since(10), [boxes, points])
case("ScatterND", "min", since(18), [f(4, 3), constant(i(1, 3, 1).reshape(3, 1)), f(3, 3)], reduction="min")
case("ScatterND", "mul", since(16), [f(4, 3), constant(i(1, 3, 1).reshape(3, 1)), f(3, 3)], reduction="mul")
case("ScatterElements", "max", since(18), [f(3, 3), constant(i(1, 0, -1).reshape(1, 3)), f(1, 3)], reduction="max")
case("BitShift", "left", since(11), [integers(np.uint8, 3, 4), random.integers(0, 8, (4,)).astype(np.uint8)], direction="LEFT")
case("BitShift", "right", since(11), [integers(np.uint32, 3, 1), random.integers(0, 32, (4,)).astype(np.uint32)], direction="RIGHT")
case("Det", "matrices", since(11), [f(2, 3, 4, 4)])
case("Det", "one", since(11), [f(3, 3)])
case("Compress", "axis", since(9), [X, np.array([True, False, True])], axis=1)
case("TfIdfVectorizer", "pairs", since(9), [random.integers(0, 4, (3, 9)).astype(np.int32)], mode="TFIDF", min_gram_length=1,
     max_gram_length=2, max_skip_count=2, ngram_counts=[0, 3], ngram_indexes=[0, 1, 2, 3, 4], pool_int64s=[0, 2, 3, 1, 2, 3, 0],
     weights=[0.5, 1.0, 1.5, 2.0, 2.5])

# Sampling.
for name, shape, places in [("plane", (2, 3, 5, 4), (3, 6, 2)), ("volume", (1, 2, 3, 4, 5), (2, 3, 4, 3))]:
    grid = random.uniform(-1.6, 1.6, (shape[0], *places)).astype(np.float32)
    for mode in ["linear", "nearest", "cubic"]:
        for padding in ["zeros", "border", "reflection"]:
            for corners in [0, 1]:
                if name == "volume" and mode == "cubic":
                    continue
                options = {"padding_mode": padding, "align_corners": corners}
                case("GridSample", f"{name}_{mode}_{padding}_{corners}", since(20), [f(*shape), grid], mode=mode, **options)
                if name == "plane":
                    older = mode if mode == "nearest" else "bi" + mode
                    case("GridSample", f"{mode}_{padding}_{corners}", since(16, 19), [f(*shape), grid], mode=older, **options)
for corners in [0, 1]:
    case("AffineGrid", f"plane_{corners}", since(20), [f(2, 2, 3), constant(i(2, 3, 4, 5))], align_corners=corners)
    case("AffineGrid", f"volume_{corners}", since(20), [f(1, 3, 4), constant(i(1, 2, 2, 3, 4))], align_corners=corners)
regions = np.sort(random.uniform(0, 9, (4, 2, 2)), axis=1).reshape(4, 4).astype(np.float32)
for mode in ["avg", "max"]:
    for ratio in [0, 2]:
        options = {"mode": mode, "output_height": 2, "output_width": 3, "sampling_ratio": ratio, "spatial_scale": 0.7}
        case("RoiAlign", f"{mode}_{ratio}", since(10, 21), [f(2, 3, 6, 7), regions, constant(i(0, 1, 1, 0))], **options)
        case("RoiAlign", f"{mode}_{ratio}_edges", since(16, 21), [f(2, 3, 6, 7), regions, constant(i(0, 1, 1, 0))],
             coordinate_transformation_mode="output_half_pixel", **options)
case("MaxUnpool", "default", since(9), [f(1, 2, 2, 2), constant(i(0, 3, 9, 15, 1, 2, 8, 14).reshape(1, 2, 2, 2) + np.array([0, 16]).reshape(1, 2, 1, 1))],
     kernel_shape=[2, 2], strides=[2, 2])
case("MaxUnpool", "sized", since(9), [f(1, 1, 2, 2), constant(i(5, 7, 13, 15).reshape(1, 1, 2, 2)), constant(i(1, 1, 5, 5))], kernel_shape=[2, 2],
     strides=[2, 2])
case("MaxPool", "columns", since(8), [X], outputs=2, kernel_shape=[2, 2], storage_order=1)
case("Col2Im", "plain", since(18), [f(2, 12, 20), constant(i(6, 5)), constant(i(2, 2))])
case("Col2Im", "padded", since(18), [f(1, 12, 9), constant(i(6, 5)), constant(i(2, 3))], pads=[1, 0, 1, 2], strides=[2, 1], dilations=[2, 2])
case("DeformConv", "grouped", since(19), [f(2, 4, 5, 6), constant(f(6, 2, 3, 2)), f(2, 24, 5, 5) * 2, constant(f(6)), f(2, 12, 5, 5)], group=2,
     offset_group=2, pads=[1, 0, 1, 0])

# Signals and losses.
for kind in ["HannWindow", "HammingWindow", "BlackmanWindow"]:
    case(kind, "periodic", since(17), [constant(np.array(10))])
    case(kind, "symmetric", since(17), [np.array(11)], periodic=0)
case("MelWeightMatrix", "default", since(17), [constant(np.array(value)) for value in [8, 64, 8000]] + [constant(np.float32(20)), constant(np.float32(3800))])
labels = random.integers(0, 5, (3, 4))
for reduction in ["none", "sum", "mean"]:
    options = {"reduction": reduction, "ignore_index": 1}
    case("NegativeLogLikelihoodLoss", reduction, since(12), [f(3, 5, 4), labels, f(5)], **options)
    case("SoftmaxCrossEntropyLoss", reduction, since(12), [f(3, 5, 4), labels, f(5)], outputs=2, **options)

# Quantization by operands.
for dtype in [np.uint8, np.int8, np.uint16, np.int16]:
    name = np.dtype(dtype).name
    versions = since(10 if dtype in (np.uint8, np.int8) else 21)
    case("QuantizeLinear", name, versions, [X * 3, constant(np.float32(0.013)), constant(dtype(7))])
    case("QuantizeLinear", name + "_half", since(19) if len(versions) > 3 else versions, [(X * 3).astype(np.float16), constant(np.float16(0.25)), constant(dtype(7))])
    case("DequantizeLinear", name, versions, [integers(dtype, 3, 4), constant(np.float32(0.013)), constant(dtype(7))])
    axis = [v for v in versions if v >= 13]
    case("QuantizeLinear", name + "_axis", axis, [X * 3, constant(scales(3)), constant(integers(dtype, 3))])
    case("QuantizeLinear", name + "_last", axis, [X * 3, constant(scales(4)), constant(integers(dtype, 4))], axis=-1)
    case("DequantizeLinear", name + "_axis", axis, [integers(dtype, 2, 3, 2), constant(scales(3)), constant(integers(dtype, 3))])
    case("DequantizeLinear", name + "_blocks", [21], [integers(dtype, 4, 3), constant(scales(2, 3)), constant(integers(dtype, 2, 3))], axis=0, block_size=2)
    case("QuantizeLinear", name + "_blocks", [21], [f(4, 3) * 3, constant(scales(2, 3)), constant(integers(dtype, 2, 3))], axis=0, block_size=2)
ties = np.array([-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, np.inf, -np.inf, 1e30, -1e30], np.float32)
case("QuantizeLinear", "ties", since(10), [ties, constant(np.float32(1)), constant(np.uint8(128))])
case("QuantizeLinear", "bare", since(10), [ties, constant(np.float32(0.5))])
case("QuantizeLinear", "stated", [21], [ties, constant(np.float32(0.5))], output_dtype=TensorProto.INT16)
case("DequantizeLinear", "wide", since(10), [integers(np.int32, 6) // 1000, constant(np.float32(0.5))])
for kind, low, high in [(TensorProto.INT4, -8, 7), (TensorProto.UINT4, 0, 15)]:
    values = [int(value) for value in random.integers(low, high + 1, 12)]
    name = TensorProto.DataType.Name(kind).lower()
    case("DequantizeLinear", name, [21], [stored(kind, [4, 3], values), constant(np.float32(0.3)), stored(kind, [], [2])])
    case("DequantizeLinear", name + "_blocks", [21], [stored(kind, [4, 3], values), constant(scales(2, 3)), stored(kind, [2, 3], values[:6])], axis=0, block_size=2)
for value in [f(3, 4), np.abs(f(3, 4)), -np.abs(f(5)), np.zeros((2, 2), np.float32)]:
    case("DynamicQuantizeLinear", f"{len(CASES)}", since(11), [value], outputs=3)

# Products of integers. Values of 6 bits, so that no 16-bit sum saturates in ONNX Runtime.
def narrow(dtype, *shape):
    return random.integers(0 if dtype is np.uint8 else -64, 64, shape).astype(dtype)


for a in [np.uint8, np.int8]:
    for b in [np.uint8, np.int8]:
        if a is np.int8 and b is np.uint8:
            continue
        name = f"{np.dtype(a).name}_{np.dtype(b).name}"
        case("MatMulInteger", name, since(10), [narrow(a, 2, 3, 5), narrow(b, 5, 4), constant(a(3)), constant(b(5))])
        case("MatMulInteger", name + "_columns", since(10), [narrow(a, 3, 5), constant(narrow(b, 5, 4)), np.array(3, a), constant(narrow(b, 4))])
        case("QLinearMatMul", name, since(10), [narrow(a, 3, 5), constant(np.float32(0.1)), constant(a(3)), constant(narrow(b, 5, 4)), constant(np.float32(0.2)),
             constant(b(5)), constant(np.float32(1.3)), constant(a(9))])
        for group, channels in [(1, 4), (2, 2)]:
            weights = narrow(b, 6, channels, 3, 2)
            inputs = [narrow(a, 2, 4, 5, 4), constant(scales()), constant(a(3)), constant(weights)]
            result = [constant(np.float32(0.7)), constant(a(9)), constant(random.integers(-500, 500, 6).astype(np.int32))]
            options = {"group": group, "pads": [1, 0, 2, 1], "strides": [2, 1]}
            case("QLinearConv", f"{name}_{group}", since(10), [*inputs, constant(scales()), constant(b(0 if b is np.int8 else 5)), *result], **options)
            if b is np.int8:
                case("QLinearConv", f"{name}_{group}_each", since(10), [*inputs, constant(scales(6)), constant(np.zeros(6, b)), *result], **options)
case("ConvInteger", "padded", since(10), [narrow(np.uint8, 1, 2, 5, 4), narrow(np.uint8, 3, 2, 2, 2), constant(np.uint8(3)), constant(np.uint8(5))], pads=[1, 1, 0, 1])
case("ConvInteger", "same", since(10), [narrow(np.uint8, 1, 2, 5, 4), narrow(np.uint8, 2, 1, 3, 2)], auto_pad="SAME_UPPER", group=2, strides=[2, 2])

# ONNX Runtime's own operators.
MS = "com.microsoft:"
for dtype in [np.uint8, np.int8]:
    name = np.dtype(dtype).name
    q = [constant(np.float32(0.05)), constant(dtype(3))]
    r = [constant(np.float32(0.11)), constant(dtype(9))]
    for kind in ["QLinearAdd", "QLinearMul"]:
        case(MS + kind, name, [13], [integers(dtype, 2, 3, 4), *q, integers(dtype, 3, 1), *r, *r])
    case(MS + "QLinearSigmoid", name, [13], [integers(dtype, 3, 5), *q, constant(np.float32(1 / 256)), constant(dtype(0 if dtype is np.uint8 else -128))])
    case(MS + "QLinearLeakyRelu", name, [13], [integers(dtype, 3, 5), *q, *r], alpha=0.1)
    case(MS + "QLinearGlobalAveragePool", name, [13], [integers(dtype, 2, 3, 5, 4), *q, *r])
    case(MS + "QLinearGlobalAveragePool", name + "_last", [13], [integers(dtype, 2, 5, 4, 3), *q, *r], channels_last=1)
    # Not r, with which means lie on ties.
    apart = [constant(np.float32(0.1137)), r[1]]
    case(MS + "QLinearAveragePool", name, [13], [integers(dtype, 2, 3, 5, 4), *q, *apart], kernel_shape=[3, 2], pads=[1, 0, 1, 0], strides=[2, 2])
    case(MS + "QLinearConcat", name, [13], [*r, integers(dtype, 2, 3), *q, integers(dtype, 2, 2), *r], axis=1)
    case(MS + "QLinearSoftmax", name, [13], [integers(dtype, 3, 5), *q, constant(np.float32(1 / 256)), constant(dtype(0))], axis=-1, opset=13)
    case(MS + "QLinearWhere", name, [13], [X[0] > 0, integers(dtype, 3, 5, 4), *q, integers(dtype, 5, 4), *r, *r])
b = [constant(narrow(np.int8, 6, 4)), constant(np.float32(0.02)), constant(np.int8(0))]
a = [narrow(np.uint8, 3, 6), constant(np.float32(0.05)), constant(np.uint8(5))]
bias = constant(random.integers(-500, 500, 4).astype(np.int32))
case(MS + "QGemm", "quantized", [13], [*a, *b, bias, constant(np.float32(0.04)), constant(np.uint8(9))])
case(MS + "QGemm", "real", [13], [*a, *b, bias], alpha=0.5)
case(MS + "QGemm", "transposed", [13], [narrow(np.uint8, 6, 3), *a[1:], constant(narrow(np.int8, 4, 6)), *b[1:], None, constant(np.float32(0.04)), constant(np.uint8(9))],
     transA=1, transB=1)
case(MS + "MatMulIntegerToFloat", "biased", [13], [narrow(np.uint8, 2, 3, 6), constant(narrow(np.int8, 6, 4)), np.array(0.1, np.float32), constant(scales(4)), np.array(3, np.uint8),
     constant(np.zeros(4, np.int8)), constant(f(4))])
case(MS + "DynamicQuantizeMatMul", "biased", [13], [f(2, 3, 6), constant(narrow(np.int8, 6, 4)), constant(scales(4)), constant(np.zeros(4, np.int8)), constant(f(4))])
for k in [32, 40, 64]:
    blocks = (k + 15) // 16
    parts = [f(2, 3, k), constant(integers(np.uint8, 5, blocks, 8)), constant(scales(5 * blocks))]
    case(MS + "MatMulNBits", f"{k}", [13], parts, K=k, N=5, bits=4, block_size=16)
    case(MS + "MatMulNBits", f"{k}_points", [13], [*parts, constant(integers(np.uint8, 5 * ((blocks + 1) // 2)))], K=k, N=5, bits=4, block_size=16)
case(MS + "FusedMatMul", "both", [13], [f(2, 4, 3), f(2, 5, 4)], transA=1, transB=1, alpha=0.3)
for activation in ["Relu", "Tanh", "Sigmoid"]:
    case(MS + "FusedConv", activation, [13], [f(1, 2, 5, 4), constant(f(3, 2, 3, 3)), constant(f(3))], activation=activation, pads=[1, 1, 1, 1])
case(MS + "FusedConv", "leaky", [13], [f(1, 2, 5, 4), constant(f(3, 2, 3, 3)), constant(f(3)), f(1, 3, 3, 2)], activation="LeakyRelu", activation_params=[0.2])
case(MS + "Gelu", "exact", [13], [X])
case(MS + "FastGelu", "biased", [13], [X, constant(f(4))])
case(MS + "BiasGelu", "default", [13], [X, constant(f(4))])
case(MS + "QuickGelu", "default", [13], [X])
E8 = [constant(f(8)), constant(f(8))]
case(MS + "SkipLayerNormalization", "biased", [13], [f(2, 3, 8), f(2, 3, 8), *E8, constant(f(8))], epsilon=1e-5)
case("SimplifiedLayerNormalization", "default", [13], [f(2, 3, 8), constant(f(8))], axis=-1, epsilon=1e-5)
case(MS + "SkipSimplifiedLayerNormalization", "default", [13], [f(2, 3, 8), f(2, 3, 8), constant(f(8))], epsilon=1e-5)
ids = random.integers(0, 4, (2, 5)).astype(np.int32)
mask = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0]], np.int32)
tables = [constant(f(4, 8)), constant(f(6, 8)), constant(f(4, 8)), *E8]
case(MS + "EmbedLayerNormalization", "segments", [13], [ids, ids, *tables, mask], outputs=2)
case(MS + "EmbedLayerNormalization", "bare", [13], [ids, None, *tables[:2], None, *E8], outputs=2)
weights = [constant(f(8, 24)), constant(f(24))]
case(MS + "Attention", "bare", [13], [f(2, 5, 8), *weights], num_heads=2)
case(MS + "Attention", "masked", [13], [f(2, 5, 8), *weights, mask], num_heads=2)
case(MS + "Attention", "lengths", [13], [f(2, 5, 8), *weights, np.array([4, 2], np.int32)], num_heads=4)
case(MS + "Attention", "causal", [13], [f(2, 5, 8), *weights], num_heads=2, unidirectional=1)
case(MS + "MultiHeadAttention", "bare", [13], [f(2, 5, 8), f(2, 4, 8), f(2, 4, 8)], num_heads=2)
case(MS + "MultiHeadAttention", "biased", [13], [f(2, 5, 8), f(2, 5, 8), f(2, 5, 8), constant(f(24)), mask], num_heads=2)
case(MS + "QAttention", "masked", [13], [narrow(np.uint8, 2, 5, 8), constant(narrow(np.int8, 8, 24)), constant(f(24)), constant(np.float32(0.05)),
     constant(np.float32(0.02)), mask, constant(np.uint8(3)), constant(np.int8(0))], num_heads=2)


def recurrent(kind, gates, states, functions):
    """Cases of a recurrent operator with 5 steps of 3 sequences of 4 features, and a state of 6."""
    for direction, count in [("forward", 1), ("reverse", 1), ("bidirectional", 2)]:
        weights = [constant(f(count, gates * 6, 4)), constant(f(count, gates * 6, 6) / 2)]
        bias, lengths = constant(f(count, 2 * gates * 6)), np.array([5, 2, 4], np.int32)
        starts = [f(count, 3, 6) for _ in range(states)]
        x = f(5, 3, 4)
        attributes = {"hidden_size": 6, "direction": direction}
        results = 1 + states
        case(kind, f"{direction}/bare", [7, 14], [x, *weights], outputs=results, **attributes)
        case(kind, f"{direction}/full", [7, 14], [x, *weights, bias, lengths, *starts], outputs=results, **attributes)
        case(kind, f"{direction}/clip", [14], [x, *weights, bias], outputs=results, clip=0.4, **attributes)
        for names, further in functions:
            case(kind, f"{direction}/{'-'.join(names)}", [14], [x, *weights, bias, None, *starts], outputs=results,
                 activations=names * count, **{key: value * count for key, value in further.items()}, **attributes)
        if kind == "LSTM":
            peepholes = constant(f(count, 18))
            case(kind, f"{direction}/peepholes", [7, 14], [x, *weights, bias, lengths, *starts, peepholes], outputs=results, **attributes)
            case(kind, f"{direction}/coupled", [14], [x, *weights, bias, None, *starts, peepholes], outputs=results, input_forget=1, **attributes)
        if kind == "GRU":
            case(kind, f"{direction}/after", [7, 14], [x, *weights, bias, lengths, *starts], outputs=results, linear_before_reset=1, **attributes)


recurrent("RNN", 1, 1, [(["Relu"], {}), (["Affine"], {"activation_alpha": [0.5], "activation_beta": [0.1]}),
                        (["LeakyRelu"], {"activation_alpha": [0.2]}), (["ScaledTanh"], {"activation_alpha": [0.7], "activation_beta": [1.3]}),
                        (["Softsign"], {}), (["Elu"], {"activation_alpha": [0.8]}), (["ThresholdedRelu"], {"activation_alpha": [0.3]}),
                        (["HardSigmoid"], {}), (["Softplus"], {})])
recurrent("GRU", 3, 1, [(["HardSigmoid", "Softsign"], {"activation_alpha": [0.3], "activation_beta": [0.4]}), (["Sigmoid", "Relu"], {})])
recurrent("LSTM", 4, 2, [(["Sigmoid", "Relu", "Tanh"], {}), (["HardSigmoid", "LeakyRelu", "Softsign"], {"activation_alpha": [0.25, 0.1], "activation_beta": [0.4]})])


def body(name, inputs, nodes, outputs, stored=()):
    """A graph for an attribute; inputs are (name, array), outputs names. Each node is (operator, operands, results[, attributes])."""
    made = [helper.make_node(kind, operands, results, **(rest[0] if rest else {})) for kind, operands, results, *rest in nodes]
    values = [helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(like.dtype), like.shape) for key, like in inputs]
    return helper.make_graph(made, name, values, [helper.make_empty_tensor_value_info(key) for key in outputs],
                             [numpy_helper.from_array(array, key) for key, array in stored])


def control():
    """Cases with graphs inside; x0, x1, ... are the operands of the node, which the graphs may use too."""
    a, b = f(2, 3), f(2, 3)
    sets = [11, 13, 16, 19, 21]
    double = body("double", [], [("Add", ["x1", "x1"], ["t"]), ("Mul", ["t", "w"], ["out"])], ["out"], [("w", f(3))])
    shorter = body("shorter", [], [("Slice", ["x2", "s", "e"], ["out"])], ["out"], [("s", i(0)), ("e", i(1))])
    outer = body("outer", [], [("Neg", ["x1"], ["n"]), ("If", ["x0"], ["out"], dict(
        then_branch=body("in", [], [("Add", ["n", "x2"], ["o"])], ["o"]),
        else_branch=body("un", [], [("Sub", ["n", "x2"], ["o"])], ["o"])))], ["out"])
    same = body("same", [], [("Identity", ["x1"], ["out"])], ["out"])
    for value in [True, False]:
        yes = np.array(value)
        case("If", f"{value}", sets, [yes, a, b], unused=2, then_branch=double, else_branch=shorter)
        case("If", f"{value}/known", sets, [constant(yes), a, b], unused=2, then_branch=double, else_branch=shorter)
        case("If", f"{value}/nested", sets, [yes, a, b], unused=2, then_branch=outer, else_branch=same)
        case("If", f"{value}/vector", sets, [yes.reshape(1), a, b], unused=2, then_branch=same, else_branch=double)
    number, truth = np.array(0, np.int64), np.array(True)
    go = ("Identity", ["go"], ["again"])
    add = body("add", [("i", number), ("go", truth), ("c", a)], [go, ("Add", ["c", "x3"], ["next"]), ("Mul", ["c", "c"], ["square"])], ["again", "next", "square"])
    for count in [0, 1, 4]:
        case("Loop", f"{count}", sets, [np.array(count, np.int64), None, a, b], 2, unused=1, body=add)
        case("Loop", f"{count}/constant", sets, [constant(np.array([count], np.int64)), constant(truth), a, constant(b)], 2, unused=1, body=add)
    whiles = body("while", [("i", number), ("go", truth), ("c", a)],
                  [("Add", ["c", "x3"], ["next"]), ("ReduceMax", ["next"], ["m"], {"keepdims": 0}), ("Less", ["m", "limit"], ["again"])],
                  ["again", "next"], [("limit", np.float32(9))])
    case("Loop", "while", [11, 13, 16], [None, truth, a, np.abs(b)], 1, unused=1, body=whiles)
    case("Loop", "while/never", [11, 13, 16], [None, np.array(False), a, np.abs(b)], 1, unused=1, body=whiles)
    grow = body("grow", [("i", number), ("go", truth), ("c", a)], [go, ("Concat", ["c", "x3"], ["next"], {"axis": 0})], ["again", "next"])
    grow.input[2].type.tensor_type.shape.dim[0].Clear()
    case("Loop", "grows", sets, [np.array(3, np.int64), truth, a, b], 1, unused=1, body=grow)
    inner = body("inner", [("j", number), ("g", truth), ("d", a)], [("Identity", ["g"], ["h"]), ("Add", ["d", "c"], ["e"])], ["h", "e"])
    nest = body("nest", [("i", number), ("go", truth), ("c", a)], [go, ("Loop", ["i", "", "x3"], ["next"], {"body": inner})], ["again", "next"])
    case("Loop", "nested", [11, 13, 16, 19], [np.array(4, np.int64), truth, a, b], 1, unused=1, body=nest)
    step = body("step", [("s", f(3)), ("p", f(3)), ("q", f(2))], [("Add", ["s", "p"], ["t"]), ("Add", ["t", "x3"], ["t2"]), ("ReduceSum", ["q"], ["r"], {"keepdims": 0}), ("Mul", ["t2", "r"], ["o"])], ["t2", "o"])
    line = f(3)
    case("Scan", "forward", [9, 11, 16], [f(3), f(4, 3), f(4, 2), line], 2, unused=1, body=step, num_scan_inputs=2)
    case("Scan", "backward", [9, 11, 16], [f(3), f(4, 3), f(4, 2), line], 2, unused=1, body=step, num_scan_inputs=2, scan_input_directions=[1, 0], scan_output_directions=[1])
    case("Scan", "axes", [9, 11, 16], [f(3), f(3, 4), f(2, 4), line], 2, unused=1, body=step, num_scan_inputs=2, scan_input_axes=[1, -1], scan_output_axes=[-1])


for direction, count in [("forward", 1), ("reverse", 1), ("bidirectional", 2)]:
    # One scale for each direction, or one for each column; ranges are those of all sequences together.
    for name, batch, sizes, lengths in [("", 1, [count], None), ("/batch", 3, [count], None), ("/lengths", 3, [count], np.array([3, 5, 1], np.int32)), ("/columns", 2, [count, 24], None)]:
        scales = [constant(np.abs(f(*sizes)) / 100 + np.float32(0.005)) for _ in range(2)]
        points = [constant(np.zeros(sizes, np.int8)) for _ in range(2)]
        case(MS + "DynamicQuantizeLSTM", direction + name, [13], [f(5, batch, 4), constant(narrow(np.int8, count, 4, 24)), constant(narrow(np.int8, count, 6, 24)), constant(f(count, 48)),
             lengths, f(count, batch, 6), f(count, batch, 6), None, scales[0], points[0], scales[1], points[1]], outputs=3, direction=direction, hidden_size=6)
for size in [1, 2, 8, 7, 12, 30]:
    signal = f(2, size, 1)
    case("DFT", f"real/{size}", [17, 18, 19], [signal], axis=1)
    case("DFT", f"half/{size}", [17], [signal], axis=-2, onesided=1)
    case("DFT", f"complex/{size}", [17], [f(2, size, 2)], axis=1)
    case("DFT", f"inverse/{size}", [17], [f(2, size, 2)], axis=1, inverse=1)
    case("DFT", f"longer/{size}", [17], [signal, constant(np.int64(size + 3))], axis=1)
    case("DFT", f"shorter/{size}", [17], [signal, constant(np.int64(size // 2 + 1))], axis=1)
    case("DFT", f"axis/{size}", [20, 21], [f(2, 3, size, 2), None, constant(np.int64(2))])
case("DFT", "first", [17], [f(4, 3, 1)], axis=0)
for hop, length in [(1, 4), (3, 5), (4, 8)]:
    case("STFT", f"window/{hop}", [17, 21], [f(2, 21, 1), constant(np.int64(hop)), constant(f(length)), constant(np.int64(length))])
    case("STFT", f"ones/{hop}", [17], [f(2, 21, 1), constant(np.int64(hop)), None, constant(np.int64(length))], onesided=0)
    case("STFT", f"plain/{hop}", [17], [f(2, 21, 1), constant(np.int64(hop)), constant(f(length))], onesided=0)


control()


case("Swish", "default", [24], [X])
case("Swish", "alpha", [24], [X], alpha=0.5)
for kind in [np.float32, np.float16]:
    case("RMSNormalization", f"last/{np.dtype(kind).name}", [23, 24], [X.astype(kind), constant(f(4).astype(kind))])
case("RMSNormalization", "axis", [23], [X, constant(f(5, 4))], axis=2, epsilon=0.01)
case("RMSNormalization", "broadcast", [23], [X, constant(f(3, 1, 4))])
angles, tables = f(9, 4), f(2, 5, 4)
for pairs in [0, 1]:
    order = np.array([[0, 1, 2, 3, 4], [8, 3, 5, 0, 1]])
    case("RotaryEmbedding", f"heads/{pairs}", [23, 24], [f(2, 3, 5, 8), angles, angles[::-1], order], interleaved=pairs)
    case("RotaryEmbedding", f"joined/{pairs}", [23], [f(2, 5, 24), angles, angles[::-1], constant(order)], interleaved=pairs, num_heads=3)
    case("RotaryEmbedding", f"given/{pairs}", [23], [f(2, 3, 5, 8), tables, tables[::-1]], interleaved=pairs)
    case("RotaryEmbedding", f"part/{pairs}", [23], [f(2, 3, 5, 10), tables, tables[::-1]], interleaved=pairs, rotary_embedding_dim=8)
    case(MS + "RotaryEmbedding", f"joined/{pairs}", [17], [f(2, 5, 24), order, constant(angles), constant(angles[::-1])], interleaved=pairs, num_heads=3)
    case(MS + "RotaryEmbedding", f"heads/{pairs}", [17], [f(2, 3, 5, 8), order, constant(angles), constant(angles[::-1])], interleaved=pairs)
heads = [f(2, 3, 5, 8), f(2, 3, 7, 8), f(2, 3, 7, 6)]
past = [f(2, 3, 4, 8), f(2, 3, 4, 6)]
kept = random.uniform(0, 1, (5, 7)) > 0.3
kept[:, 0] = True
case("Attention", "heads", [23, 24], heads)
case("Attention", "scaled", [23], heads, scale=0.2)
case("Attention", "bounded", [23], heads, softcap=1.5)
case("Attention", "causal", [23, 24], heads, is_causal=1)
case("Attention", "mask", [23], [*heads, f(5, 7)])
case("Attention", "maskOfHeads", [23], [*heads, f(2, 3, 5, 7)])
case("Attention", "truth", [23, 24], [*heads, kept])
nothing = kept & (np.arange(5) != 2)[:, None]
case("Attention", "truth/nothing", [23], [*heads, nothing])
case("Attention", "mask/nothing", [23], [*heads, np.where(nothing, np.float32(0), np.float32(-np.inf))])
case("Attention", "truth/causal", [23], [*heads, kept], is_causal=1)
case("Attention", "bounded/mask", [24], [*heads, f(5, 7)], softcap=1.5)
case("Attention", "past", [23, 24], [*heads, None, *past], outputs=3)
case("Attention", "past/causal", [23, 24], [*heads, None, *past], outputs=3, is_causal=1)
case("Attention", "past/mask", [23], [*heads, f(5, 11), *past], outputs=3)
case("Attention", "grouped", [23], [f(2, 6, 5, 8), *heads[1:]])
case("Attention", "joined", [23, 24], [f(2, 5, 24), f(2, 7, 24), f(2, 7, 18)], q_num_heads=3, kv_num_heads=3)
case("Attention", "joined/grouped", [23], [f(2, 5, 48), f(2, 7, 24), f(2, 7, 18)], q_num_heads=6, kv_num_heads=3)
case("Attention", "counted", [24], [*heads, f(5, 7), None, None, i(4, 7)])
case("Attention", "counted/causal", [24], [*heads, None, None, None, i(6, 7)], is_causal=1)
for mode in ["linear", "circular"]:
    case("TensorScatter", mode, [24], [f(2, 3, 6, 4), f(2, 3, 2, 4), i(1, 4)], mode=mode)
    case("TensorScatter", f"first/{mode}", [24], [f(2, 3, 6, 4), f(2, 3, 2, 4)], mode=mode)
case("TensorScatter", "round", [24], [f(2, 3, 6, 4), f(2, 3, 2, 4), i(5, 4)], mode="circular")
case("TensorScatter", "axis", [24], [f(2, 6, 3), f(2, 2, 3), constant(i(1, 4))], axis=1)
case("Attention", "counted/nothing", [24], [*heads, None, None, None, constant(i(4, 7))], is_causal=1)
for mode in range(4):
    case("Attention", f"scores/{mode}", [23, 24], [*heads, f(5, 7)], outputs=4, qk_matmul_output_mode=mode, softcap=1.5)
case(MS + "RotaryEmbedding", "first", [17], [f(2, 5, 24), i(2), constant(angles), constant(angles[::-1])], num_heads=3)
case(MS + "RotaryEmbedding", "width", [17], [f(2, 5, 24), order, constant(angles), constant(angles[::-1])])
case("DequantizeLinear", "wider", [23], [np.arange(-4, 4, dtype=np.int8), constant(np.float16(0.3))], output_dtype=TensorProto.FLOAT)
for name, value in [("usual", 0.037), ("small", 1e-8), ("large", 70000)]:
    codes = np.array([0, 1, -3, 1000, 20000000, 123456], np.int32)
    case("DequantizeLinear", f"narrower/{name}", [23], [codes, constant(np.float32(value))], output_dtype=TensorProto.FLOAT16)
case("QuantizeLinear", "narrower", [23], [f(9).astype(np.float16), constant(np.float32(0.03)), constant(np.uint8(7))])
case("QuantizeLinear", "precision", [23], [f(9).astype(np.float16), constant(np.float16(0.03)), constant(np.int8(7))], precision=TensorProto.FLOAT)


def model(kind, version, inputs, attributes, outputs):
    domain, _, operator = kind.rpartition(":")
    names, values, stored, fed = [], [], [], {}
    for position, value in enumerate(inputs):
        name = "" if value is None else f"x{position}"
        names.append(name)
        if isinstance(value, tuple):
            stored.append(value[0] if isinstance(value[0], TensorProto) else numpy_helper.from_array(np.asarray(value[0])))
            stored[-1].name = name
        elif value is not None:
            element = helper.np_dtype_to_tensor_dtype(value.dtype)
            values.append(helper.make_tensor_value_info(name, element, value.shape))
            fed[name] = value
    results = [f"y{position}" for position in range(outputs)]
    # The last operands are only used by the graphs inside.
    unused = attributes.pop("unused", 0)
    node = helper.make_node(operator, names[:len(names) - unused], results, domain=domain, **attributes)
    graph = helper.make_graph([node], "node", values, [helper.make_empty_tensor_value_info(name) for name in results], stored)
    sets = [helper.make_opsetid("", version)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    file_version = 11 if version > 21 else 10 if version > 20 else 8
    return helper.make_model(graph, opset_imports=sets, ir_version=file_version), fed


target = pathlib.Path(sys.argv[1])
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
options.intra_op_num_threads = 1
options.log_severity_level = 4
ort.set_default_logger_severity(4)
corpus, arrays, refused = [], {}, []
for number, (kind, name, version, inputs, attributes, outputs) in enumerate(CASES):
    proto, fed = model(kind, version, inputs, dict(attributes), outputs)
    path = target / f"{number}.onnx"
    path.write_bytes(proto.SerializeToString())
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        results = session.run(None, fed)
    except Exception as error:
        refused.append(f"{name}: {str(error)[:120]}")
        continue
    for position, value in enumerate(fed.values()):
        arrays[f"{name}/0/input/{position}"] = value
    for position, value in enumerate(results):
        arrays[f"{name}/0/output/{position}"] = value
    corpus.append({"name": name, "model": str(path), "sets": [{"inputs": len(fed), "outputs": len(results)}], "skipped": None, "fixed": None})
(target / "corpus.json").write_text(json.dumps(corpus))
with open(target / "arrays.npz", "wb") as file:
    np.savez(file, **arrays)
for line in refused:
    print(line)
