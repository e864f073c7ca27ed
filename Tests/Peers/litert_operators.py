#!/usr/bin/env python3
"""Makes single-operator TensorFlow Lite models of all element types at random and runs them in LiteRT's reference kernels.

    litert_operators.py --seed 7 --count 50 --out FOLDER [--operators add_of_uint8,gather_nd]

The names are those of litert_sweep.py with the type of the activations, and operators that only this script has.
The folders are as that script writes them.
"""
import argparse
import os
import sys

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import litert_sweep
from litert_sweep import Case, Tensor

B, O = schema.BuiltinOperator, schema.BuiltinOptions
HALF = ("logistic", "tanh", "softmax")


def unsigned(make):
    """The same case in unsigned bytes, which are all 128 more; weights have one scale and any zero point."""
    def made(d):
        case = make(d)
        scale = None
        for tensor in case.tensors:
            if tensor.name == "weights":
                tensor.scales = tensor.scales[:1]
                tensor.zero_points = [d.zero_point() + 128]
                scale = tensor.scales[0]
            if tensor.kind == "int8":
                tensor.kind, tensor.axis = "uint8", 0
                if tensor.name != "weights":
                    tensor.zero_points = [z + 128 for z in tensor.zero_points]
                if tensor.data is not None:
                    tensor.data = (tensor.data.astype(np.int16) + 128).astype(np.uint8)
        for tensor in case.tensors:
            if tensor.name == "bias":
                source = next(t for t in case.tensors if t.name == "input")
                tensor.scales = [float(np.float32(source.scales[0]) * np.float32(scale))]
                tensor.zero_points = [0]
            elif case.builtin == B.CONCATENATION and d.chance(0.4):
                tensor.scales, tensor.zero_points = [d.near(tensor.scales[0])], [d.zero_point() + 128]
        case.version = min(case.version, 3)
        return case
    return made


def wide(make, name):
    """The same case with activations of 16 bits without zero points, and biases of 64 bits."""
    def made(d):
        case = make(d)
        for tensor in case.tensors:
            if tensor.name == "weights":
                continue
            if tensor.name == "bias":
                source = next(t for t in case.tensors if t.name == "input")
                scales = next(t for t in case.tensors if t.name == "weights").scales
                tensor.scales = [float(np.float32(source.scales[0]) * np.float32(s)) for s in scales]
                tensor.kind, tensor.data = "int64", tensor.data.astype(np.int64)
            if tensor.kind == "int8":
                tensor.kind = "int16"
                tensor.scales = [float(np.float32(s) / 256) for s in tensor.scales]
                tensor.zero_points = [0 for _ in tensor.zero_points]
                if tensor.data is not None:
                    tensor.data = d.data(tensor.shape, "int16")
        output = case.tensors[-1]
        if name in HALF:
            output.scales = [1 / 32768]
            if d.chance(0.3):
                case.tensors[0].scales = [2.0 ** -d.integer(10, 13)]
        if name == "fully_connected":
            # Products beyond 32 bits are undefined in the runtime.
            source, weights = case.tensors[0], case.tensors[1]
            most = 2.0 ** 16 * 127 * weights.shape[1] + 2.0 ** 17
            least = source.scales[0] * max(weights.scales) * most / 2 ** 30
            output.scales = [float(np.float32(max(output.scales[0], least)))]
        if name == "sub":
            # So are factors of 1 and more.
            least = max(t.scales[0] for t in case.tensors[:2]) / 2 ** 14 * 1.01
            output.scales = [float(np.float32(max(output.scales[0], least)))]
        if name == "quantize":
            # So are quotients beyond 32 bits.
            most = np.float32(output.scales[0] * 2 ** 30)
            case.tensors[0].data = np.clip(case.tensors[0].data, -most, most)
        if name == "max_pool" and case.options.fusedActivationFunction == 2:
            # There is no operator of its own for this clamp in 16 bits, as which it is written.
            case.options.fusedActivationFunction = 1
        if hasattr(case.options, "potScaleInt16"):
            case.options.potScaleInt16 = False
        return case
    return made


# Operators whose models are not made from those of int8.

def numbers(d, kind, shape, low=-20, high=20):
    if kind in ("float32", "float16"):
        return d.rng.uniform(-1, 1, size=shape).astype(kind)
    if kind == "bool":
        return d.rng.integers(0, 2, size=shape).astype(np.bool_)
    info = np.iinfo(litert_sweep.TYPES[kind][0])
    return d.rng.integers(max(low, info.min), min(high, info.max) + 1, size=shape).astype(
        litert_sweep.TYPES[kind][0])


def given(d, name, kind, shape, **bounds):
    return Tensor(name, kind, shape, "input", data=numbers(d, kind, shape, **bounds))


def constant(name, values, kind="int32"):
    values = np.array(values, litert_sweep.TYPES[kind][0])
    return Tensor(name, kind, list(values.shape), "constant", data=values)


def result(kind, shape, name="output"):
    return Tensor(name, kind, shape, "output")


KINDS = ["float32", "int32", "int64", "int8", "uint8", "int16", "bool"]


def pointwise(builtin, kinds, options_kind=0, options=lambda: None, positive=False, version=1):
    def make(d):
        kind, shape = d.choice(kinds), d.shape(d.integer(1, 4), 6)
        x = given(d, "input", kind, shape)
        if kind == "float32":
            x.data = x.data * np.float32(d.choice([1, 4, 20]))
        if positive:
            x.data = np.abs(x.data) + np.array(0.01, x.data.dtype)
        return Case(builtin, options_kind, options(), [x, result(kind, shape)], {}, version)
    return make


