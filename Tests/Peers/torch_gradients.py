"""Computes outputs of graphs and their gradients by torch.autograd in float64: torch_gradients.py FOLDER COUNT

FOLDER/i.json lists the nodes of graph number i, with Skiff's operators and all of their attributes. FOLDER/i.npz holds the inputs and
constants by `value/NAME` and the cotangents of the outputs by `cotangent/NAME`. FOLDER/i.out.npz gets `output/NAME` and, for
inputs and constants of real numbers, `gradient/NAME`.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

CONVOLUTIONS = [F.conv1d, F.conv2d, F.conv3d]
TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]
GREATEST = [F.max_pool1d, F.max_pool2d, F.max_pool3d]


def clamp(x, name):
    return {"none": lambda x: x, "relu": F.relu, "relu6": F.relu6, "reluN1To1": F.hardtanh}[name](x)


def integers(x):
    return [int(i) for i in x.reshape(-1).tolist()]


def channels_first(x, layout):
    return x if layout == "first" else x.movedim(-1, 1)


def as_before(x, layout):
    return x if layout == "first" else x.movedim(1, -1)


def window(a, x, size):
    """Strides, dilations and padding (beginning, end) of each spatial axis of x, which has its channels first."""
    rank = len(size)
    strides, dilations = a["strides"] or [1] * rank, a["dilations"] or [1] * rank
    if a["padding"] == "explicit":
        pads = a["pads"] or [0] * 2 * rank
        return strides, dilations, list(zip(pads[:rank], pads[rank:]))
    amounts = []
    for axis in range(rank):
        length = x.shape[axis + 2]
        total = max(0, (-(-length // strides[axis]) - 1) * strides[axis] + (size[axis] - 1) * dilations[axis] + 1 - length)
        less, more = total // 2, total - total // 2
        amounts.append((less, more) if a["padding"] == "sameUpper" else (more, less))
    return strides, dilations, amounts


def padded(x, amounts, value=0.0):
    return F.pad(x, [number for pair in reversed(amounts) for number in pair], value=value)


def convolution(a, x, w, b=None):
    x, w = channels_first(x, a["layout"]), channels_first(w, a["layout"])
    strides, dilations, amounts = window(a, x, w.shape[2:])
    y = CONVOLUTIONS[len(strides) - 1](padded(x, amounts), w, b, strides, 0, dilations, a["groups"])
    return clamp(as_before(y, a["layout"]), a["activation"])


def transposed_convolution(a, x, w, b=None):
    if a["layout"] == "last":
        # [outputs, window…, inputs]
        x, w = x.movedim(-1, 1), w.movedim(-1, 0)
    rank = x.dim() - 2
    strides, dilations = a["strides"] or [1] * rank, a["dilations"] or [1] * rank
    pads, extra = a["pads"] or [0] * 2 * rank, a["outputPadding"] or [0] * rank
    y = TRANSPOSED[rank - 1](x, w, None, strides, 0, 0, a["groups"], dilations)
    # What is cut off, and what is added at the end.
    y = padded(y, [(-pads[axis], extra[axis] - pads[rank + axis]) for axis in range(rank)])
    if b is not None:
        y = y + b.reshape([-1] + [1] * rank)
    return clamp(as_before(y, a["layout"]), a["activation"])


def max_pool(a, x):
    x = channels_first(x, a["layout"])
    strides, dilations, amounts = window(a, x, a["size"])
    y = GREATEST[len(strides) - 1](padded(x, amounts, -1e30), a["size"], strides, 0, dilations)
    return as_before(y, a["layout"])


def average_pool(a, x):
    x = channels_first(x, a["layout"])
    strides, dilations, amounts = window(a, x, a["size"])
    ones = torch.ones([x.shape[1], 1] + a["size"], dtype=x.dtype)

    def sums(x):
        return CONVOLUTIONS[len(strides) - 1](x, ones, None, strides, 0, dilations, x.shape[1])

    counted = torch.ones_like(padded(x, amounts)) if a["countsPadding"] else padded(torch.ones_like(x), amounts)
    return clamp(as_before(sums(padded(x, amounts)) / sums(counted), a["layout"]), a["activation"])


def fully_connected(a, x, w, b=None):
    return clamp(F.linear(x, w, b), a["activation"])


def matrix_multiply(a, x, y):
    x = x.transpose(-1, -2) if a["transposesA"] and x.dim() > 1 else x
    y = y.transpose(-1, -2) if a["transposesB"] and y.dim() > 1 else y
    return torch.matmul(x, y)


def axes(a, x):
    return [axis % x.dim() for axis in a["axes"]] or list(range(x.dim()))


def layer_normalization(a, x, scale=None, shift=None):
    shape = list(x.shape[a["axis"] % x.dim():])
    y = F.layer_norm(x, shape, eps=a["epsilon"])
    y = y if scale is None else y * scale
    return y if shift is None else y + shift


def rms_normalization(a, x, scale=None):
    dims = list(range(a["axis"] % x.dim(), x.dim()))
    y = x / torch.sqrt((x * x).mean(dims, keepdim=True) + a["epsilon"])
    return y if scale is None else y * scale


def resize(a, x, region=None, scales=None, sizes=None):
    chosen = [axis % x.dim() for axis in a["axes"]] or list(range(x.dim()))
    wanted = list(x.shape)
    for index, axis in enumerate(chosen):
        wanted[axis] = int(sizes[index]) if sizes is not None else int(x.shape[axis] * float(scales[index]))
    first = x if wanted[1] == x.shape[1] else x.movedim(-1, 1)
    space = wanted[2:] if wanted[1] == x.shape[1] else wanted[1:-1]
    options = {"mode": "bilinear", "align_corners": a["coordinates"] == "alignCorners"} if a["mode"] == "linear" else {"mode": "nearest"}
    y = F.interpolate(first, size=space, **options)
    return y if first is x else y.movedim(1, -1)


def reflected(x, amounts):
    for axis in range(x.dim()):
        size = x.shape[axis]
        places = [abs(place) for place in range(-amounts[axis], size + amounts[x.dim() + axis])]
        places = [min(place, 2 * (size - 1) - place) for place in places]
        x = x.index_select(axis, torch.tensor(places))
    return x


def pad(a, x, amounts, value=None, chosen=None):
    amounts, rank = integers(amounts), x.dim()
    if a["content"] == "reflect":
        return reflected(x, amounts)
    chosen = integers(chosen) if chosen is not None else list(range(rank))
    pairs = [(0, 0)] * rank
    for index, axis in enumerate(chosen):
        pairs[axis] = (amounts[index], amounts[len(chosen) + index])
    inside = padded(x, pairs)
    return inside if value is None else inside + value * (1 - padded(torch.ones_like(x), pairs))


def slices(a, x, starts, ends, chosen=None, steps=None):
    starts, ends = integers(starts), integers(ends)
    chosen = integers(chosen) if chosen is not None else list(range(len(starts)))
    steps = integers(steps) if steps is not None else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, chosen, steps):
        places = list(range(x.shape[axis]))[slice(start, end, step)]
        x = x.index_select(axis, torch.tensor(places, dtype=torch.int64))
    return x


def gather(a, x, places):
    axis = a["axis"] % x.dim()
    flat = places.reshape(-1) % x.shape[axis]
    return x.index_select(axis, flat).reshape(list(x.shape[:axis]) + list(places.shape) + list(x.shape[axis + 1:]))


def split(a, x):
    axis = a["axis"]
    return torch.split(x, a["sizes"] or -(-x.shape[axis] // a["parts"]), axis)


def reshape(a, x, shape):
    sizes = [x.shape[axis] if size == 0 and not a["allowsZero"] else size for axis, size in enumerate(integers(shape))]
    return x.reshape(sizes)


def unsqueeze(x, places):
    for place in places:
        x = x.unsqueeze(place)
    return x


def channels_normalized(a, x, groups, scale, shift):
    x = channels_first(x, a["layout"])
    rows = x.reshape(x.shape[0], groups, -1)
    deviations = rows - rows.mean(-1, keepdim=True)
    y = (deviations / torch.sqrt(deviations.square().mean(-1, keepdim=True) + a["epsilon"])).reshape(x.shape)
    column = [-1] + [1] * (x.dim() - 2)
    y = y if scale is None else y * scale.reshape(column)
    y = y if shift is None else y + shift.reshape(column)
    return as_before(y, a["layout"])


def batch_normalization(a, x, scale, shift, mean, variance):
    column = [-1] + [1] * (x.dim() - 1 - a["axis"] % x.dim())
    scale, shift, mean, variance = (one.reshape(column) for one in (scale, shift, mean, variance))
    return (x - mean) / torch.sqrt(variance + a["epsilon"]) * scale + shift


def recurrent(kind, order, a, x, w, r, b=None, lengths=None, *states):
    """One direction of an LSTM or GRU whose gates are in ONNX's order, by torch's cell functions."""
    hidden = r.shape[-1]
    def ordered(t):
        return torch.cat([t[gate * hidden:(gate + 1) * hidden] for gate in order])
    bias = torch.zeros(2 * len(order) * hidden, dtype=x.dtype) if b is None else b[0]
    own, other = bias.chunk(2)
    parameters = ordered(w[0]), ordered(r[0]), ordered(own), ordered(other)
    zeros = torch.zeros(x.shape[1], hidden, dtype=x.dtype)
    state = [states[index][0] if index < len(states) and states[index] is not None else zeros for index in range(2 if kind == "LSTM" else 1)]
    steps = []
    for step in x:
        if kind == "LSTM":
            state = list(torch._VF.lstm_cell(step, state, *parameters))
        else:
            state = [torch._VF.gru_cell(step, state[0], *parameters)]
        steps.append(state[0])
    return [torch.stack(steps)[:, None]] + [one[None] for one in state]


def bounded(a, x, low=None, high=None):
    low = low if low is not None else a["minimum"]
    high = high if high is not None else a["maximum"]
    return torch.clamp(x, None if low is None else float(low), None if high is None else float(high))


OPERATORS = {
    "Add": lambda a, x, y: clamp(x + y, a["activation"]),
    "Subtract": lambda a, x, y: clamp(x - y, a["activation"]),
    "Multiply": lambda a, x, y: clamp(x * y, a["activation"]),
    "Divide": lambda a, x, y: clamp(x / y, a["activation"]),
    "Maximum": lambda a, x, y: torch.maximum(x, y),
    "Minimum": lambda a, x, y: torch.minimum(x, y),
    "SquaredDifference": lambda a, x, y: (x - y) ** 2,
    "Power": lambda a, x, y: torch.pow(x, y),
    "Identity": lambda a, x: x,
    "Relu": lambda a, x: F.relu(x),
    "LeakyRelu": lambda a, x: F.leaky_relu(x, a["alpha"]),
    "PRelu": lambda a, x, slope: torch.where(x < 0, x * slope, x),
    "Selu": lambda a, x: a["gamma"] * torch.where(x < 0, a["alpha"] * torch.expm1(x), x),
    "Elu": lambda a, x: F.elu(x, a["alpha"]),
    "Sigmoid": lambda a, x: torch.sigmoid(x),
    "Tanh": lambda a, x: torch.tanh(x),
    "Softplus": lambda a, x: F.softplus(x),
    "Softsign": lambda a, x: F.softsign(x),
    "Gelu": lambda a, x: F.gelu(x, approximate=a["approximation"]),
    "Swish": lambda a, x: F.silu(x),
    "HardSwish": lambda a, x: F.hardswish(x),
    "HardSigmoid": lambda a, x: torch.clamp(a["alpha"] * x + a["beta"], 0, 1),
    "Mish": lambda a, x: F.mish(x),
    "Clip": bounded,
    "Abs": lambda a, x: torch.abs(x),
    "Negate": lambda a, x: -x,
    "Exp": lambda a, x: torch.exp(x),
    "Log": lambda a, x: torch.log(x),
    "Sqrt": lambda a, x: torch.sqrt(x),
    "Rsqrt": lambda a, x: torch.rsqrt(x),
    "Square": lambda a, x: x * x,
    "Erf": lambda a, x: torch.erf(x),
    "Softmax": lambda a, x: torch.softmax(a["beta"] * x, a["axis"]),
    "LogSoftmax": lambda a, x: torch.log_softmax(x, a["axis"]),
    "ReduceSum": lambda a, x: x.sum(axes(a, x), keepdim=a["keepsDimensions"]),
    "ReduceMean": lambda a, x: x.mean(axes(a, x), keepdim=a["keepsDimensions"]),
    "ReduceMax": lambda a, x: x.amax(axes(a, x), keepdim=a["keepsDimensions"]),
    "ReduceMin": lambda a, x: x.amin(axes(a, x), keepdim=a["keepsDimensions"]),
    "ReduceL2": lambda a, x: x.norm(dim=axes(a, x), keepdim=a["keepsDimensions"]),
    "ReduceLogSumExp": lambda a, x: x.logsumexp(axes(a, x), keepdim=a["keepsDimensions"]),
    "Reshape": reshape,
    "Squeeze": lambda a, x: x.squeeze([axis % x.dim() for axis in a["axes"]]) if a["axes"] else x.squeeze(),
    "Unsqueeze": lambda a, x: unsqueeze(x, sorted(axis % (x.dim() + len(a["axes"])) for axis in a["axes"])),
    "Transpose": lambda a, x: x.permute(a["permutation"] or list(reversed(range(x.dim())))),
    "Concat": lambda a, *parts: torch.cat(parts, a["axis"]),
    "Reverse": lambda a, x: torch.flip(x, a["axes"]),
    "Split": split,
    "Slice": slices,
    "Pad": pad,
    "Expand": lambda a, x, shape: x.expand(torch.broadcast_shapes(x.shape, integers(shape))),
    "Tile": lambda a, x, repeats: x.repeat(integers(repeats)),
    "Gather": gather,
    "Select": lambda a, condition, x, y: torch.where(condition, x, y),
    "Convolution": convolution,
    "TransposedConvolution": transposed_convolution,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "Resize": resize,
    "FullyConnected": fully_connected,
    "MatrixMultiply": matrix_multiply,
    "BatchNormalization": batch_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "InstanceNormalization": lambda a, x, scale=None, shift=None: channels_normalized(a, x, channels_first(x, a["layout"]).shape[1], scale, shift),
    "GroupNormalization": lambda a, x, scale=None, shift=None: channels_normalized(a, x, a["groups"], scale, shift),
    # ONNX's gates: input, output, forget, cell; torch's: input, forget, cell, output.
    "LSTM": lambda a, *inputs: recurrent("LSTM", [0, 2, 3, 1], a, *inputs),
    # ONNX's gates: update, reset, hidden; torch's: reset, update, hidden.
    "GRU": lambda a, *inputs: recurrent("GRU", [1, 0, 2], a, *inputs),
}


def case(folder, number):
    graph = json.loads((folder / f"{number}.json").read_text())
    values, cotangents = {}, {}
    with np.load(folder / f"{number}.npz") as arrays:
        for key in arrays.files:
            kind, name = key.split("/", 1)
            tensor = torch.from_numpy(arrays[key].copy())
            (values if kind == "value" else cotangents)[name] = tensor.double() if tensor.is_floating_point() else tensor
    leaves = {name: value.requires_grad_() for name, value in values.items() if value.is_floating_point()}
    for node in graph["nodes"]:
        operands = [None if name is None else values[name] for name in node["inputs"]]
        results = OPERATORS[node["operator"]](node["attributes"], *operands)
        results = results if isinstance(results, (list, tuple)) else [results]
        values.update(zip(node["outputs"], results))
    total = sum((values[name] * cotangent).sum() for name, cotangent in cotangents.items())
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    results = {f"output/{name}": values[name].detach().numpy() for name in cotangents}
    for (name, leaf), gradient in zip(leaves.items(), gradients):
        results[f"gradient/{name}"] = (torch.zeros_like(leaf) if gradient is None else gradient).numpy()
    np.savez(folder / f"{number}.out.npz", **results)


folder = pathlib.Path(sys.argv[1])
for number in range(int(sys.argv[2])):
    case(folder, number)
