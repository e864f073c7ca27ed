#!/usr/bin/env python3
"""Makes single-operator int8 TensorFlow Lite models at random and runs them in LiteRT's reference kernels.

    litert_sweep.py --seed 7 --count 200 --out FOLDER [--operators add,conv]

For each operator the folder FOLDER/<operator> then holds NNN.tflite (the models), cases.json (what each
model says, and whether the runtime accepted it), data.bin (inputs and constants) and expected.bin (outputs).
The models run in a child process, since some parameters make the runtime abort: such a case is recorded as
refused and the sweep goes on after it.
"""
import argparse
import json
import math
import os
import subprocess
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INT8 = schema.TensorType.INT8
TYPES = {
    "int8": (np.int8, INT8),
    "uint8": (np.uint8, schema.TensorType.UINT8),
    "int16": (np.int16, schema.TensorType.INT16),
    "int32": (np.int32, schema.TensorType.INT32),
    "int64": (np.int64, schema.TensorType.INT64),
    "float16": (np.float16, schema.TensorType.FLOAT16),
    "float32": (np.float32, schema.TensorType.FLOAT32),
    "bool": (np.bool_, schema.TensorType.BOOL),
}
ACTIVATIONS = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}


class Tensor:
    def __init__(self, name, kind, shape, role, scales=(), zero_points=(), axis=0, data=None):
        self.name, self.kind, self.shape, self.role = name, kind, [int(d) for d in shape], role
        self.scales = [float(np.float32(s)) for s in scales]
        self.zero_points = [int(z) for z in zero_points]
        self.axis, self.data = axis, data


def operator_code(builtin, version):
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
    return code