def pairwise(builtin, kinds, options_kind=0, options=lambda: None, out=None, nonzero=False, positive=False,
             version=1, fused=False, same=False):
    def make(d):
        kind = d.choice(kinds)
        first, second = d.broadcast_pair()
        if same:
            second = first
        a, b = given(d, "first", kind, first), given(d, "second", kind, second)
        if positive:
            a.data = np.abs(a.data)
        if nonzero:
            b.data = np.where(np.abs(b.data) < 0.05, 1, b.data).astype(b.data.dtype)
        table = options()
        if fused:
            table.fusedActivationFunction = litert_sweep.ACTIVATIONS[d.activation()]
        return Case(builtin, options_kind, table,
                    [a, b, result(out or kind, litert_sweep.out_shape(first, second))], {}, version)
    return make


def gather_nd(d):
    kind, shape = d.choice(KINDS), d.shape(d.integer(1, 4), 5)
    depth = d.integer(1, len(shape))
    outer = d.shape(d.integer(0, 2), 4)
    places = np.stack([d.rng.integers(0, n, size=outer) for n in shape[:depth]], axis=-1)
    return Case(B.GATHER_ND, O.GatherNdOptions, schema.GatherNdOptionsT(), [
        given(d, "input", kind, shape), constant("indices", places, d.choice(["int32", "int64"])),
        result(kind, outer + shape[depth:])], {}, 2)


def scatter_nd(d):
    kind, shape = d.choice(["float32", "int32", "int64", "uint8", "int8"]), d.shape(d.integer(1, 3), 5)
    depth = d.integer(1, len(shape))
    outer = d.shape(1, 6)
    places = np.stack([d.rng.integers(0, n, size=outer) for n in shape[:depth]], axis=-1)
    return Case(B.SCATTER_ND, O.ScatterNdOptions, schema.ScatterNdOptionsT(), [
        constant("indices", places), given(d, "updates", kind, outer + shape[depth:]),
        constant("shape", shape), result(kind, shape)], {}, 1)


def sparse_to_dense(d):
    kind = d.choice(["float32", "int32", "int64"])
    rank = d.integer(1, 3)
    shape = d.shape(rank, 5)
    count = d.integer(1, int(np.prod(shape)))
    flat = np.sort(d.rng.choice(int(np.prod(shape)), size=count, replace=False))
    places = np.stack(np.unravel_index(flat, shape), axis=-1)
    if rank == 1 and d.chance(0.5):
        places = places[:, 0]
    values = [] if d.chance(0.3) else [count]
    return Case(B.SPARSE_TO_DENSE, O.SparseToDenseOptions, schema.SparseToDenseOptionsT(), [
        constant("indices", places), constant("shape", shape), given(d, "values", kind, values),
        given(d, "default", kind, []), result(kind, shape)], {}, 1)


def segment_sum(d):
    kind = d.choice(["float32", "int32"])
    count, rest = d.integer(1, 8), d.shape(d.integer(0, 2), 4)
    ids = np.cumsum([0] + [d.integer(0, 1) for _ in range(count - 1)])
    return Case(B.SEGMENT_SUM, O.SegmentSumOptions, schema.SegmentSumOptionsT(), [
        given(d, "input", kind, [count] + rest), constant("ids", ids),
        result(kind, [int(ids.max()) + 1] + rest)], {}, 1)


def unsorted(builtin, kind_of_options, options):
    def make(d):
        kind = d.choice(["float32", "int32"])
        outer, rest = d.shape(d.integer(1, 2), 4), d.shape(d.integer(0, 2), 4)
        ids, count = d.rng.integers(0, 4, size=outer), d.integer(4, 6)
        return Case(builtin, kind_of_options, options(), [
            given(d, "input", kind, outer + rest, low=-3, high=3), constant("ids", ids),
            constant("count", np.int32(count)), result(kind, [count] + rest)], {}, 1)
    return make


def one_hot(d):
    kind, shape = d.choice(["float32", "int32", "int64", "bool", "int8", "uint8"]), d.shape(d.integer(0, 3), 4)
    depth = d.integer(1, 6)
    options = schema.OneHotOptionsT()
    axis = d.integer(-1, len(shape))
    options.axis = axis
    out = list(shape)
    out.insert(axis if axis >= 0 else len(shape), depth)
    indices = given(d, "indices", d.choice(["int32", "int64"]), shape, low=-2, high=depth + 1)
    return Case(B.ONE_HOT, O.OneHotOptions, options, [
        indices, constant("depth", np.int32(depth)), given(d, "on", kind, []), given(d, "off", kind, []),
        result(kind, out)], {}, 1)


def where(d):
    shape = d.shape(d.integer(1, 4), 5)
    x = given(d, "input", d.choice(["bool", "float32", "int32", "int64"]), shape, low=-1, high=1)
    return Case(B.WHERE, O.WhereOptions, schema.WhereOptionsT(),
                [x, result("int64", [-1, len(shape)])], {}, 1)


def embedding_lookup(d):
    shape = d.shape(d.integer(2, 3), 6)
    ids = d.rng.integers(0, shape[0], size=d.integer(1, 5))
    if d.chance(0.4):
        table = litert_sweep.quantized("table", shape, "constant", d.scale(), 0, d.weights(shape))
        return Case(B.EMBEDDING_LOOKUP, 0, None, [
            constant("ids", ids), table, result("float32", [len(ids)] + shape[1:])], {}, 1)
    kind = d.choice(["float32", "int8", "uint8"])
    return Case(B.EMBEDDING_LOOKUP, 0, None, [
        constant("ids", ids), given(d, "table", kind, shape), result(kind, [len(ids)] + shape[1:])], {}, 1)


