"""Writes mobilenetv2.onnx and resnet50.onnx with the layers and weights of the Keras files in a folder, channels first as
ONNX has them, and vgg16.onnx with random weights."""
import json
import os
import sys

import h5py
import numpy
import onnx
from onnx import helper, numpy_helper


class Writer:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(array, numpy.float32), name))
        return name

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def save(self, path, last, units):
        def value(name, shape):
            return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes, "model", [value("input", [1, 3, 224, 224])], [value(last, [1, units])], self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def same_padding(size, kernel, stride):
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def sources(node):
    """The names of the layers whose results are a call's arguments."""
    if isinstance(node, dict):
        if "keras_history" in node.get("config", {}):
            return [node["config"]["keras_history"][0]]
        return sources(list(node.values()))
    return [name for item in node for name in sources(item)] if isinstance(node, list) else []


def convert(path, target):
    writer, values, sizes = Writer(), {}, {}
    with h5py.File(path) as file:
        for layer in json.loads(file.attrs["model_config"])["config"]["layers"]:
            config, kind, name = layer["config"], layer["class_name"], layer["name"]
            group = file["model_weights"][name]
            weights = [group[weight][:] for weight in group.attrs["weight_names"]]
            inputs = [values[source] for source in sources(layer["inbound_nodes"])]
            size = sizes.get(inputs[0]) if inputs else None
            if kind == "InputLayer":
                values[name], sizes["input"] = "input", 224
                continue
            if kind in ("Conv2D", "DepthwiseConv2D"):
                kernel, stride = config["kernel_size"][0], config["strides"][0]
                pads = same_padding(size, kernel, stride) if config["padding"] == "same" else (0, 0)
                order = (3, 2, 0, 1) if kind == "Conv2D" else (2, 3, 0, 1)
                operands = [writer.constant(f"{name}/{place}", weight.transpose(order) if weight.ndim == 4 else weight)
                            for place, weight in enumerate(weights)]
                values[name] = writer.add(
                    "Conv", inputs + operands, name, strides=[stride] * 2, kernel_shape=[kernel] * 2,
                    pads=[pads[0]] * 2 + [pads[1]] * 2, group=1 if kind == "Conv2D" else weights[0].shape[2])
                size = (size + sum(pads) - kernel) // stride + 1
            elif kind == "BatchNormalization":
                operands = [writer.constant(f"{name}/{place}", weight) for place, weight in enumerate(weights)]
                values[name] = writer.add("BatchNormalization", inputs + operands, name, epsilon=config["epsilon"])
            elif kind == "ReLU" or kind == "Activation":
                if config.get("max_value"):
                    bounds = [writer.constant(f"{name}/{bound}", bound) for bound in (0, config["max_value"])]
                    values[name] = writer.add("Clip", inputs + bounds, name)
                else:
                    values[name] = writer.add("Relu", inputs, name)
            elif kind == "ZeroPadding2D":
                (top, bottom), (left, right) = config["padding"]
                pads = numpy_helper.from_array(numpy.array([0, 0, top, left, 0, 0, bottom, right]), f"{name}/pads")
                writer.constants.append(pads)
                values[name] = writer.add("Pad", inputs + [pads.name], name)
                size += top + bottom
            elif kind == "MaxPooling2D":
                kernel, stride = config["pool_size"][0], config["strides"][0]
                values[name] = writer.add("MaxPool", inputs, name, kernel_shape=[kernel] * 2, strides=[stride] * 2)
                size = (size - kernel) // stride + 1
            elif kind == "Add":
                values[name] = writer.add("Add", inputs, name)
            elif kind == "GlobalAveragePooling2D":
                values[name] = writer.add("Flatten", [writer.add("GlobalAveragePool", inputs, f"{name}/mean")], name)
            elif kind == "Dense":
                operands = [writer.constant(f"{name}/{place}", weight) for place, weight in enumerate(weights)]
                values[name] = writer.add("Softmax", [writer.add("Gemm", inputs + operands, f"{name}/sums")], name)
            else:
                raise SystemExit(f"{path}: no mapping of {kind}")
            sizes[values[name]] = size
    writer.save(target, values[name], 1000)


def vgg16(target):
    random, writer, value, channels = numpy.random.default_rng(1), Writer(), "input", 3

    def parameters(name, *shape):
        scale = (2 / numpy.prod(shape[1:])) ** 0.5
        return [writer.constant(f"{name}/weights", scale * random.standard_normal(shape, numpy.float32)),
                writer.constant(f"{name}/bias", numpy.zeros(shape[0]))]

    for stage, (count, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]):
        for place in range(count):
            name = f"conv{stage}.{place}"
            value = writer.add("Conv", [value] + parameters(name, width, channels, 3, 3), name, pads=[1] * 4)
            value, channels = writer.add("Relu", [value], f"{name}/relu"), width
        value = writer.add("MaxPool", [value], f"pool{stage}", kernel_shape=[2, 2], strides=[2, 2])
    value, width = writer.add("Flatten", [value], "flatten"), 512 * 7 * 7
    for place, units in enumerate([4096, 4096, 1000]):
        value = writer.add("Gemm", [value] + parameters(f"dense{place}", units, width), f"dense{place}", transB=1)
        value, width = writer.add("Relu", [value], f"dense{place}/relu") if place < 2 else value, units
    writer.save(target, value, 1000)


os.chdir(sys.argv[1])
for model in ["mobilenetv2", "resnet50"]:
    convert(f"{model}.h5", f"{model}.onnx")
vgg16("vgg16.onnx")
