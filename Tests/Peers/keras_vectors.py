"""Prints the outputs of the real Keras models for inputs that a formula gives, as JSON: by Keras 3 or tf_keras, whichever
wrote the model, and how much they differ between eager and compiled runs.

    ~/.cache/skiff/peers/tf/bin/python Tests/Peers/keras_vectors.py ../shared/models > Tests/SkiffKerasTests/Fixtures/outputs.json
"""

import json
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_ENABLE_ONEDNN_OPTS="0")

import keras
import numpy as np
import tensorflow as tf
import tf_keras

MODELS = {
    "moonflower-mnist/mnist_model.h5": (keras, 0, 1),
    "moonflower-mnist/mnist_model.keras": (keras, 0, 1),
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96.h5": (tf_keras, 0, 1),
    "fer/data/emotion_model.hdf5": (tf_keras, -1, 1),
    "deepcut/docs/model_lite.h5": (tf_keras, 0, 12),
}
BATCH = 3


def numbers(shape, low, high):
    """Numbers that look random, from low to high: the golden ratio's multiples by their positions."""
    positions = np.arange(np.prod(shape), dtype=np.uint64)
    words = (positions * np.uint64(2654435769) & np.uint64(0xFFFFFFFF)).astype(np.float64) / 2**32
    return (low + words * (high - low)).astype(np.float32).reshape(shape)


def run(path, framework, low, high):
    model = framework.models.load_model(path, compile=False)
    inputs = [numbers((BATCH,) + tuple(tensor.shape[1:]), low, high) for tensor in model.inputs]
    if high > 1:
        inputs = [np.floor(array) for array in inputs]
    call = lambda *arrays: model(list(arrays) if len(arrays) > 1 else arrays[0], training=False)
    runs = [np.asarray(f(*inputs)) for f in (call, tf.function(call), tf.function(call, jit_compile=True))]
    spread = max(float(np.abs(a - b).max()) for a in runs for b in runs)
    return {"low": low, "high": high, "outputs": [float(x) for x in runs[0].ravel()], "spread": spread}


folder = pathlib.Path(sys.argv[1])
print(json.dumps({name: run(str(folder / name), *how) for name, how in MODELS.items()}, indent=1))
