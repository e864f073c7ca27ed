"""Prunes and palettizes a Keras VGG16's weights with coremltools: coreml_compress.py vgg16.h5 sparsity bits target.mlpackage"""
import sys

import coremltools as ct
import h5py
import numpy
from coremltools.converters.mil import Builder as mb
from coremltools.optimize.coreml import (
    OpMagnitudePrunerConfig, OpPalettizerConfig, OptimizationConfig, palettize_weights, prune_weights)

source, sparsity, bits, target = sys.argv[1:]
weights = {}
with h5py.File(source) as file:
    root = file["model_weights"]
    root.visititems(lambda name, item: weights.__setitem__(tuple(name.split("/")[-2:]), item[()]) if isinstance(item, h5py.Dataset) else None)


def layer(name):
    kernel, bias = (weights[(name, part)] for part in ("kernel", "bias"))
    return numpy.ascontiguousarray(kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T), bias


@mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 224, 224))], opset_version=ct.target.iOS18)
def program(image):
    x = image
    for block, count in enumerate([2, 2, 3, 3, 3], 1):
        for index in range(1, count + 1):
            kernel, bias = layer(f"block{block}_conv{index}")
            x = mb.relu(x=mb.conv(x=x, weight=kernel, bias=bias, pad_type="same"))
        x = mb.max_pool(x=x, kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid")
    x = mb.reshape(x=mb.transpose(x=x, perm=[0, 2, 3, 1]), shape=[1, -1])
    for name in ["fc1", "fc2", "predictions"]:
        kernel, bias = layer(name)
        x = mb.linear(x=x, weight=kernel, bias=bias)
        x = mb.softmax(x=x) if name == "predictions" else mb.relu(x=x)
    return x


model = ct.convert(program, minimum_deployment_target=ct.target.iOS18, compute_precision=ct.precision.FLOAT32, skip_model_load=True)
model = prune_weights(model, OptimizationConfig(global_config=OpMagnitudePrunerConfig(target_sparsity=float(sparsity))))
palettes = OpPalettizerConfig(mode="kmeans", nbits=int(bits), granularity="per_tensor")
palettize_weights(model, OptimizationConfig(global_config=palettes), joint_compression=True).save(target)
