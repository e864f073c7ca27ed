"""Runs a Keras model under Keras 3 or tf_keras on sets of inputs, given by position ("0", "1", …); outputs likewise.

Option: --framework keras|tf_keras (default keras).
"""
import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_ENABLE_ONEDNN_OPTS="0")

import importlib

import numpy as np
from peer_io import read_sets, write_sets

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("inputs")
parser.add_argument("outputs")
parser.add_argument("--framework", choices=["keras", "tf_keras"], default="keras")
arguments = parser.parse_args()

keras = importlib.import_module(arguments.framework)
model = keras.models.load_model(arguments.model, compile=False)


def run(inputs):
    arrays = [inputs[str(position)] for position in range(len(inputs))]
    results = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    if not isinstance(results, (list, tuple)):
        results = [results]
    return {str(position): np.asarray(result) for position, result in enumerate(results)}


write_sets(arguments.outputs, [run(inputs) for inputs in read_sets(arguments.inputs)])