def dynamic_update_slice(d):
    kind, shape = d.choice(["float32", "int32", "int64", "int8", "bool"]), d.shape(d.integer(1, 4), 6)
    part = [d.integer(1, n) for n in shape]
    starts = Tensor("starts", "int32", [len(shape)], "input",
                    data=np.array([d.integer(-2, n + 2) for n in shape], np.int32))
    return Case(B.DYNAMIC_UPDATE_SLICE, O.DynamicUpdateSliceOptions, schema.DynamicUpdateSliceOptionsT(), [
        given(d, "input", kind, shape), given(d, "update", kind, part), starts, result(kind, shape)], {}, 1)


def reverse_sequence(d):
    kind, shape = d.choice(["float32", "int32", "int64", "uint8", "int16"]), d.shape(d.integer(2, 4), 5)
    time, batch = d.rng.choice(len(shape), size=2, replace=False).tolist()
    options = schema.ReverseSequenceOptionsT()
    options.seqDim, options.batchDim = time, batch
    lengths = [d.integer(1, shape[time]) for _ in range(shape[batch])]
    return Case(B.REVERSE_SEQUENCE, O.ReverseSequenceOptions, options, [
        given(d, "input", kind, shape), constant("lengths", lengths, d.choice(["int32", "int64"])),
        result(kind, shape)], {}, 1)


def cumsum(d):
    kind, shape = d.choice(["float32", "int32", "int64"]), d.shape(d.integer(1, 4), 5)
    options = schema.CumsumOptionsT()
    options.exclusive, options.reverse = d.chance(0.5), d.chance(0.5)
    return Case(B.CUMSUM, O.CumsumOptions, options, [
        given(d, "input", kind, shape), constant("axis", np.int32(d.integer(-len(shape), len(shape) - 1))),
        result(kind, shape)], {}, 1)


def range_(d):
    kind = d.choice(["float32", "int32", "int64"])
    step = d.choice([1, 2, 3, -1, -2])
    start = d.integer(-5, 5)
    values = [start, start + d.integer(1, 9) * step, step]
    if kind == "float32":
        # Where the number of steps is an integer, rounding decides.
        values = [values[0] * 0.37, (values[1] - 0.2 * step) * 0.37, step * 0.37]
    names = ["start", "limit", "step"]
    tensors = [Tensor(n, kind, [], "input", data=np.array(v, kind)) for n, v in zip(names, values)]
    return Case(B.RANGE, O.RangeOptions, schema.RangeOptionsT(), tensors + [result(kind, [-1])], {}, 1)


def unique(d):
    kind = d.choice(["float32", "int32", "int64", "uint8", "int8"])
    count = d.integer(1, 20)
    x = given(d, "input", kind, [count], low=-4, high=4)
    if kind == "float32":
        x.data = np.round(x.data * 3)
    options = schema.UniqueOptionsT()
    index = d.choice(["int32", "int64"])
    options.idxOutType = litert_sweep.TYPES[index][1]
    return Case(B.UNIQUE, O.UniqueOptions, options,
                [x, result(kind, [-1]), result(index, [count], "output2")], {}, 1)


def rank(d):
    shape = d.shape(d.integer(0, 4), 4)
    return Case(B.RANK, O.RankOptions, schema.RankOptionsT(),
                [given(d, "input", d.choice(KINDS), shape), result("int32", [])], {}, 1)


def zeros_like(d):
    kind, shape = d.choice(["float32", "int32", "int64"]), d.shape(d.integer(1, 4), 4)
    return Case(B.ZEROS_LIKE, O.ZerosLikeOptions, schema.ZerosLikeOptionsT(),
                [given(d, "input", kind, shape), result(kind, shape)], {}, 1)


def add_n(d):
    kind, shape = d.choice(["float32", "int32"]), d.shape(d.integer(1, 4), 4)
    tensors = [given(d, f"input{i}", kind, shape) for i in range(d.integer(2, 4))]
    return Case(B.ADD_N, O.AddNOptions, schema.AddNOptionsT(), tensors + [result(kind, shape)], {}, 1)


def broadcast_args(d):
    kind = d.choice(["int32", "int64"])
    first, second = d.broadcast_pair()
    return Case(B.BROADCAST_ARGS, 0, None, [
        Tensor("first", kind, [len(first)], "input", data=np.array(first, kind)),
        Tensor("second", kind, [len(second)], "input", data=np.array(second, kind)),
        result(kind, [max(len(first), len(second))])], {}, 1)


def bucketize(d):
    kind, shape = d.choice(["float32", "int32", "int64"]), d.shape(d.integer(1, 3), 5)
    options = schema.BucketizeOptionsT()
    scale = 1.0 if kind == "float32" else 20.0
    options.boundaries = sorted((d.rng.uniform(-1, 1, size=d.integer(1, 6)) * scale).astype(np.float32).tolist())
    return Case(B.BUCKETIZE, O.BucketizeOptions, options,
                [given(d, "input", kind, shape), result("int32", shape)], {}, 1)


def matrix_diag(d):
    kind, shape = d.choice(["float32", "int32", "int64", "uint8", "int8"]), d.shape(d.integer(1, 3), 5)
    return Case(B.MATRIX_DIAG, O.MatrixDiagOptions, schema.MatrixDiagOptionsT(),
                [given(d, "input", kind, shape), result(kind, shape + shape[-1:])], {}, 1)


