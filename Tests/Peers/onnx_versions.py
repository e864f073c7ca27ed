"""Makes models of one operator at every operator set from 7 to 21 where its form differs, and runs them under ONNX Runtime:
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


ALL = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]


def since(first, last=21):
    return [version for version in ALL if first <= version <= last]


def constant(array):
    return (array,)


case("Add", "row", ALL, [X, f(4)])
case("Sub", "column", ALL, [X, f(5, 1)])
case("Mul", "scalar", ALL, [X, f()])
case("Div", "channel", ALL, [X, f(3, 1, 1) + 3])
case("Pow", "square", ALL, [np.abs(X), constant(np.float32(2))])
case("PRelu", "channel", ALL, [X, constant(f(3, 1, 1))])
case("Clip", "attributes", since(7, 10), [X], min=-0.5, max=1.0)
case("Clip", "operands", since(11), [X, constant(np.float32(-0.5)), constant(np.float32(1))])
case("Clip", "maximum", since(11), [X, None, constant(np.float32(0.25))])
for kind in ["Softmax", "LogSoftmax", "Hardmax"]:
    case(kind, "default", ALL, [X])
    case(kind, "axis2", ALL, [X], axis=2)
    case(kind, "last", since(11), [X], axis=-1)
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
case("GlobalLpPool", "default", ALL, [X])
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


def model(kind, version, inputs, attributes, outputs):
    names, values, stored, fed = [], [], [], {}
    for position, value in enumerate(inputs):
        name = "" if value is None else f"x{position}"
        names.append(name)
        if isinstance(value, tuple):
            stored.append(numpy_helper.from_array(np.asarray(value[0]), name))
        elif value is not None:
            element = helper.np_dtype_to_tensor_dtype(value.dtype)
            values.append(helper.make_tensor_value_info(name, element, value.shape))
            fed[name] = value
    results = [f"y{position}" for position in range(outputs)]
    node = helper.make_node(kind, names, results, **attributes)
    graph = helper.make_graph([node], "node", values, [helper.make_empty_tensor_value_info(name) for name in results], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8), fed


target = pathlib.Path(sys.argv[1])
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
options.intra_op_num_threads = 1
options.log_severity_level = 4
corpus, arrays, refused = [], {}, []
for number, (kind, name, version, inputs, attributes, outputs) in enumerate(CASES):
    proto, fed = model(kind, version, inputs, attributes, outputs)
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
