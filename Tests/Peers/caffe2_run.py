"""Runs a Caffe2 net of convolutions in NumPy, in double precision.

Arguments: predict_net.pb, inputs.npz, outputs.npz; init_net.pb lies beside the former. Of a NetDef: op = 2,
external_input = 7, external_output = 8; of an OperatorDef: input = 1, output = 2, type = 4, arg = 5; of an Argument: name = 1,
i = 3, s = 4, floats = 5, ints = 6.
"""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from peer_io import read_sets, write_sets


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def fields(data):
    """The values of a message by field number."""
    position, result = 0, {}
    while position < len(data):
        tag, position = varint(data, position)
        if tag & 7 == 0:
            value, position = varint(data, position)
        else:
            length = {1: 8, 5: 4}.get(tag & 7)
            if length is None:
                length, position = varint(data, position)
            value = data[position:position + length]
            position += length
        result.setdefault(tag >> 3, []).append(value)
    return result


def operators(path):
    net = fields(path.read_bytes())
    for data in net.get(2, []):
        operator = fields(data)
        arguments = {}
        for data in operator.get(5, []):
            argument = fields(data)
            name = argument[1][0].decode()
            if 5 in argument:
                arguments[name] = np.array(struct.unpack(f"<{len(argument[5])}f", b"".join(argument[5])))
            elif 6 in argument:
                arguments[name] = argument[6]
            else:
                arguments[name] = (argument.get(3) or argument.get(4))[0]
        names = [[name.decode() for name in operator.get(field, [])] for field in (1, 2)]
        yield operator[4][0].decode(), *names, arguments


def signed(values):
    return [v - (1 << 64) if v >> 63 else v for v in values]


def conv(x, w, b, arguments):
    pads = arguments.get("pads") or [arguments.get("pad", 0)] * 4
    assert arguments.get("stride", 1) == 1 and arguments.get("strides", [1, 1]) == [1, 1]
    x = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, w, optimize=True) + b[:, None, None]


def run(path, inputs):
    values = {name: array.astype(np.float64) for name, array in inputs.items()}
    for kind, sources, targets, arguments in operators(path.parent / "init_net.pb"):
        # The net's own fill of an input only reserves its memory.
        if kind == "GivenTensorFill" and targets[0] not in inputs:
            values[targets[0]] = arguments["values"].reshape(arguments["shape"])
    for kind, sources, targets, arguments in operators(path):
        x = [values[name] for name in sources]
        if kind == "Conv":
            y = conv(*x[:2], x[2] if len(x) > 2 else np.zeros(len(x[1])), arguments)
        elif kind == "Add":
            axis = arguments.get("axis")
            b = x[1] if axis is None else x[1].reshape(x[1].shape + (1,) * (x[0].ndim - axis - x[1].ndim))
            y = x[0] + b
        elif kind == "Relu":
            y = np.maximum(x[0], 0)
        elif kind == "Reshape":
            y = x[0].reshape(signed(arguments["shape"]))
        elif kind == "Transpose":
            y = x[0].transpose(arguments["axes"])
        else:
            raise SystemExit(f"no arithmetic for {kind}")
        values[targets[0]] = y
    outputs = [name.decode() for name in fields(path.read_bytes())[8]]
    # The second result of a Reshape, the old shape, is not computed.
    return {name: values[name].astype(np.float32) for name in outputs if name in values}


model, source, target = map(pathlib.Path, sys.argv[1:4])
write_sets(target, [run(model, inputs) for inputs in read_sets(source)])