def matrix_set_diag(d):
    kind, shape = d.choice(["float32", "int32", "int64", "uint8", "int8"]), d.shape(d.integer(2, 4), 5)
    return Case(B.MATRIX_SET_DIAG, O.MatrixSetDiagOptions, schema.MatrixSetDiagOptionsT(),
                [given(d, "input", kind, shape), given(d, "diagonal", kind, shape[:-2] + [min(shape[-2:])]),
                 result(kind, shape)], {}, 1)


def reduction(builtin, kinds):
    def make(d):
        kind, shape = d.choice(kinds), d.shape(d.integer(1, 4), 5)
        count = len(shape)
        axes = sorted(d.rng.choice(count, size=d.integer(1, count), replace=False).tolist())
        options = schema.ReducerOptionsT()
        options.keepDims = keep = d.chance(0.5)
        out = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
        written = [a - count if d.chance(0.3) else a for a in axes]
        x = given(d, "input", kind, shape, low=-3, high=3)
        version = 1 if kinds == ["bool"] else 2
        return Case(builtin, O.ReducerOptions, options, [x, constant("axes", written), result(kind, out)], {}, version)
    return make


def extreme(builtin, options_kind, make_options):
    def make(d):
        kind = d.choice(["float32", "int32", "uint8", "int8", "bool"])
        shape, out = d.shape(d.integer(1, 4), 5), d.choice(["int32", "int64"])
        axis = d.integer(-len(shape), len(shape) - 1)
        options = make_options()
        options.outputType = litert_sweep.TYPES[out][1]
        left = list(shape)
        left.pop(axis)
        return Case(builtin, options_kind, options, [
            given(d, "input", kind, shape, low=-3, high=3), constant("axis", np.int32(axis)),
            result(out, left)], {}, 2)
    return make


def select(builtin, options_kind, make_options):
    def make(d):
        kind = d.choice(["float32", "int32", "int64", "int8", "uint8", "int16", "bool"])
        shape = d.shape(d.integer(1, 4), 5)
        shapes = [list(shape), list(shape), list(shape)]
        if builtin == B.SELECT_V2 and d.chance(0.7):
            shapes = [[1 if d.chance(0.4) else n for n in shape][d.integer(0, len(shape) - 1):] for _ in range(3)]
        elif builtin == B.SELECT and d.chance(0.5):
            shapes[0] = d.choice([[], [shape[0]]])
        out = list(np.broadcast_shapes(*shapes)) if builtin == B.SELECT_V2 else shape
        return Case(builtin, options_kind, make_options(), [
            given(d, "condition", "bool", shapes[0]), given(d, "first", kind, shapes[1]),
            given(d, "second", kind, shapes[2]), result(kind, out)], {}, 1)
    return make


