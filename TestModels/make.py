"""Makes the models of this folder again: once with the Python of the peers' environment `tf`, once with `torch`.

    Scripts/setup --models
    ~/.cache/skiff/peers/tf/bin/python TestModels/make.py
    ~/.cache/skiff/peers/torch/bin/python TestModels/make.py
"""
import importlib.util

import digits

digits.save_data()
if importlib.util.find_spec("tensorflow"):
    import keras_layers
    import keras_models

    keras_models.make()
    keras_layers.make()
if importlib.util.find_spec("torch"):
    import torch_models
    import torch_transformers

    torch_models.make()
    torch_transformers.make()