class Case:
    """One operator, its tensors in the order of its inputs and outputs, and its attributes."""

    def __init__(self, builtin, options_kind, options, tensors, attributes, version=1):
        self.builtin, self.options_kind, self.options = builtin, options_kind, options
        self.tensors, self.attributes, self.version = tensors, attributes, version
        # The name and the options of an operator that is none of the schema, and subgraphs that the operator runs.
        self.custom, self.bodies = None, []

    def add_bodies(self, model):
        """Appends the subgraphs: their tensors and (operator, kind of options, options, inputs, outputs)."""
        for tensors, operators in self.bodies:
            graph = schema.SubGraphT()
            graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], []
            for index, tensor in enumerate(tensors):
                entry = schema.TensorT()
                entry.name, entry.type, entry.shape, entry.buffer = tensor.name, TYPES[tensor.kind][1], tensor.shape, 0
                if tensor.role == "constant":
                    buffer = schema.BufferT()
                    buffer.data = np.frombuffer(tensor.data.tobytes(), dtype=np.uint8)
                    entry.buffer = len(model.buffers)
                    model.buffers.append(buffer)
                graph.tensors.append(entry)
                if tensor.role == "input":
                    graph.inputs.append(index)
                if tensor.role == "output":
                    graph.outputs.append(index)
            for builtin, kind, options, inputs, outputs in operators:
                node = schema.OperatorT()
                node.opcodeIndex, node.inputs, node.outputs = len(model.operatorCodes), inputs, outputs
                node.builtinOptionsType, node.builtinOptions = kind, options
                model.operatorCodes.append(operator_code(builtin, 1))
                graph.operators.append(node)
            model.subgraphs.append(graph)

    def model(self):
        buffers = [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors, graph.inputs, graph.outputs = [], [], []
        node = schema.OperatorT()
        node.opcodeIndex, node.inputs, node.outputs = 0, [], []
        node.builtinOptionsType, node.builtinOptions = self.options_kind, self.options
        for index, tensor in enumerate(self.tensors):
            entry = schema.TensorT()
            entry.name, entry.type = tensor.name, TYPES[tensor.kind][1]
            entry.shape = [max(size, 1) for size in tensor.shape]
            if -1 in tensor.shape:
                entry.shapeSignature = tensor.shape
            entry.buffer = 0
            if tensor.role == "constant":
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(tensor.data.tobytes(), dtype=np.uint8)
                entry.buffer = len(buffers)
                buffers.append(buffer)
            if tensor.scales:
                quantization = schema.QuantizationParametersT()
                quantization.scale, quantization.zeroPoint = tensor.scales, tensor.zero_points
                quantization.quantizedDimension = tensor.axis
                entry.quantization = quantization
            graph.tensors.append(entry)
            if tensor.role == "output":
                graph.outputs.append(index)
                node.outputs.append(index)
            else:
                node.inputs.append(index)
                if tensor.role == "input":
                    graph.inputs.append(index)
        graph.operators = [node]
        codes = [operator_code(self.builtin, self.version)]
        if self.custom:
            codes[0].customCode, node.customOptions = self.custom
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, codes, [graph], buffers
        self.add_bodies(model)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class Draw:
    """Random parameters that stress integer arithmetic."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability):
        return self.rng.random() < probability

    def choice(self, values):
        return values[self.integer(0, len(values) - 1)]

    def scale(self, low=1e-4, high=10.0):
        if self.chance(0.05):
            return float(np.float32(2.0 ** self.integer(math.ceil(math.log2(low)), math.floor(math.log2(high)))))
        return float(np.float32(math.exp(self.rng.uniform(math.log(low), math.log(high)))))

    def near(self, value, low=1e-4, high=10.0):
        """Half of the time a scale within a factor of 4 of `value`, else any."""
        if self.chance(0.5):
            return self.scale()
        return float(np.float32(min(max(value * math.exp(self.rng.uniform(-1.4, 1.4)), low), high)))

    def zero_point(self, low=-128, high=127):
        return self.choice([low, high, 0, self.integer(low, high), self.integer(low, high)])

    def data(self, shape, kind="int8", zero_point=0, low=None):
        dtype = TYPES[kind][0]
        info = np.iinfo(dtype)
        lowest = info.min if low is None else low
        mode = self.integer(0, 5)
        if mode == 0:
            return np.full(shape, self.choice([lowest, info.max]), dtype)
        if mode == 1:
            return self.rng.choice(np.array([lowest, info.max], dtype), size=shape).astype(dtype)
        if mode == 2:
            near = zero_point + self.rng.integers(-4, 5, size=shape)
            return np.clip(near, lowest, info.max).astype(dtype)
        return self.rng.integers(lowest, info.max + 1, size=shape).astype(dtype)

    def weights(self, shape):
        mode = self.integer(0, 5)
        if mode == 0:
            return np.full(shape, self.choice([-127, 127]), np.int8)
        return self.rng.integers(-127, 128, size=shape).astype(np.int8)

    def activation(self):
        return self.choice(["none", "none", "relu", "relu6", "relu_n1_to_1"])

    def shape(self, rank, high=6):
        return [self.integer(1, high) for _ in range(rank)]

    def broadcast_pair(self):
        rank = self.integer(1, 4)
        first = self.shape(rank, 5)
        second = list(first)
        mode = self.integer(0, 3)
        if mode == 1:
            second = [1 if self.chance(0.5) else d for d in first]
            first = [1 if self.chance(0.2) else d for d in first]
        elif mode == 2:
            second = first[self.integer(0, rank - 1):]
        elif mode == 3:
            second = [1] if self.chance(0.5) else first
        if self.chance(0.3):
            first, second = second, first
        return first, second


def out_shape(first, second):
    return list(np.broadcast_shapes(tuple(first), tuple(second)))


def quantized(name, shape, role, scale, zero_point, data=None, kind="int8"):
    return Tensor(name, kind, shape, role, [scale], [zero_point], 0, data)


def window(d, options, dilations=True):
    """Draws kernel, stride, dilation and padding; returns them with input and output sizes."""
    kernel = [d.integer(1, 4), d.integer(1, 4)]
    stride = [d.integer(1, 3), d.integer(1, 3)]
    dilation = [1, 1]
    if dilations and d.chance(0.3):
        dilation = [d.integer(1, 3), d.integer(1, 3)]
    same = d.chance(0.6)
    size, out, begin = [], [], []
    for k, s, l in zip(kernel, stride, dilation):
        effective = (k - 1) * l + 1
        extent = d.integer(1 if same else effective, effective + 8)
        size.append(extent)
        if same:
            count = -(-extent // s)
            begin.append(max(0, (count - 1) * s + effective - extent) // 2)
        else:
            count = (extent - effective) // s + 1
            begin.append(0)
        out.append(count)
    options.padding = 0 if same else 1
    options.strideH, options.strideW = stride
    attributes = {"kernel": kernel, "stride": stride, "dilation": dilation, "padding_begin": begin}
    return size, out, kernel, dilation, attributes


def weight_scales(d, count, per_channel):
    base = d.scale(1e-4, 1.0)
    if not per_channel:
        return [base]
    return [float(np.float32(base * math.exp(d.rng.uniform(-2, 2)))) for _ in range(count)]


def bias_tensor(d, units, scales, input_scale):
    values = d.rng.integers(-(2 ** 16), 2 ** 16, size=units).astype(np.int32)
    products = [float(np.float32(np.float32(input_scale) * np.float32(s))) for s in scales]
    return Tensor("bias", "int32", [units], "constant", products, [0] * len(products), 0, values)


def product_output_scale(d, input_scale, scales, depth):
    return d.near(input_scale * max(scales) * 60 * math.sqrt(max(depth, 1)) * 60 / 128)


def conv(d):
    options = schema.Conv2DOptionsT()
    size, out, kernel, dilation, attributes = window(d, options)
    options.dilationHFactor, options.dilationWFactor = dilation
    groups = d.choice([1, 1, 1, 2, 3])
    depth, filters = d.integer(1, 9), d.integer(1, 9) * groups
    batch = d.integer(1, 2)
    activation = d.activation()
    options.fusedActivationFunction = ACTIVATIONS[activation]
    scales = weight_scales(d, filters, d.chance(0.8))
    in_scale, in_zero, out_zero = d.scale(), d.zero_point(), d.zero_point()
    out_scale = product_output_scale(d, in_scale, scales, depth * kernel[0] * kernel[1])
    shape = [batch, *size, depth * groups]
    tensors = [
        quantized("input", shape, "input", in_scale, in_zero, d.data(shape, zero_point=in_zero)),
        Tensor("weights", "int8", [filters, *kernel, depth], "constant", scales, [0] * len(scales), 0,
               d.weights([filters, *kernel, depth])),
    ]
    tensors.append(bias_tensor(d, filters, scales, in_scale))
    tensors.append(quantized("output", [batch, *out, filters], "output", out_scale, out_zero))
    attributes.update(groups=groups, activation=activation)
    return Case(schema.BuiltinOperator.CONV_2D, schema.BuiltinOptions.Conv2DOptions, options, tensors,
                attributes, 3)


def depthwise(d):
    options = schema.DepthwiseConv2DOptionsT()
    size, out, kernel, dilation, attributes = window(d, options)
    options.dilationHFactor, options.dilationWFactor = dilation
    channels, multiplier, batch = d.integer(1, 20), d.choice([1, 1, 1, 2, 3]), d.integer(1, 2)
    options.depthMultiplier = multiplier
    filters = channels * multiplier
    activation = d.activation()
    options.fusedActivationFunction = ACTIVATIONS[activation]
    scales = weight_scales(d, filters, d.chance(0.8))
    in_scale, in_zero, out_zero = d.scale(), d.zero_point(), d.zero_point()
    out_scale = product_output_scale(d, in_scale, scales, kernel[0] * kernel[1])
    shape = [batch, *size, channels]
    tensors = [
        quantized("input", shape, "input", in_scale, in_zero, d.data(shape, zero_point=in_zero)),
        Tensor("weights", "int8", [1, *kernel, filters], "constant", scales, [0] * len(scales), 3,
               d.weights([1, *kernel, filters])),
    ]
    if d.chance(0.8):
        tensors.append(bias_tensor(d, filters, scales, in_scale))
    tensors.append(quantized("output", [batch, *out, filters], "output", out_scale, out_zero))
    attributes.update(groups=channels, activation=activation)
    return Case(schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.BuiltinOptions.DepthwiseConv2DOptions, options,
                tensors, attributes, 3)


def transpose_conv(d):
    options = schema.TransposeConvOptionsT()
    kernel, stride = [d.integer(1, 4), d.integer(1, 4)], [d.integer(1, 3), d.integer(1, 3)]
    same = d.chance(0.5)
    size, out, begin = [], [], []
    for k, s in zip(kernel, stride):
        extent = d.integer(1, 6)
        if same:
            result = extent * s - (d.integer(0, s - 1))
            begin.append(max(0, (extent - 1) * s + k - result) // 2)
        else:
            result = (extent - 1) * s + k + d.integer(0, s - 1)
            begin.append(0)
        size.append(extent)
        out.append(result)
    options.padding = 0 if same else 1
    options.strideH, options.strideW = stride
    depth, filters, batch = d.integer(1, 8), d.integer(1, 8), d.integer(1, 2)
    activation = d.activation()
    options.fusedActivationFunction = ACTIVATIONS[activation]
    scales = weight_scales(d, filters, d.chance(0.8))
    in_scale, in_zero, out_zero = d.scale(), d.zero_point(), d.zero_point()
    out_scale = product_output_scale(d, in_scale, scales, depth * kernel[0] * kernel[1])
    shape, result = [batch, *size, depth], [batch, *out, filters]
    tensors = [
        Tensor("shape", "int32", [4], "constant", data=np.array(result, np.int32)),
        Tensor("weights", "int8", [filters, *kernel, depth], "constant", scales, [0] * len(scales), 0,
               d.weights([filters, *kernel, depth])),
        quantized("input", shape, "input", in_scale, in_zero, d.data(shape, zero_point=in_zero)),
    ]
    if d.chance(0.7):
        tensors.append(bias_tensor(d, filters, scales, in_scale))
    tensors.append(quantized("output", result, "output", out_scale, out_zero))
    attributes = {"kernel": kernel, "stride": stride, "dilation": [1, 1], "padding_begin": begin,
                  "activation": activation}
    return Case(schema.BuiltinOperator.TRANSPOSE_CONV, schema.BuiltinOptions.TransposeConvOptions, options,
                tensors, attributes, 4)


def fully_connected(d):
    options = schema.FullyConnectedOptionsT()
    rows, depth, units = d.integer(1, 4), d.integer(1, 40), d.integer(1, 12)
    activation = d.activation()
    options.fusedActivationFunction = ACTIVATIONS[activation]
    per_channel = d.chance(0.5)
    scales = weight_scales(d, units, per_channel)
    in_scale, in_zero, out_zero = d.scale(), d.zero_point(), d.zero_point()
    # Products beyond 32 bits are undefined in the runtime.
    smallest = in_scale * max(scales) * (255 * 127 * depth + 2 ** 16) / 2 ** 30
    out_scale = max(product_output_scale(d, in_scale, scales, depth), float(np.float32(smallest)))
    tensors = [
        quantized("input", [rows, depth], "input", in_scale, in_zero, d.data([rows, depth], zero_point=in_zero)),
        Tensor("weights", "int8", [units, depth], "constant", scales, [0] * len(scales), 0,
               d.weights([units, depth])),
    ]
    if d.chance(0.8):
        tensors.append(bias_tensor(d, units, scales, in_scale))
    tensors.append(quantized("output", [rows, units], "output", out_scale, out_zero))
    return Case(schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOptions.FullyConnectedOptions, options,
                tensors, {"activation": activation}, 5)


def pool(builtin):
    def make(d):
        options = schema.Pool2DOptionsT()
        size, out, kernel, _, attributes = window(d, options, dilations=False)
        options.filterHeight, options.filterWidth = kernel
        activation = d.activation()
        options.fusedActivationFunction = ACTIVATIONS[activation]
        channels, batch = d.integer(1, 9), d.integer(1, 2)
        scale, zero = d.scale(), d.zero_point()
        shape = [batch, *size, channels]
        tensors = [quantized("input", shape, "input", scale, zero, d.data(shape, zero_point=zero)),
                   quantized("output", [batch, *out, channels], "output", scale, zero)]
        attributes["activation"] = activation
        return Case(builtin, schema.BuiltinOptions.Pool2DOptions, options, tensors, attributes, 2)
    return make


def binary(builtin, kind, make_options, out_kind="int8", fused=True, accept=None, version=2, shared=False,
           top=10.0):
    """Two inputs with broadcasting; `accept(s1, s2, s_out)` draws parameters out that the runtime aborts on."""
    def make(d):
        first, second = d.broadcast_pair()
        options = make_options()
        attributes = {}
        if fused:
            attributes["activation"] = d.activation()
            options.fusedActivationFunction = ACTIVATIONS[attributes["activation"]]
        while True:
            s1 = d.scale(high=top)
            s2 = d.near(s1, high=top)
            s2 = min(s2, top)
            s3 = d.near(max(s1, s2) * 2 if builtin != schema.BuiltinOperator.MUL else s1 * s2 * 128)
            if accept is None or accept(s1, s2, s3):
                break
        z1, z2, z3 = d.zero_point(), d.zero_point(), d.zero_point()
        if shared:
            s2 = s3 = s1
            z2 = z3 = z1
        tensors = [quantized("first", first, "input", s1, z1, d.data(first, zero_point=z1)),
                   quantized("second", second, "input", s2, z2, d.data(second, zero_point=z2))]
        shape = out_shape(first, second)
        if out_kind == "bool":
            tensors.append(Tensor("output", "bool", shape, "output"))
        else:
            tensors.append(quantized("output", shape, "output", s3, z3))
        return Case(builtin, kind, options, tensors, attributes, version)
    return make


def add_accepts(s1, s2, s3):
    return 2.0 * max(s1, s2) / (float(1 << 20) * s3) < 1 - 1e-9


def squared_difference_accepts(s1, s2, s3):
    twice = 2.0 * max(s1, s2)
    return twice * twice / (float(1 << 14) * s3) < 1 - 1e-9


def reduction(builtin, shared=False):
    def make(d):
        rank = d.integer(1, 4)
        shape = d.shape(rank, 9)
        axes = sorted(d.rng.choice(rank, size=d.integer(1, rank), replace=False).tolist())
        keep = d.chance(0.5)
        options = schema.ReducerOptionsT()
        options.keepDims = keep
        count = int(np.prod([shape[a] for a in axes]))
        s1 = d.scale()
        if builtin == schema.BuiltinOperator.SUM:
            s2 = d.near(s1 * math.sqrt(count))
        else:
            s2 = d.near(s1)
        z1, z2 = d.zero_point(), d.zero_point()
        if shared:
            s2, z2 = s1, z1
        result = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
        written = [a - rank if d.chance(0.3) else a for a in axes]
        tensors = [quantized("input", shape, "input", s1, z1, d.data(shape, zero_point=z1)),
                   Tensor("axes", "int32", [len(axes)], "constant", data=np.array(written, np.int32)),
                   quantized("output", result, "output", s2, z2)]
        return Case(builtin, schema.BuiltinOptions.ReducerOptions, options, tensors,
                    {"axes": axes, "keep_dims": keep}, 2)
    return make


def unary(builtin, kind=0, make_options=lambda: None, attributes=None, output=None, version=1, accept=None,
          low=None, depth_last=False):
    """One input; `output(d, scale)` gives the output's scale and zero point."""
    def make(d):
        shape = d.shape(d.integer(1, 4), 8)
        if depth_last:
            shape[-1] = d.integer(1, 60)
        options = make_options()
        extra = attributes(d, options) if attributes else {}
        while True:
            s1, z1 = d.scale(), d.zero_point()
            s2, z2 = output(d, s1) if output else (d.near(s1), d.zero_point())
            if accept is None or accept(s1, s2):
                break
        tensors = [quantized("input", shape, "input", s1, z1,
                             d.data(shape, zero_point=z1, low=z1 if low == "zero" else None)),
                   quantized("output", shape, "output", s2, z2)]
        return Case(builtin, kind, options, tensors, extra, version)
    return make


def fixed_output(scale, zero_point):
    return lambda d, s: (scale, zero_point)


def softmax_attributes(d, options):
    beta = float(np.float32(d.choice([1.0, 1.0, d.rng.uniform(0.1, 4)])))
    options.beta = beta
    return {"beta": beta}


def leaky_attributes(d, options):
    alpha = float(np.float32(d.choice([0.01, 0.1, 0.3, d.rng.uniform(0, 2)])))
    options.alpha = alpha
    return {"alpha": alpha}


def gelu_attributes(d, options):
    options.approximate = d.chance(0.5)
    return {"approximate": bool(options.approximate)}


def prelu(d):
    shape = d.shape(d.integer(2, 4), 6)
    slopes = [1 if d.chance(0.5) else n for n in shape[1:]]
    s1, s2, z1, z2 = d.scale(), d.scale(1e-4, 0.1), d.zero_point(), d.zero_point()
    s3, z3 = d.near(s1), d.zero_point()
    tensors = [quantized("input", shape, "input", s1, z1, d.data(shape, zero_point=z1)),
               quantized("slopes", slopes, "constant", s2, z2, d.data(slopes, zero_point=z2)),
               quantized("output", shape, "output", s3, z3)]
    return Case(schema.BuiltinOperator.PRELU, 0, None, tensors, {}, 1)


def quantize(d):
    shape = d.shape(d.integer(1, 4), 8)
    scale, kind = d.scale(), d.choice(["int8", "int8", "uint8", "int16"])
    zero = {"int8": d.zero_point(), "uint8": d.zero_point(0, 255), "int16": 0}[kind]
    reach = scale * (300 if kind != "int16" else 40000)
    values = d.rng.uniform(-reach, reach, size=shape)
    if d.chance(0.3):
        values = (np.round(values / scale) + 0.5) * scale
    if d.chance(0.2):
        values = np.array(d.rng.choice([-1e9 * scale, 1e9 * scale, 0.0, -0.0, reach], size=shape))
    tensors = [Tensor("input", "float32", shape, "input", data=values.astype(np.float32)),
               quantized("output", shape, "output", scale, zero, kind=kind)]
    return Case(schema.BuiltinOperator.QUANTIZE, schema.BuiltinOptions.QuantizeOptions, schema.QuantizeOptionsT(),
                tensors, {}, 2)


def requantize(d):
    shape = d.shape(d.integer(1, 4), 8)
    source, target = d.choice([("int8", "int8"), ("int8", "uint8"), ("uint8", "int8"), ("int16", "int8"),
                               ("int8", "int8")])
    zeros = {"int8": d.zero_point(), "uint8": d.zero_point(0, 255), "int16": 0}
    s1 = d.scale()
    s2 = s1 if d.chance(0.2) else d.near(s1 if source != "int16" else s1 * 256)
    z1, z2 = zeros[source], zeros[target]
    if source != target and d.chance(0.3) and "int16" not in (source, target):
        s2, z2 = s1, z1 + (128 if source == "int8" else -128)
    if source == target:
        z2 = d.zero_point()
    tensors = [quantized("input", shape, "input", s1, z1, d.data(shape, source, z1), kind=source),
               quantized("output", shape, "output", s2, z2, kind=target)]
    return Case(schema.BuiltinOperator.QUANTIZE, schema.BuiltinOptions.QuantizeOptions, schema.QuantizeOptionsT(),
                tensors, {}, 2)


def dequantize(d):
    shape = d.shape(d.integer(1, 4), 8)
    kind = d.choice(["int8", "int8", "uint8", "int16"])
    zero = {"int8": d.zero_point(), "uint8": d.zero_point(0, 255), "int16": 0}[kind]
    tensors = [quantized("input", shape, "input", d.scale(), zero, d.data(shape, kind, zero), kind=kind),
               Tensor("output", "float32", shape, "output")]
    return Case(schema.BuiltinOperator.DEQUANTIZE, schema.BuiltinOptions.DequantizeOptions,
                schema.DequantizeOptionsT(), tensors, {}, 3)


def resize(builtin, kind, make_options):
    def make(d):
        options = make_options()
        align, half = d.choice([(False, False), (True, False), (False, True)])
        options.alignCorners, options.halfPixelCenters = align, half
        batch, channels = d.integer(1, 2), d.integer(1, 5)
        size, out = [d.integer(1, 9), d.integer(1, 9)], [d.integer(1, 14), d.integer(1, 14)]
        scale, zero = d.scale(), d.zero_point()
        shape = [batch, *size, channels]
        tensors = [quantized("input", shape, "input", scale, zero, d.data(shape, zero_point=zero)),
                   Tensor("size", "int32", [2], "constant", data=np.array(out, np.int32)),
                   quantized("output", [batch, *out, channels], "output", scale, zero)]
        return Case(builtin, kind, options, tensors, {"align_corners": align, "half_pixel_centers": half}, 3)
    return make


def batch_matmul(d):
    options = schema.BatchMatMulOptionsT()
    options.adjX, options.adjY = d.chance(0.5), d.chance(0.5)
    rows, depth, columns = d.integer(1, 6), d.integer(1, 20), d.integer(1, 6)
    stack = d.shape(d.integer(0, 2), 3)
    first = [1 if d.chance(0.3) else n for n in stack] + ([depth, rows] if options.adjX else [rows, depth])
    second = [1 if d.chance(0.3) else n for n in stack] + ([columns, depth] if options.adjY else [depth, columns])
    result = out_shape(first[:-2], second[:-2]) + [rows, columns]
    s1, s2 = d.scale(), d.scale()
    s3 = d.near(s1 * s2 * 60 * math.sqrt(depth))
    z1, z2, z3 = d.zero_point(), d.zero_point(), d.zero_point()
    tensors = [quantized("first", first, "input", s1, z1, d.data(first, zero_point=z1)),
               quantized("second", second, "input", s2, z2, d.data(second, zero_point=z2)),
               quantized("output", result, "output", s3, z3)]
    return Case(schema.BuiltinOperator.BATCH_MATMUL, schema.BuiltinOptions.BatchMatMulOptions, options, tensors,
                {"adjoint_first": bool(options.adjX), "adjoint_second": bool(options.adjY)}, 2)


def pad(d):
    shape = d.shape(d.integer(1, 4), 5)
    amounts = [[d.integer(0, 3), d.integer(0, 3)] for _ in shape]
    scale, zero = d.scale(), d.zero_point()
    result = [n + a + b for n, (a, b) in zip(shape, amounts)]
    tensors = [quantized("input", shape, "input", scale, zero, d.data(shape, zero_point=zero)),
               Tensor("amounts", "int32", [len(shape), 2], "constant", data=np.array(amounts, np.int32)),
               quantized("output", result, "output", scale, zero)]
    return Case(schema.BuiltinOperator.PAD, schema.BuiltinOptions.PadOptions, schema.PadOptionsT(), tensors,
                {"amounts": [n for pair in amounts for n in pair]}, 2)


def concatenation(d):
    options = schema.ConcatenationOptionsT()
    rank, count = d.integer(1, 4), d.integer(2, 4)
    axis = d.integer(0, rank - 1)
    base, scale, zero = d.shape(rank, 5), d.scale(), d.zero_point()
    options.axis = axis - rank if d.chance(0.3) else axis
    tensors, total = [], 0
    for index in range(count):
        shape = list(base)
        shape[axis] = d.integer(1, 4)
        total += shape[axis]
        tensors.append(quantized(f"input{index}", shape, "input", scale, zero, d.data(shape, zero_point=zero)))
    base[axis] = total
    tensors.append(quantized("output", base, "output", scale, zero))
    return Case(schema.BuiltinOperator.CONCATENATION, schema.BuiltinOptions.ConcatenationOptions, options, tensors,
                {"axis": axis}, 2)


B, O = schema.BuiltinOperator, schema.BuiltinOptions
COMPARISONS = {
    "equal": (B.EQUAL, O.EqualOptions, schema.EqualOptionsT),
    "not_equal": (B.NOT_EQUAL, O.NotEqualOptions, schema.NotEqualOptionsT),
    "less": (B.LESS, O.LessOptions, schema.LessOptionsT),
    "less_equal": (B.LESS_EQUAL, O.LessEqualOptions, schema.LessEqualOptionsT),
    "greater": (B.GREATER, O.GreaterOptions, schema.GreaterOptionsT),
    "greater_equal": (B.GREATER_EQUAL, O.GreaterEqualOptions, schema.GreaterEqualOptionsT),
}
OPERATORS = {
    "conv": conv,
    "depthwise": depthwise,
    "transpose_conv": transpose_conv,
    "fully_connected": fully_connected,
    "average_pool": pool(B.AVERAGE_POOL_2D),
    "max_pool": pool(B.MAX_POOL_2D),
    "mean": reduction(B.MEAN),
    "sum": reduction(B.SUM),
    "reduce_max": reduction(B.REDUCE_MAX, shared=True),
    "reduce_min": reduction(B.REDUCE_MIN, shared=True),
    "reduce_prod": reduction(B.REDUCE_PROD),
    "add": binary(B.ADD, O.AddOptions, schema.AddOptionsT, accept=add_accepts),
    "sub": binary(B.SUB, O.SubOptions, schema.SubOptionsT),
    "mul": binary(B.MUL, O.MulOptions, schema.MulOptionsT),
    "maximum": binary(B.MAXIMUM, O.MaximumMinimumOptions, schema.MaximumMinimumOptionsT, fused=False, shared=True),
    "minimum": binary(B.MINIMUM, O.MaximumMinimumOptions, schema.MaximumMinimumOptionsT, fused=False, shared=True),
    "squared_difference": binary(B.SQUARED_DIFFERENCE, O.SquaredDifferenceOptions,
                                 schema.SquaredDifferenceOptionsT, fused=False,
                                 accept=squared_difference_accepts),
    "relu": unary(B.RELU, version=2),
    "relu6": unary(B.RELU6, version=2),
    "relu_n1_to_1": unary(B.RELU_N1_TO_1),
    "leaky_relu": unary(B.LEAKY_RELU, O.LeakyReluOptions, schema.LeakyReluOptionsT, leaky_attributes, version=2),
    "prelu": prelu,
    "logistic": unary(B.LOGISTIC, output=fixed_output(1 / 256, -128), version=2),
    "tanh": unary(B.TANH, output=fixed_output(1 / 128, 0), version=2),
    "hard_swish": unary(B.HARD_SWISH, O.HardSwishOptions, schema.HardSwishOptionsT,
                        accept=lambda s1, s2: s1 / (128 * s2) < 0.99),
    "elu": unary(B.ELU),
    "gelu": unary(B.GELU, O.GeluOptions, schema.GeluOptionsT, gelu_attributes, version=2),
    "exp": unary(B.EXP, O.ExpOptions, schema.ExpOptionsT, version=2),
    "log": unary(B.LOG, version=2),
    "abs": unary(B.ABS, O.AbsOptions, schema.AbsOptionsT, version=2),
    "rsqrt": unary(B.RSQRT, version=2, low="zero"),
    "softmax": unary(B.SOFTMAX, O.SoftmaxOptions, schema.SoftmaxOptionsT, softmax_attributes,
                     output=fixed_output(1 / 256, -128), version=2, depth_last=True),
    "log_softmax": unary(B.LOG_SOFTMAX, O.LogSoftmaxOptions, schema.LogSoftmaxOptionsT,
                         output=fixed_output(16 / 256, 127), version=2, depth_last=True),
    "l2_normalization": unary(B.L2_NORMALIZATION, O.L2NormOptions, schema.L2NormOptionsT,
                              output=fixed_output(1 / 128, 0), version=2, depth_last=True),
    "quantize": quantize,
    "requantize": requantize,
    "dequantize": dequantize,
    "resize_nearest": resize(B.RESIZE_NEAREST_NEIGHBOR, O.ResizeNearestNeighborOptions,
                             schema.ResizeNearestNeighborOptionsT),
    "resize_bilinear": resize(B.RESIZE_BILINEAR, O.ResizeBilinearOptions, schema.ResizeBilinearOptionsT),
    "batch_matmul": batch_matmul,
    "pad": pad,
    "concatenation": concatenation,
    **{name: binary(code, kind, options, "bool", fused=False, top=0.99)
       for name, (code, kind, options) in COMPARISONS.items()},
}


def generate(folder, operator, seed, count):
    """Writes models, cases and data; every case has a seed of its own, so that any one can be made again."""
    os.makedirs(folder)
    records, position = [], 0
    with open(os.path.join(folder, "data.bin"), "wb") as data:
        for index in range(count):
            case = OPERATORS[operator](Draw([seed, index, *operator.encode()]))
            with open(os.path.join(folder, f"{index:04}.tflite"), "wb") as file:
                file.write(case.model())
            tensors = []
            for tensor in case.tensors:
                record = {"name": tensor.name, "type": tensor.kind, "shape": tensor.shape, "role": tensor.role,
                          "scales": tensor.scales, "zeroPoints": tensor.zero_points, "axis": tensor.axis}
                if tensor.data is not None:
                    raw = np.ascontiguousarray(tensor.data).tobytes()
                    record.update(offset=position, bytes=len(raw))
                    data.write(raw)
                    position += len(raw)
                tensors.append(record)
            records.append({"index": index, "operator": operator, "attributes": case.attributes,
                            "tensors": tensors})
    return records


def execute(folder, start):
    """Runs the models from `start` on; reports one line each, after its outputs have been written."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    with open(os.path.join(folder, "cases.json")) as file:
        records = json.load(file)
    data = np.fromfile(os.path.join(folder, "data.bin"), np.uint8)
    with open(os.path.join(folder, "expected.bin"), "ab") as expected:
        for record in records[start:]:
            try:
                # The reference resolver has none of these; the other one computes them by the same rules.
                reference = record["operator"].split("_of_")[0] not in ("elu", "ceil", "round", "segment_sum")
                path = os.path.join(folder, f"{record['index']:04}.tflite")
                plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                try:
                    interpreter = Interpreter(
                        model_path=path,
                        experimental_op_resolver_type=OpResolverType.BUILTIN_REF if reference else plain)
                except ValueError as error:
                    # Nor does it have the newest versions of some.
                    if "Didn't find op" not in str(error):
                        raise
                    interpreter = Interpreter(model_path=path, experimental_op_resolver_type=plain)
                interpreter.allocate_tensors()
                details = {entry["name"]: entry for entry in interpreter.get_input_details()}
                for tensor in record["tensors"]:
                    if tensor["role"] == "input":
                        raw = data[tensor["offset"]:tensor["offset"] + tensor["bytes"]]
                        value = raw.view(TYPES[tensor["type"]][0]).reshape(tensor["shape"])
                        interpreter.set_tensor(details[tensor["name"]]["index"], value)
                interpreter.invoke()
                outputs = [interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()]
                offset = expected.tell()
                for output in outputs:
                    expected.write(np.ascontiguousarray(output).tobytes())
                expected.flush()
                report = {"index": record["index"], "offset": offset,
                          "bytes": [int(o.nbytes) for o in outputs], "shapes": [list(o.shape) for o in outputs]}
            except (RuntimeError, ValueError) as error:
                report = {"index": record["index"], "refused": str(error)}
            print(json.dumps(report), flush=True)


def run(folder, records):
    """Runs all cases in child processes and adds what came out to the records."""
    path = os.path.join(folder, "cases.json")
    with open(path, "w") as file:
        json.dump(records, file)
    open(os.path.join(folder, "expected.bin"), "wb").close()
    done = 0
    while done < len(records):
        child = subprocess.run([sys.executable, __file__, "--execute", folder, "--start", str(done)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in child.stdout.splitlines():
            report = json.loads(line)
            record = records[report["index"]]
            if "refused" in report:
                record["refused"] = report["refused"]
            else:
                offset = report["offset"]
                outputs = [t for t in record["tensors"] if t["role"] == "output"]
                for tensor, size, shape in zip(outputs, report["bytes"], report["shapes"]):
                    if shape != tensor["shape"]:
                        if -1 not in tensor["shape"]:
                            record["refused"] = f"shape {shape}"
                        tensor["shape"] = shape
                    tensor.update(offset=offset, bytes=size)
                    offset += size
            done = report["index"] + 1
        if child.returncode != 0 and done < len(records):
            lines = child.stderr.strip().splitlines()
            records[done]["refused"] = "aborted: " + (lines[-1] if lines else str(child.returncode))
            done += 1
    with open(path, "w") as file:
        json.dump(records, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--out")
    parser.add_argument("--operators", default=",".join(OPERATORS))
    parser.add_argument("--rerun", metavar="FOLDER", help="run other models of the cases of a folder")
    parser.add_argument("--execute", help=argparse.SUPPRESS)
    parser.add_argument("--start", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.execute:
        execute(arguments.execute, arguments.start)
        return
    if arguments.rerun:
        with open(os.path.join(arguments.rerun, "cases.json")) as file:
            run(arguments.rerun, json.load(file))
        return
    print(f"seed {arguments.seed}")
    for operator in arguments.operators.split(","):
        folder = os.path.join(arguments.out, operator)
        records = generate(folder, operator, arguments.seed, arguments.count)
        run(folder, records)
        refused = [record["refused"] for record in records if "refused" in record]
        print(f"{operator}: {len(records) - len(refused)} run, {len(refused)} refused"
              + (f", first: {refused[0]}" if refused else ""), flush=True)


if __name__ == "__main__":
    main()