def space_to_batch(d):
    kind = d.choice(["float32", "int32", "int64", "int8", "uint8", "int16"])
    count = d.integer(1, 2)
    blocks, sizes, pads = [], [], []
    for _ in range(count):
        block, extent = d.integer(1, 3), d.integer(1, 4)
        size = d.integer(1, block * extent)
        begin = d.integer(0, block * extent - size)
        blocks.append(block)
        sizes.append(size)
        pads.append([begin, block * extent - size - begin])
    batch, channels = d.integer(1, 3), d.integer(1, 3)
    shape = [batch] + sizes + [channels]
    out = [batch * int(np.prod(blocks))] + [(s + sum(p)) // b for s, p, b in zip(sizes, pads, blocks)] + [channels]
    tensors = [given(d, "input", kind, shape), constant("blocks", blocks), constant("pads", pads),
               result(kind, out)]
    if kind in ("int8", "uint8", "int16"):
        zero = 0 if kind == "int16" else int(numbers(d, kind, [1])[0])
        for tensor in (tensors[0], tensors[-1]):
            tensor.scales, tensor.zero_points = [0.25], [zero]
    return Case(B.SPACE_TO_BATCH_ND, O.SpaceToBatchNDOptions, schema.SpaceToBatchNDOptionsT(), tensors, {}, 2)


def batch_to_space(d):
    kind = d.choice(["float32", "int32", "int64", "int8", "uint8", "int16"])
    count = d.integer(1, 2)
    blocks = [d.integer(1, 3) for _ in range(count)]
    sizes = [d.integer(1, 4) for _ in range(count)]
    crops = []
    for block, size in zip(blocks, sizes):
        begin = d.integer(0, min(block * size - 1, 2))
        crops.append([begin, d.integer(0, min(block * size - 1 - begin, 2))])
    batch, channels = d.integer(1, 2), d.integer(1, 3)
    shape = [batch * int(np.prod(blocks))] + sizes + [channels]
    out = [batch] + [s * b - sum(c) for s, b, c in zip(sizes, blocks, crops)] + [channels]
    return Case(B.BATCH_TO_SPACE_ND, O.BatchToSpaceNDOptions, schema.BatchToSpaceNDOptionsT(), [
        given(d, "input", kind, shape), constant("blocks", blocks), constant("crops", crops),
        result(kind, out)], {}, 2)


def strided_slice(d):
    kind, shape = d.choice(["float32", "int32", "int64", "int8", "uint8", "int16", "bool"]), d.shape(d.integer(1, 4), 6)
    options = schema.StridedSliceOptionsT()
    options.beginMask = options.endMask = options.ellipsisMask = options.newAxisMask = options.shrinkAxisMask = 0
    begin, end, steps = [], [], []
    index, ellipsis = [], False
    axis = 0
    while axis < len(shape):
        bit = 1 << len(begin)
        roll = d.integer(0, 9)
        if roll == 0 and not ellipsis:
            ellipsis = True
            skipped = d.integer(1, len(shape) - axis)
            options.ellipsisMask |= bit
            index.append(Ellipsis)
            begin.append(0), end.append(0), steps.append(1)
            if skipped == len(shape) - axis:
                break
            axis += skipped
            continue
        if roll == 1 and len(begin) < 4 and len(shape) < 4:
            options.newAxisMask |= bit
            index.append(np.newaxis)
            begin.append(0), end.append(1), steps.append(1)
            continue
        size = shape[axis]
        if roll == 2:
            place = d.integer(-size, size - 1)
            options.shrinkAxisMask |= bit
            index.append(place)
            begin.append(place), end.append(place + 1), steps.append(1)
        else:
            step = d.choice([1, 1, 2, 3, -1, -2])
            first, last = d.integer(-size, size - 1), d.integer(-size, size)
            hide, open_ = d.chance(0.3), d.chance(0.3)
            if hide:
                options.beginMask |= bit
            if open_:
                options.endMask |= bit
            index.append(slice(None if hide else first, None if open_ else last, step))
            begin.append(first), end.append(last), steps.append(step)
        axis += 1
    x = given(d, "input", kind, shape)
    out = x.data[tuple(index)].shape
    if 0 in out:
        return strided_slice(d)
    return Case(B.STRIDED_SLICE, O.StridedSliceOptions, options, [
        x, constant("begin", begin), constant("end", end), constant("steps", steps),
        result(kind, list(out))], {}, 2)


def cast(d):
    kinds = ["float32", "int32", "int64", "uint8", "int8", "int16", "bool"]
    source, target, shape = d.choice(kinds), d.choice(kinds), d.shape(d.integer(1, 3), 6)
    options = schema.CastOptionsT()
    options.inDataType, options.outDataType = litert_sweep.TYPES[source][1], litert_sweep.TYPES[target][1]
    x = given(d, "input", source, shape, low=0 if target == "uint8" else -20)
    if source == "float32":
        x.data = np.abs(x.data) * 20 if target == "uint8" else x.data * 20
    return Case(B.CAST, O.CastOptions, options, [x, result(target, shape)], {}, 1)


def conv3d(d):
    options = schema.Conv3DOptionsT()
    size, out, kernel, strides, dilations = [], [], [], [], []
    same = d.chance(0.5)
    for _ in range(3):
        k, s, dilation = d.integer(1, 3), d.integer(1, 2), d.integer(1, 2)
        effective = (k - 1) * dilation + 1
        extent = d.integer(1 if same else effective, effective + 4)
        kernel.append(k), strides.append(s), size.append(extent), dilations.append(dilation)
        out.append(-(-extent // s) if same else (extent - effective) // s + 1)
    options.padding = 0 if same else 1
    options.strideD, options.strideH, options.strideW = strides
    options.dilationDFactor, options.dilationHFactor, options.dilationWFactor = dilations
    options.fusedActivationFunction = litert_sweep.ACTIVATIONS[d.activation()]
    batch, depth, filters = d.integer(1, 2), d.integer(1, 3), d.integer(1, 4)
    tensors = [given(d, "input", "float32", [batch, *size, depth]),
               constant("weights", numbers(d, "float32", [*kernel, depth, filters]), "float32")]
    if d.chance(0.7):
        tensors.append(constant("bias", numbers(d, "float32", [filters]), "float32"))
    return Case(B.CONV_3D, O.Conv3DOptions, options, tensors + [result("float32", [batch, *out, filters])], {}, 1)


def conv3d_transpose(d):
    options = schema.Conv3DOptionsT()
    size, out, kernel, strides = [], [], [], []
    same = d.chance(0.5)
    for _ in range(3):
        k, s, extent = d.integer(1, 3), d.integer(1, 2), d.integer(1, 4)
        kernel.append(k), strides.append(s), size.append(extent)
        out.append(extent * s if same else (extent - 1) * s + k)
    options.padding = 0 if same else 1
    options.strideD, options.strideH, options.strideW = strides
    options.dilationDFactor = options.dilationHFactor = options.dilationWFactor = 1
    batch, depth, filters = 1, d.integer(1, 3), d.integer(1, 4)
    tensors = [constant("shape", [batch, *out, filters]),
               constant("weights", numbers(d, "float32", [*kernel, filters, depth]), "float32"),
               given(d, "input", "float32", [batch, *size, depth])]
    if d.chance(0.5):
        tensors.append(constant("bias", numbers(d, "float32", [filters]), "float32"))
    return Case(B.CONV_3D_TRANSPOSE, O.Conv3DOptions, options,
                tensors + [result("float32", [batch, *out, filters])], {}, 1)


def pool(builtin):
    def make(d):
        options = schema.Pool2DOptionsT()
        size, out, kernel, _, _ = litert_sweep.window(d, options, dilations=False)
        options.filterHeight, options.filterWidth = kernel
        options.fusedActivationFunction = litert_sweep.ACTIVATIONS[d.activation()]
        channels, batch = d.integer(1, 9), d.integer(1, 2)
        return Case(builtin, O.Pool2DOptions, options, [
            given(d, "input", "float32", [batch, *size, channels]),
            result("float32", [batch, *out, channels])], {}, 1)
    return make


def topk(d):
    kind, shape = d.choice(["float32", "int32", "int64", "int8", "uint8", "int16"]), d.shape(d.integer(1, 3), 9)
    count = d.integer(1, shape[-1])
    out = shape[:-1] + [count]
    return Case(B.TOPK_V2, O.TopKV2Options, schema.TopKV2OptionsT(), [
        given(d, "input", kind, shape), constant("k", np.int32(count)), result(kind, out),
        result("int32", out, "output2")], {}, 2)


def boxes(d, count):
    centers, sizes = d.rng.uniform(0, 1, size=[count, 2]), d.rng.uniform(0.1, 0.5, size=[count, 2])
    return np.concatenate([centers - sizes / 2, centers + sizes / 2], axis=1).astype(np.float32)


def suppression(soft):
    def make(d):
        count, most = d.integer(1, 20), d.integer(1, 8)
        tensors = [
            Tensor("boxes", "float32", [count, 4], "input", data=boxes(d, count)),
            Tensor("scores", "float32", [count], "input", data=d.rng.uniform(0, 1, size=count).astype(np.float32)),
            constant("most", np.int32(most)), constant("overlap", np.float32(d.rng.uniform(0.1, 0.9)), "float32"),
            constant("least", np.float32(d.choice([0.0, 0.3])), "float32")]
        if soft:
            tensors.append(constant("sigma", np.float32(d.choice([0.0, 0.2, 0.5])), "float32"))
        tensors.append(result("int32", [most]))
        if soft:
            tensors.append(result("float32", [most], "output2"))
        tensors.append(result("int32", [], "count"))
        if soft:
            return Case(B.NON_MAX_SUPPRESSION_V5, O.NonMaxSuppressionV5Options,
                        schema.NonMaxSuppressionV5OptionsT(), tensors, {}, 1)
        return Case(B.NON_MAX_SUPPRESSION_V4, O.NonMaxSuppressionV4Options,
                    schema.NonMaxSuppressionV4OptionsT(), tensors, {}, 1)
    return make


def detection(d):
    count, classes, background = d.integer(4, 20), d.integer(1, 4), d.integer(0, 1)
    most, regular = d.integer(1, 6), d.chance(0.5)
    per_box = 1 if regular else d.integer(1, min(2, classes))
    # Without a suppression in each class the runtime leaves what is not found as it was in memory: so much is found.
    places = np.zeros([count, 2])
    if not regular:
        most = min(most, count)
        places[:, 0] = 10 * (np.arange(count) % most)
    options = flexbuffers.Builder()
    scales = [d.choice([1.0, 5.0, 10.0]) for _ in range(4)]
    with options.Map():
        options.Int("max_detections", most)
        options.Int("max_classes_per_detection", per_box)
        if d.chance(0.5):
            options.Int("detections_per_class", d.integer(1, 5))
        options.Bool("use_regular_nms", regular)
        options.Float("nms_score_threshold", 0.0)
        options.Float("nms_iou_threshold", d.choice([0.3, 0.6]))
        options.Int("num_classes", classes)
        for name, scale in zip(["y_scale", "x_scale", "h_scale", "w_scale"], scales):
            options.Float(name, scale)
    anchors = np.concatenate([places + d.rng.uniform(0, 1, size=[count, 2]), d.rng.uniform(0.05, 0.3, size=[count, 2])], axis=1)
    tensors = [
        given(d, "boxes", "float32", [1, count, 4]),
        Tensor("scores", "float32", [1, count, classes + background], "input",
               data=d.rng.uniform(0, 1, size=[1, count, classes + background]).astype(np.float32)),
        constant("anchors", anchors, "float32")]
    for name, shape in [("output", [1, most * per_box, 4]), ("classes", [1, most * per_box]),
                        ("values", [1, most * per_box]), ("count", [1])]:
        tensors.append(result("float32", shape, name))
    case = Case(B.CUSTOM, 0, None, tensors, {}, 1)
    case.custom = ("TFLite_Detection_PostProcess", np.frombuffer(bytes(options.Finish()), np.uint8))
    return case


def if_(d):
    shape = d.shape(d.integer(1, 3), 4)
    options = schema.IfOptionsT()
    options.thenSubgraphIndex, options.elseSubgraphIndex = 1, 2
    case = Case(B.IF, O.IfOptions, options, [
        given(d, "condition", "bool", []), given(d, "first", "float32", shape),
        given(d, "second", "float32", shape), result("float32", shape)], {}, 1)

    def body(*operators):
        return ([given(d, "a", "float32", shape), given(d, "b", "float32", shape), result("float32", shape),
                 constant("c", numbers(d, "float32", [1]), "float32"),
                 Tensor("t", "float32", shape, "inner")], list(operators))
    case.bodies = [
        body((B.ADD, O.AddOptions, schema.AddOptionsT(), [0, 1], [2])),
        body((B.MUL, O.MulOptions, schema.MulOptionsT(), [0, 3], [4]),
             (B.SUB, O.SubOptions, schema.SubOptionsT(), [4, 1], [2]))]
    return case


def while_(d):
    shape = d.shape(d.integer(1, 3), 4)
    options = schema.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = 1, 2
    case = Case(B.WHILE, O.WhileOptions, options, [
        Tensor("number", "int32", [], "input", data=np.array(d.integer(0, 3), np.int32)),
        given(d, "value", "float32", shape), given(d, "step", "float32", [1]), result("int32", [], "count"),
        result("float32", shape), result("float32", [1], "kept")], {}, 1)
    case.bodies = [
        ([Tensor("i", "int32", [], "input"), Tensor("x", "float32", shape, "input"),
          Tensor("s", "float32", [1], "input"), constant("n", np.int32(d.integer(1, 6))),
          Tensor("less", "bool", [], "output")],
         [(B.LESS, O.LessOptions, schema.LessOptionsT(), [0, 3], [4])]),
        ([Tensor("i", "int32", [], "input"), Tensor("x", "float32", shape, "input"),
          Tensor("s", "float32", [1], "input"), constant("one", np.int32(1)),
          Tensor("j", "int32", [], "output"), Tensor("y", "float32", shape, "output"),
          Tensor("s2", "float32", [1], "output")],
         [(B.ADD, O.AddOptions, schema.AddOptionsT(), [0, 3], [4]),
          (B.ADD, O.AddOptions, schema.AddOptionsT(), [1, 2], [5]),
          (B.ABS, O.AbsOptions, schema.AbsOptionsT(), [2], [6])])]
    return case


def depth_space(builtin, options_kind, make_options, deeper):
    def make(d):
        kind = d.choice(["float32", "int32", "int64", "int8", "uint8"])
        block, batch, channels = d.integer(1, 3), d.integer(1, 2), d.integer(1, 3)
        small = [d.integer(1, 3), d.integer(1, 3)]
        large = [batch, small[0] * block, small[1] * block, channels]
        deep = [batch, *small, channels * block * block]
        options = make_options()
        options.blockSize = block
        source, target = (large, deep) if deeper else (deep, large)
        return Case(builtin, options_kind, options, [given(d, "input", kind, source), result(kind, target)], {}, 1)
    return make


OPERATORS = {
    "gather_nd": gather_nd, "scatter_nd": scatter_nd, "sparse_to_dense": sparse_to_dense,
    "segment_sum": segment_sum, "one_hot": one_hot, "where": where, "embedding_lookup": embedding_lookup,
    "unsorted_segment_sum": unsorted(
        B.UNSORTED_SEGMENT_SUM, O.UnsortedSegmentSumOptions, schema.UnsortedSegmentSumOptionsT),
    "unsorted_segment_prod": unsorted(
        B.UNSORTED_SEGMENT_PROD, O.UnsortedSegmentProdOptions, schema.UnsortedSegmentProdOptionsT),
    "unsorted_segment_max": unsorted(
        B.UNSORTED_SEGMENT_MAX, O.UnsortedSegmentMaxOptions, schema.UnsortedSegmentMaxOptionsT),
    "unsorted_segment_min": unsorted(
        B.UNSORTED_SEGMENT_MIN, O.UnsortedSegmentMinOptions, schema.UnsortedSegmentMinOptionsT),
    "dynamic_update_slice": dynamic_update_slice, "reverse_sequence": reverse_sequence, "cumsum": cumsum,
    "range": range_, "unique": unique, "rank": rank, "zeros_like": zeros_like, "add_n": add_n,
    "broadcast_args": broadcast_args, "bucketize": bucketize, "matrix_diag": matrix_diag,
    "matrix_set_diag": matrix_set_diag, "topk": topk, "strided_slice": strided_slice, "cast": cast,
    "reduce_any": reduction(B.REDUCE_ANY, ["bool"]), "reduce_all": reduction(B.REDUCE_ALL, ["bool"]),
    "sum": reduction(B.SUM, ["float32", "int32", "int64"]),
    "mean": reduction(B.MEAN, ["float32", "int32", "int64"]),
    "reduce_max": reduction(B.REDUCE_MAX, ["float32", "int32", "int64", "bool"]),
    "reduce_min": reduction(B.REDUCE_MIN, ["float32", "int32", "int64", "bool"]),
    "reduce_prod": reduction(B.REDUCE_PROD, ["float32", "int32", "int64"]),
    "arg_max": extreme(B.ARG_MAX, O.ArgMaxOptions, schema.ArgMaxOptionsT),
    "arg_min": extreme(B.ARG_MIN, O.ArgMinOptions, schema.ArgMinOptionsT),
    "select": select(B.SELECT, O.SelectOptions, schema.SelectOptionsT),
    "select_v2": select(B.SELECT_V2, O.SelectV2Options, schema.SelectV2OptionsT),
    "space_to_batch": space_to_batch, "batch_to_space": batch_to_space,
    "conv_3d": conv3d, "conv_3d_transpose": conv3d_transpose,
    "average_pool": pool(B.AVERAGE_POOL_2D), "max_pool": pool(B.MAX_POOL_2D), "l2_pool": pool(B.L2_POOL_2D),
    "detection_post_process": detection, "if": if_, "while": while_,
    "non_max_suppression_v4": suppression(False), "non_max_suppression_v5": suppression(True),
    "depth_to_space": depth_space(B.DEPTH_TO_SPACE, O.DepthToSpaceOptions, schema.DepthToSpaceOptionsT, False),
    "space_to_depth": depth_space(B.SPACE_TO_DEPTH, O.SpaceToDepthOptions, schema.SpaceToDepthOptionsT, True),
    "atan2": pairwise(B.ATAN2, ["float32"], same=True),
    "bitwise_xor": pairwise(B.BITWISE_XOR, ["int32", "int8", "uint8", "int16"], O.BitwiseXorOptions,
                            schema.BitwiseXorOptionsT),
    "right_shift": pairwise(B.RIGHT_SHIFT, ["int32", "int8", "uint8", "int16"], O.RightShiftOptions,
                            schema.RightShiftOptionsT, positive=False),
    "add": pairwise(B.ADD, ["float32", "int32", "int64"], O.AddOptions, schema.AddOptionsT, fused=True),
    "sub": pairwise(B.SUB, ["float32", "int32", "int64"], O.SubOptions, schema.SubOptionsT, fused=True),
    "mul": pairwise(B.MUL, ["float32", "int32", "int64"], O.MulOptions, schema.MulOptionsT, fused=True),
    "div": pairwise(B.DIV, ["float32", "int32"], O.DivOptions, schema.DivOptionsT, nonzero=True, fused=True),
    "floor_div": pairwise(B.FLOOR_DIV, ["float32", "int32", "int8", "int16"], O.FloorDivOptions,
                          schema.FloorDivOptionsT, nonzero=True, version=2),
    "floor_mod": pairwise(B.FLOOR_MOD, ["float32", "int32", "int64", "int8", "int16"], O.FloorModOptions,
                          schema.FloorModOptionsT, nonzero=True, version=1),
    "maximum": pairwise(B.MAXIMUM, ["float32", "int32", "int64", "uint8", "int8", "int16"],
                        O.MaximumMinimumOptions, schema.MaximumMinimumOptionsT),
    "minimum": pairwise(B.MINIMUM, ["float32", "int32", "int64", "uint8", "int8", "int16"],
                        O.MaximumMinimumOptions, schema.MaximumMinimumOptionsT),
    "pow": pairwise(B.POW, ["float32"], O.PowOptions, schema.PowOptionsT, positive=True),
    "squared_difference": pairwise(B.SQUARED_DIFFERENCE, ["float32", "int32"], O.SquaredDifferenceOptions,
                                   schema.SquaredDifferenceOptionsT),
    "logical_and": pairwise(B.LOGICAL_AND, ["bool"], O.LogicalAndOptions, schema.LogicalAndOptionsT),
    "logical_or": pairwise(B.LOGICAL_OR, ["bool"], O.LogicalOrOptions, schema.LogicalOrOptionsT),
    **{name: pairwise(code, ["float32", "int32", "int64"] + (
        ["bool"] if name in ("equal", "not_equal") else []), kind, options, "bool")
       for name, (code, kind, options) in litert_sweep.COMPARISONS.items()},
    "abs": pointwise(B.ABS, ["float32", "int32"], O.AbsOptions, schema.AbsOptionsT),
    "ceil": pointwise(B.CEIL, ["float32"]), "round": pointwise(B.ROUND, ["float32"]),
    "floor": pointwise(B.FLOOR, ["float32"]), "sin": pointwise(B.SIN, ["float32"]),
    "cos": pointwise(B.COS, ["float32"], O.CosOptions, schema.CosOptionsT),
    "exp": pointwise(B.EXP, ["float32"], O.ExpOptions, schema.ExpOptionsT),
    "log": pointwise(B.LOG, ["float32"], positive=True),
    "sqrt": pointwise(B.SQRT, ["float32"], positive=True),
    "rsqrt": pointwise(B.RSQRT, ["float32"], positive=True),
    "neg": pointwise(B.NEG, ["float32", "int32", "int64"], O.NegOptions, schema.NegOptionsT),
    "sign": pointwise(B.SIGN, ["float32", "int32"], O.SignOptions, schema.SignOptionsT),
    "square": pointwise(B.SQUARE, ["float32"], O.SquareOptions, schema.SquareOptionsT),
    "logical_not": pointwise(B.LOGICAL_NOT, ["bool"], O.LogicalNotOptions, schema.LogicalNotOptionsT),
    "elu": pointwise(B.ELU, ["float32"]), "relu": pointwise(B.RELU, ["float32"]),
    "relu6": pointwise(B.RELU6, ["float32"]), "relu_n1_to_1": pointwise(B.RELU_N1_TO_1, ["float32"]),
    "relu_0_to_1": pointwise(B.RELU_0_TO_1, ["float32"]),
    "logistic": pointwise(B.LOGISTIC, ["float32"]), "tanh": pointwise(B.TANH, ["float32"]),
    "hard_swish": pointwise(B.HARD_SWISH, ["float32"], O.HardSwishOptions, schema.HardSwishOptionsT),
    "gelu": pointwise(B.GELU, ["float32"], O.GeluOptions, schema.GeluOptionsT),
    "log_softmax": pointwise(B.LOG_SOFTMAX, ["float32"], O.LogSoftmaxOptions, schema.LogSoftmaxOptionsT),
    "l2_normalization": pointwise(B.L2_NORMALIZATION, ["float32"], O.L2NormOptions, schema.L2NormOptionsT),
    **{f"{name}_of_uint8": unsigned(make) for name, make in litert_sweep.OPERATORS.items()},
    **{f"{name}_of_int16": wide(make, name) for name, make in litert_sweep.OPERATORS.items()},
    **{f"{name}_of_int8": make for name, make in litert_sweep.OPERATORS.items()},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--out", required=True)
    parser.add_argument("--operators", default=",".join(OPERATORS))
    arguments = parser.parse_args()
    litert_sweep.OPERATORS = OPERATORS
    for operator in arguments.operators.split(","):
        folder = os.path.join(arguments.out, operator)
        records = litert_sweep.generate(folder, operator, arguments.seed, arguments.count)
        litert_sweep.run(folder, records)
        refused = [record["refused"] for record in records if "refused" in record]
        print(f"{operator}: {len(records) - len(refused)} run, {len(refused)} refused"
              + (f", first: {refused[0]}" if refused else ""), flush=True)


if __name__ == "__main__":
    main()
