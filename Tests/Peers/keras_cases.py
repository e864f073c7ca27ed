"""Makes a model for each layer and configuration of a table, with Keras 3 or tf_keras, and computes its outputs.

    keras_cases.py keras|tf_keras FOLDER [PART-OF-A-NAME]

Into the folder go `NAME.keras` and `NAME.h5`, `NAME.npz` with arrays `i/inK` and `i/outK` for the set of inputs i, and
cases.json: for each name its files and the spread of the framework's own runs.
"""
import json
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_ENABLE_ONEDNN_OPTS="0")

import importlib

import numpy as np
import tensorflow as tf

framework, folder = sys.argv[1], pathlib.Path(sys.argv[2])
wanted = sys.argv[3] if len(sys.argv) > 3 else ""
K = importlib.import_module(framework)
L = K.layers
IS3 = framework == "keras"
generator = np.random.default_rng(7)
cases = []


def case(name, make, *inputs, batch=3, sets=2):
    """`make` gets tensors for the inputs, each a shape without the batch or what `steps` and `numbers` give."""
    cases.append((name, make, inputs, batch, sets))


class Data:
    def __init__(self, shape, draw, dtype="float32", given=None):
        self.shape, self.draw, self.dtype, self.given = tuple(shape), draw, dtype, given


def reals(*shape, low=-1.0, high=1.0, given=None):
    return Data(shape, lambda s: generator.uniform(low, high, s).astype("float32"), given=given)


def steps(*shape, given=None):
    """Sequences in which some steps are zero: at the start, in the middle, at the end, and all of a sample."""

    def draw(size):
        array = generator.uniform(-1, 1, size).astype("float32")
        counts = generator.uniform(0, 1, size[:2]) > 0.35
        counts[0, -1], counts[1, 0], counts[-1] = False, False, False
        return array * counts.reshape(counts.shape + (1,) * (len(size) - 2))

    return Data(shape, draw, given=given)


def numbers(*shape, high=6, given=None):
    return Data(shape, lambda s: generator.integers(0, high, s).astype("int32"), dtype="int32", given=given)


X = reals(5, 3)
IMAGE = reals(8, 6, 3)

# Recurrent layers
for name, layer in [("LSTM", L.LSTM), ("GRU", L.GRU), ("SimpleRNN", L.SimpleRNN)]:
    case(f"{name}", lambda x, l=layer: l(4)(x), X)
    case(f"{name}_sequences", lambda x, l=layer: l(4, return_sequences=True)(x), X)
    case(f"{name}_state", lambda x, l=layer: l(4, return_state=True)(x), X)
    case(f"{name}_backwards", lambda x, l=layer: l(4, go_backwards=True, return_sequences=True, return_state=True)(x), X)
    case(f"{name}_nobias", lambda x, l=layer: l(4, use_bias=False)(x), X)
    case(f"{name}_dropout", lambda x, l=layer: l(4, dropout=0.2, recurrent_dropout=0.3)(x), X)
    case(f"{name}_relu", lambda x, l=layer: l(4, activation="relu")(x), X)
    case(f"{name}_linear", lambda x, l=layer: l(4, activation="linear")(x), X)
    case(f"{name}_gelu", lambda x, l=layer: l(4, activation="gelu", return_sequences=True)(x), X)
    case(f"{name}_any_length", lambda x, l=layer: l(4, return_sequences=True)(x), reals(None, 3, given=(7, 3)))
    case(f"{name}_unroll", lambda x, l=layer: l(4, unroll=True)(x), X)
    case(f"{name}_masked", lambda x, l=layer: l(4, return_sequences=True, return_state=True)(L.Masking()(x)), steps(5, 3))
    case(f"{name}_masked_last", lambda x, l=layer: l(4)(L.Masking()(x)), steps(5, 3))
    case(f"{name}_masked_backwards", lambda x, l=layer: l(4, go_backwards=True, return_sequences=True)(L.Masking()(x)), steps(5, 3))
    case(f"{name}_masked_any_length", lambda x, l=layer: l(4, return_sequences=True)(L.Masking()(x)), steps(None, 3, given=(6, 3)))
    case(f"{name}_masked_twice", lambda x, l=layer: l(3)(l(4, return_sequences=True)(L.Masking()(x))), steps(5, 3))
    case(f"{name}_embedded", lambda x, l=layer: l(4)(L.Embedding(6, 3, mask_zero=True)(x)), numbers(5))
    case(f"{name}_zero_output", lambda x, l=layer: l(4, return_sequences=True, zero_output_for_mask=True)(L.Masking()(x)), steps(5, 3))
    case(f"{name}_frozen", lambda x, l=layer: l(4, trainable=False)(x), X)
    count = 2 if name == "LSTM" else 1
    case(
        f"{name}_initial", lambda x, *s, l=layer: l(4, return_sequences=True)(x, initial_state=list(s)), X,
        *[reals(4)] * count)
    case(
        f"{name}_initial_masked",
        lambda x, *s, l=layer: l(4, return_sequences=True, return_state=True)(L.Masking()(x), initial_state=list(s)),
        steps(5, 3), *[reals(4)] * count)
    case(f"{name}_stateful", lambda x, l=layer: l(4, stateful=True)(x), X, batch=-3, sets=3)
    for mode in ["concat", "sum", "ave", "mul", None]:
        case(f"Bidirectional_{name}_{mode}", lambda x, l=layer, m=mode: L.Bidirectional(l(4), merge_mode=m)(x), X)
    case(f"Bidirectional_{name}_sequences", lambda x, l=layer: L.Bidirectional(l(4, return_sequences=True))(x), X)
    case(f"Bidirectional_{name}_frozen", lambda x, l=layer: L.Bidirectional(l(4), trainable=False)(x), X)
    case(
        f"Bidirectional_{name}_masked", lambda x, l=layer: L.Bidirectional(l(4, return_sequences=True))(L.Masking()(x)),
        steps(5, 3))
    case(
        f"Bidirectional_{name}_masked_twice",
        lambda x, l=layer: L.Bidirectional(l(3))(L.Bidirectional(l(4, return_sequences=True))(L.Masking()(x))), steps(5, 3))
    case(
        f"Bidirectional_{name}_state", lambda x, l=layer: L.Bidirectional(l(4, return_state=True, return_sequences=True))(x), X)
    case(
        f"Bidirectional_{name}_initial", lambda x, *s, l=layer: L.Bidirectional(l(4))(x, initial_state=list(s)), X,
        *[reals(4)] * (2 * count))
case("GRU_reset_before", lambda x: L.GRU(4, reset_after=False, return_sequences=True)(x), X)
case("GRU_reset_before_masked", lambda x: L.GRU(4, reset_after=False, return_sequences=True)(L.Masking()(x)), steps(5, 3))
case("GRU_reset_before_nobias", lambda x: L.GRU(4, reset_after=False, use_bias=False)(L.Masking()(x)), steps(5, 3))
case("GRU_masked_nobias", lambda x: L.GRU(4, use_bias=False)(L.Masking()(x)), steps(5, 3))
case("LSTM_hard_sigmoid", lambda x: L.LSTM(4, recurrent_activation="hard_sigmoid")(x), X)
case("LSTM_hard_sigmoid_masked", lambda x: L.LSTM(4, recurrent_activation="hard_sigmoid")(L.Masking()(x)), steps(5, 3))
case("LSTM_softsign", lambda x: L.LSTM(4, activation="softsign", recurrent_activation="elu")(x), X)
case("LSTM_softmax", lambda x: L.LSTM(4, activation="softmax")(x), X)
case("Bidirectional_two_layers", lambda x: L.Bidirectional(L.LSTM(4), backward_layer=L.GRU(3, go_backwards=True))(x), X)
case("RNN_LSTMCell", lambda x: L.RNN(L.LSTMCell(4), return_sequences=True)(x), X)
case("RNN_GRUCell", lambda x: L.RNN(L.GRUCell(4), return_state=True)(x), X)
case("RNN_SimpleRNNCell_masked", lambda x: L.RNN(L.SimpleRNNCell(4))(L.Masking()(x)), steps(5, 3))
case("RNN_stacked", lambda x: L.RNN([L.LSTMCell(4), L.GRUCell(5), L.LSTMCell(3)])(x), X)
case("RNN_stacked_same", lambda x: L.RNN([L.GRUCell(4), L.GRUCell(4)], return_sequences=True)(x), X)
case("RNN_stacked_masked", lambda x: L.RNN([L.LSTMCell(4), L.GRUCell(5)], return_sequences=True)(L.Masking()(x)), steps(5, 3))
case("RNN_stacked_one", lambda x: L.RNN(L.StackedRNNCells([L.GRUCell(4)]))(x), X)
case("Bidirectional_RNN", lambda x: L.Bidirectional(L.RNN(L.GRUCell(4)))(x), X)
case("seq2seq", lambda x, y: L.LSTM(4, return_sequences=True)(y, initial_state=L.LSTM(4, return_state=True)(x)[1:]), X, reals(4, 3))
case("LSTM_in_model", lambda x: K.Sequential([K.Input((5, 3)), L.LSTM(4, return_sequences=True), L.GRU(2)])(x), X)
case("LSTM_shared", lambda x, y: L.Add()((lambda l: [l(x), l(y)])(L.LSTM(4))), X, X)
case("ConvLSTM1D", lambda x: L.ConvLSTM1D(3, 3, return_sequences=True)(x), reals(4, 7, 2))
case("ConvLSTM2D", lambda x: L.ConvLSTM2D(3, 3)(x), reals(4, 7, 6, 2))
case("ConvLSTM2D_same", lambda x: L.ConvLSTM2D(3, (3, 2), padding="same", return_sequences=True, return_state=True)(x), reals(4, 7, 6, 2))
case("ConvLSTM2D_strides", lambda x: L.ConvLSTM2D(3, 3, strides=2, go_backwards=True)(x), reals(4, 7, 6, 2))
case("ConvLSTM2D_dilated", lambda x: L.ConvLSTM2D(3, 2, dilation_rate=2, use_bias=False)(x), reals(4, 7, 6, 2))
case("ConvLSTM3D", lambda x: L.ConvLSTM3D(2, 2)(x), reals(3, 4, 4, 4, 2))
case("Bidirectional_ConvLSTM2D", lambda x: L.Bidirectional(L.ConvLSTM2D(3, 3, padding="same"))(x), reals(4, 7, 6, 2))
case("TimeDistributed_Dense", lambda x: L.TimeDistributed(L.Dense(2))(x), X)
case("TimeDistributed_Conv2D", lambda x: L.TimeDistributed(L.Conv2D(2, 3))(x), reals(3, 6, 6, 2))
case("TimeDistributed_LSTM", lambda x: L.TimeDistributed(L.LSTM(2))(x), reals(3, 6, 2))
case("TimeDistributed_any_length", lambda x: L.TimeDistributed(L.Dense(2))(x), reals(None, 3, given=(6, 3)))
case("TimeDistributed_masked", lambda x: L.LSTM(3)(L.TimeDistributed(L.Dense(2))(L.Masking()(x))), steps(5, 3))
case("TimeDistributed_model", lambda x: L.TimeDistributed(K.Sequential([K.Input((6, 6, 2)), L.Conv2D(2, 3), L.Flatten(), L.Dense(4)]))(x), reals(3, 6, 6, 2))

# Masks
case("Masking", lambda x: L.Masking(mask_value=0.0)(x), steps(5, 3))
case("Masking_value", lambda x: L.LSTM(3)(L.Masking(mask_value=0.5)(x)), Data((5, 3), lambda s: np.where(generator.uniform(size=s[:2] + (1,)) > 0.5, generator.uniform(-1, 1, s), 0.5).astype("float32")))
case("mask_pooled", lambda x: L.GlobalAveragePooling1D()(L.Masking()(x)), Data((5, 3), lambda s: (generator.uniform(-1, 1, s) * (np.arange(s[1])[None, :, None] < 1 + np.arange(s[0])[:, None, None])).astype("float32")))
case("mask_pooled_embedded", lambda x: L.GlobalAveragePooling1D(keepdims=True)(L.Embedding(6, 3, mask_zero=True)(x)), Data((5,), lambda s: np.maximum(generator.integers(0, 6, s), (np.arange(s[1]) == 2)).astype("int32"), dtype="int32"))
case("mask_max_pooled", lambda x: L.GlobalMaxPooling1D()(L.Masking()(x)), steps(5, 3))
case("mask_dense", lambda x: L.GRU(3)(L.Dropout(0.5)(L.Dense(4, activation="relu")(L.Masking()(x)))), steps(5, 3))
case("mask_normalized", lambda x: L.GRU(3)(L.LayerNormalization()(L.BatchNormalization()(L.Masking()(x)))), steps(5, 3))
case("mask_conv", lambda x: L.LSTM(3)(L.Conv1D(3, 3)(L.Masking()(x))), steps(6, 3))
case("mask_reshaped", lambda x: L.LSTM(3)(L.Reshape((5, 3))(L.Masking()(x))), steps(5, 3))
case("mask_activation", lambda x: L.LSTM(3)(L.PReLU()(L.ReLU()(L.Activation("tanh")(L.Masking()(x))))), steps(5, 3))
case("mask_add", lambda x, y: L.LSTM(3)(L.Add()([L.Masking()(x), L.Masking()(y)])), steps(5, 3), steps(5, 3))
case("mask_add_half", lambda x, y: L.LSTM(3)(L.Multiply()([L.Masking()(x), y])), steps(5, 3), X)
case("mask_concat", lambda x, y: L.LSTM(3)(L.Concatenate()([L.Masking()(x), L.Masking()(y)])), steps(5, 3), steps(5, 3))
case("mask_concat_half", lambda x, y: L.LSTM(3)(L.Concatenate()([x, L.Masking()(y)])), X, steps(5, 3))
case("mask_concat_steps", lambda x, y: L.LSTM(3)(L.Concatenate(axis=1)([L.Masking()(x), L.Masking()(y)])), steps(5, 3), steps(4, 3))
case("mask_operator", lambda x: L.LSTM(3)(L.Masking()(x) * 2.0), steps(5, 3))
case("mask_model", lambda x: K.Sequential([K.Input((5, 3)), L.LSTM(4, return_sequences=True), L.GRU(2)])(L.Masking()(x)), steps(5, 3))
case("mask_from_model", lambda x: L.GRU(2)(K.Sequential([K.Input((5, 3)), L.Masking(), L.Dense(4)])(x)), steps(5, 3))
case("mask_given", lambda x, m: L.LSTM(3, return_sequences=True)(x, mask=m > 0), X, reals(5))
case("mask_rescaled", lambda x: L.LSTM(3)(L.Rescaling(2.0)(L.Masking()(x))), steps(5, 3))
case("mask_flattened", lambda x: L.Dense(2)(L.Flatten()(L.Masking()(x))), steps(5, 3))

# Attention
Q, V = reals(4, 6), reals(5, 6)
case("Attention", lambda q, v: L.Attention()([q, v]), Q, V)
case("Attention_key", lambda q, v, k: L.Attention(use_scale=True)([q, v, k]), Q, V, V)
case("Attention_concat", lambda q, v: L.Attention(score_mode="concat")([q, v]), Q, V)
case("Attention_concat_scale", lambda q, v: L.Attention(score_mode="concat", use_scale=True)([q, v]), Q, V)
case("Attention_causal", lambda q, v: L.Attention()([q, v], use_causal_mask=True), Q, V)
case("Attention_scores", lambda q, v: L.Attention()([q, v], return_attention_scores=True), Q, V)
case("Attention_masked", lambda q, v: L.Attention()([L.Masking()(q), L.Masking()(v)]), steps(4, 6), steps(5, 6))
case("Attention_masked_causal", lambda q, v: L.LSTM(3)(L.Attention()([L.Masking()(q), L.Masking()(v)], use_causal_mask=True)), steps(4, 6), steps(5, 6))
case("AdditiveAttention", lambda q, v: L.AdditiveAttention()([q, v]), Q, V)
case("AdditiveAttention_noscale", lambda q, v: L.AdditiveAttention(use_scale=False)([q, v]), Q, V)
case("AdditiveAttention_masked", lambda q, v: L.AdditiveAttention()([q, L.Masking()(v)]), Q, steps(5, 6))
case("MultiHeadAttention", lambda q, v: L.MultiHeadAttention(2, 3)(q, v), Q, V)
case("MultiHeadAttention_self", lambda q: L.MultiHeadAttention(2, 3)(q, q), Q)
case("MultiHeadAttention_sizes", lambda q, v, k: L.MultiHeadAttention(3, 2, value_dim=4, output_shape=7)(q, v, k), Q, V, reals(5, 4))
case("MultiHeadAttention_output", lambda q, v: L.MultiHeadAttention(3, 2, output_shape=(2, 3))(q, v), Q, V)
case("MultiHeadAttention_nobias", lambda q, v: L.MultiHeadAttention(2, 3, use_bias=False)(q, v), Q, V)
case("MultiHeadAttention_dropout", lambda q, v: L.MultiHeadAttention(2, 3, dropout=0.3)(q, v), Q, V)
case("MultiHeadAttention_causal", lambda q: L.MultiHeadAttention(2, 3)(q, q, use_causal_mask=True), Q)
case("MultiHeadAttention_scores", lambda q, v: L.MultiHeadAttention(2, 3)(q, v, return_attention_scores=True), Q, V)
case("MultiHeadAttention_given", lambda q, v, m: L.MultiHeadAttention(2, 3)(q, v, attention_mask=m > 0), Q, V, reals(4, 5))
case("MultiHeadAttention_masked", lambda q, v: L.LSTM(3)(L.MultiHeadAttention(2, 3)(L.Masking()(q), L.Masking()(v))), steps(4, 6), steps(5, 6))
case("MultiHeadAttention_masked_scores", lambda q, v: L.MultiHeadAttention(2, 3)(L.Masking()(q), L.Masking()(v), return_attention_scores=True), steps(4, 6), steps(5, 6))
case("MultiHeadAttention_masked_self", lambda q: (lambda m: L.MultiHeadAttention(2, 3)(m, m))(L.Masking()(q)), steps(4, 6))
case("MultiHeadAttention_masked_causal", lambda q: (lambda m: L.MultiHeadAttention(2, 3)(m, m, use_causal_mask=True))(L.Masking()(q)), steps(4, 6))
case("MultiHeadAttention_any_length", lambda q: L.MultiHeadAttention(2, 3)(q, q, use_causal_mask=True), reals(None, 6, given=(5, 6)))
case("transformer", lambda q: (lambda y: L.LayerNormalization()(L.Add()([y, L.Dense(6)(L.Dense(8, activation="gelu")(y))])))(L.LayerNormalization()(L.Add()([q, L.MultiHeadAttention(2, 3)(q, q)]))), Q)
if IS3:
    case("GroupQueryAttention", lambda q, v: L.GroupQueryAttention(3, 4, 2)(q, v), Q, V)
    case("GroupQueryAttention_causal", lambda q: L.GroupQueryAttention(3, 4, 1, use_bias=False)(q, q, use_causal_mask=True), Q)
    case("MultiHeadAttention_gate", lambda q, v: L.MultiHeadAttention(2, 3, use_gate=True)(q, v), Q, V)
    case("MultiHeadAttention_window", lambda q: L.MultiHeadAttention(2, 3, sliding_window=2)(q, q), Q)

# Other layers
case("EinsumDense", lambda x: L.EinsumDense("abc,cd->abd", output_shape=(None, 6), bias_axes="d")(x), X)
case("EinsumDense_heads", lambda x: L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 4), bias_axes="de", activation="relu")(x), X)
case("EinsumDense_bias", lambda x: L.EinsumDense("abc,bd->adc", output_shape=(4, 3), bias_axes="d")(x), X)
case("EinsumDense_dots", lambda x: L.EinsumDense("...x,xy->...y", output_shape=4, bias_axes="y")(x), X)
case("EinsumDense_nobias", lambda x: L.EinsumDense("ab...,bc->ac...", output_shape=(4, None))(x), X)
case("UnitNormalization", lambda x: L.UnitNormalization(axis=1)(x), X)
case("Dot_normalized", lambda x, y: L.Dot(axes=(1, 2), normalize=True)([x, y]), X, reals(4, 5))
case("Permute", lambda x: L.Permute((2, 1))(x), X)
case("RepeatVector", lambda x: L.RepeatVector(4)(x), reals(3))
case("GroupNormalization", lambda x: L.GroupNormalization(3)(x), IMAGE)
case("UpSampling2D_bicubic", lambda x: L.UpSampling2D(2, interpolation="bicubic")(x), IMAGE)
case("UpSampling2D_bilinear", lambda x: L.UpSampling2D((2, 3), interpolation="bilinear")(x), IMAGE)
for mode in ["nearest", "bilinear"]:
    case(f"Resizing_{mode}", lambda x, m=mode: L.Resizing(5, 9, interpolation=m)(x), IMAGE)
case("CenterCrop", lambda x: L.CenterCrop(5, 3)(x), IMAGE)
case("Discretization", lambda x: L.Discretization([-0.5, 0.0, 0.25])(x), X)
case("CategoryEncoding", lambda x: L.CategoryEncoding(6)(x), numbers(4))
case("CategoryEncoding_count", lambda x: L.CategoryEncoding(6, output_mode="count")(x), numbers(4))
case("CategoryEncoding_one_hot", lambda x: L.CategoryEncoding(6, output_mode="one_hot")(x), numbers(1))
case("Normalization_given", lambda x: L.Normalization(mean=[1.0, 2.0, 3.0], variance=[2.0, 1.0, 0.5])(x), X)
for name in ["RandomFlip", "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness", "RandomTranslation"]:
    arguments = {"RandomFlip": (), "RandomTranslation": (0.1, 0.1)}.get(name, (0.1,))
    case(name, lambda x, n=name, a=arguments: getattr(L, n)(*a)(x), IMAGE)
case("SeparableConv1D", lambda x: L.SeparableConv1D(4, 3)(x), X)
case("ThresholdedReLU", lambda x: (L.ReLU(threshold=0.3) if IS3 else L.ThresholdedReLU(0.3))(x), X)
case("Identity", lambda x: L.Identity()(x) + 0.0, X)
if IS3:
    case("SpectralNormalization", lambda x: L.SpectralNormalization(L.Dense(4))(x), X)
    case("SpectralNormalization_conv", lambda x: L.SpectralNormalization(L.Conv2D(4, 3))(x), IMAGE)
    case("RMSNormalization", lambda x: L.RMSNormalization()(x), X)
    case("AdaptiveAveragePooling2D", lambda x: L.AdaptiveAveragePooling2D((4, 2))(x), IMAGE)
    case("AdaptiveMaxPooling1D", lambda x: L.AdaptiveMaxPooling1D(2)(x), reals(6, 3))
    for name in [
        "RandomHue", "RandomSaturation", "RandomSharpness", "RandomShear", "RandomGrayscale", "RandomErasing",
        "RandomPosterization", "RandomInvert", "RandomPerspective", "RandomGaussianBlur", "RandomColorJitter",
        "RandomElasticTransform", "RandomColorDegeneration", "AugMix", "RandAugment", "CutMix", "MixUp",
    ]:
        if hasattr(L, name):
            arguments = {"RandomHue": (0.1,), "RandomSaturation": (0.1,), "RandomSharpness": (0.1,), "RandomPosterization": (4,), "RandomColorDegeneration": (0.1,)}.get(name, ())
            case(name, lambda x, n=name, a=arguments: getattr(L, n)(*a)(x), IMAGE)
else:
    case("RandomHeight", lambda x: L.RandomHeight(0.1)(x), IMAGE)
    case("RandomWidth", lambda x: L.RandomWidth(0.1)(x), IMAGE)

# Operators on tensors
case("op_arithmetic", lambda x, y: [x + y, x - y, x * y, x / (y + 3.0), 1.0 - x, 2.0 / (x + 3.0), x**2, -x, 3.0 * x, x + 1], X, X)
case("op_broadcast", lambda x, y: [x + y, x * 2.0 + y], X, reals(1, 3))
case("op_compare", lambda x, y: [K_cast(x > y), K_cast(x <= 0.25), K_cast(x >= y), K_cast(x < y)], X, X)
case("op_slices", lambda x: [x[:, 1:3], x[:, 0], x[:, -1], x[..., 1], x[:, ::2], x[:, ::-1], x[:, :, None], x[:, 1:, :-1], x[:, -2:]], X)
case("op_matmul", lambda x, y: x @ y, X, reals(3, 4))
K_cast = (lambda x: K.ops.cast(x, "float32")) if IS3 else (lambda x: tf.cast(x, "float32"))
if IS3:
    O = K.ops
    one = [
        "abs", "absolute", "exp", "tanh", "sigmoid", "relu", "relu6", "silu", "softplus", "softsign", "selu", "elu", "celu", "gelu",
        "leaky_relu", "hard_sigmoid", "hard_silu", "hard_tanh", "log_sigmoid", "log_softmax", "softmax", "sign", "floor", "ceil",
        "round", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arctanh", "erf", "square",
        "negative", "expm1", "reciprocal", "normalize", "zeros_like", "ones_like",
    ]
    case("op_unary", lambda x: [getattr(O, f)(x) for f in one], X)
    case("op_positive", lambda x: [O.log(x), O.sqrt(x), O.rsqrt(x), O.log1p(x), O.arccosh(x + 1.0)], reals(5, 3, low=0.5, high=2.0))
    case("op_binary", lambda x, y: [O.maximum(x, y), O.minimum(x, 0.1), O.power(O.abs(x), y), O.arctan2(x, y), O.floor_divide(x, y), O.divide(x, 2), O.true_divide(x, y)], X, X)
    case("op_logic", lambda x, y: [K_cast(O.logical_and(x > 0, y > 0)), K_cast(O.logical_or(x > 0, y > 0)), K_cast(O.logical_xor(x > 0, y > 0)), K_cast(O.logical_not(x > 0)), K_cast(O.equal(x, y)), K_cast(O.not_equal(x, y))], X, X)
    case("op_where", lambda x, y: [O.where(x > 0, x, y), O.where(x > 0, x, 0.5 * x), O.where(x > 0, 1.0, 0.0)], X, X)
    case("op_reduce", lambda x: [O.sum(x, axis=1), O.mean(x, axis=(1, 2)), O.max(x, axis=-1, keepdims=True), O.min(x, axis=1), O.prod(x, axis=2), O.var(x, axis=1), O.std(x, axis=-1), O.logsumexp(x, axis=1), O.norm(x, axis=-1), O.amax(x, axis=1), K_cast(O.any(x > 0.5, axis=1)), K_cast(O.all(x > -0.5, axis=-1))], X)
    case("op_arg", lambda x: [K_cast(O.argmax(x, axis=-1)), K_cast(O.argmin(x, axis=1, keepdims=True)), O.one_hot(O.argmax(x, -1), 3), O.cumsum(x, axis=1)], X)
    case("op_shape", lambda x: [O.reshape(x, (-1, 15)), O.transpose(x, (0, 2, 1)), O.swapaxes(x, 1, 2), O.moveaxis(x, 1, 2), O.expand_dims(x, 1), O.expand_dims(x, -1), O.squeeze(x[:, :1], 1), O.flip(x, axis=1), O.tile(x, (1, 2, 1)), O.repeat(x, 2, axis=1)], X)
    case("op_join", lambda x, y: [O.concatenate([x, y], axis=1), O.stack([x, y], axis=1), O.stack([x, y], axis=-1), O.split(x, 3, axis=-1)[1], O.split(x, [1, 3], axis=1)[1], O.unstack(x, axis=1)[2]], X, X)
    case("op_pad", lambda x: [O.pad(x, ((0, 0), (1, 2), (0, 1))), O.pad(x, ((0, 0), (1, 1), (0, 0)), mode="reflect"), O.pad(x, ((0, 0), (0, 1), (0, 0)), constant_values=2.0)], X)
    case("op_take", lambda x: [O.take(x, [0, 2], axis=1), O.take(x, 1, axis=-1)], X)
    case("op_clip", lambda x: O.clip(x, -0.5, 0.25), X)
    case("op_einsum", lambda x, y: [O.einsum("abc,adc->abd", x, y), O.matmul(x, O.swapaxes(y, 1, 2))], X, X)
    case("op_constant", lambda x: [x * np.array([1.0, 2.0, 3.0], "float32"), O.add(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]], "float32"), x)], X)
    case("op_resize", lambda x: O.image.resize(x, (4, 9)), IMAGE)
    case("op_softmax_axis", lambda x: [O.softmax(x, axis=1), O.log_softmax(x, axis=1), O.gelu(x, approximate=False), O.leaky_relu(x, 0.1)], X)
    case("op_relu_settings", lambda x: [K.activations.relu(x, negative_slope=0.1), K.activations.gelu(x)], X)
    case("op_integers", lambda x: [K_cast(x + 1), x / 2, K_cast(x * 3)], numbers(4))
    LOW = reals(5, 3, low=-2.0, high=2.0)
    case("op_numeric", lambda x, y: [
        O.log2(O.abs(x) + 0.1), O.log10(O.abs(x) + 0.1), O.exp2(x), O.deg2rad(x), O.rad2deg(x), O.trunc(x), O.erfc(x), O.logaddexp(x, y),
        O.hypot(x, y), O.mod(x, y), O.mod(x, 0.7), O.fmod(x, y), O.full_like(x, 2.5), O.average(x, axis=1), O.count_nonzero(x > 0, axis=1),
        O.ptp(x, axis=-1), *O.moments(x, axes=[1]), K_cast(O.isfinite(O.log(x - 1.0))), O.nan_to_num(O.log(O.floor(O.abs(x)))),
        O.nan_to_num(O.log(O.floor(x)), nan=1.0, neginf=-7.0)], LOW, LOW)
    case("op_integers_numeric", lambda x, y: [
        O.mod(x, 4), O.bitwise_and(x, y), O.bitwise_or(x, y), O.bitwise_xor(x, y), O.bitwise_not(x), O.log2(x + 1), O.count_nonzero(x), O.sort(x), O.diff(x)],
        numbers(5, 3), numbers(5, 3))
    case("op_order", lambda x: [
        O.sort(x), O.sort(x, axis=1), O.argsort(x), O.argsort(x, axis=1), *O.top_k(x, 2), O.median(x, axis=1), O.median(x, axis=-1, keepdims=True),
        O.median(x[:, :4], axis=1), O.sort(x, axis=None), O.roll(x, 1, axis=1), O.roll(x, -7, axis=1), O.roll(x, (2, -1), axis=(1, 2)), O.roll(x, 0, axis=1),
        O.tril(x), O.triu(x, k=1), O.tril(x, k=-1), O.diff(x, axis=1), O.diff(x, n=2, axis=1), O.digitize(x, np.array([-0.5, 0.0, 0.4])),
        O.take_along_axis(x, O.argsort(x, axis=1), axis=1), O.take_along_axis(x, O.argmax(x, axis=-1, keepdims=True), axis=-1)], X)
    case("op_products", lambda x, y: [
        O.dot(x, np.ones((3, 4), "float32")), O.tensordot(x, np.ones((5, 3, 2), "float32")), O.tensordot(x, y, axes=[[2], [2]]), O.tensordot(x, y, axes=[[1, 2], [1, 2]]),
        O.inner(x, np.ones((3,), "float32")), O.outer(x, y), O.vdot(x, y) * x, O.cross(x, y), O.cross(O.swapaxes(x, 1, 2), O.swapaxes(y, 1, 2), axis=1)], X, X)
    case("op_more_shapes", lambda x: [O.ravel(x), O.hstack([x, x]), O.vstack([x, x]), O.fliplr(x), O.flipud(x)], X)
    case("op_images", lambda x: [
        O.max_pool(x, 2), O.max_pool(x, (3, 2), strides=1, padding="same"), O.average_pool(x, 2), O.average_pool(x, 3, strides=2, padding="same"),
        O.image.rgb_to_grayscale(x), O.image.rgb_to_grayscale(x[..., :1]), O.image.crop_images(x, 1, 2, target_height=4, target_width=3),
        O.image.crop_images(x, top_cropping=1, bottom_cropping=2, left_cropping=0, right_cropping=1), O.image.pad_images(x, 1, 2, 0, 3),
        O.image.pad_images(x, top_padding=1, left_padding=2, target_height=11, target_width=8), O.image.extract_patches(x, 2),
        O.image.extract_patches(x, (3, 2), strides=(2, 1), padding="same"), O.image.extract_patches(x, 2, strides=1, dilation_rate=2),
        O.space_to_depth(x, 2), O.depth_to_space(O.space_to_depth(x, 2), 2),
        O.image.resize(x, (5, 9), crop_to_aspect_ratio=True), O.image.resize(x, (5, 9), pad_to_aspect_ratio=True, fill_value=0.5),
        O.image.resize(x, (4, 3), antialias=True)], IMAGE)
    case("op_roll_all", lambda x: O.roll(x, 4), X, batch=-3)
    case("op_any_length", lambda x: [O.sort(x, axis=-1), O.diff(x, axis=1), O.tril(x), O.ravel(x), O.roll(x, 1, axis=2)], reals(None, 3, given=(6, 3)))
else:
    one = ["abs", "exp", "tanh", "sigmoid", "softplus", "square", "negative", "sign", "floor", "ceil", "round", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "atanh", "erf", "expm1"]
    two = ["relu", "relu6", "silu", "softsign", "selu", "elu", "gelu", "leaky_relu", "log_softmax", "softmax"]
    case("op_unary", lambda x: [getattr(tf.math, f)(x) for f in one] + [getattr(tf.nn, f)(x) for f in two] + [tf.zeros_like(x)], X)
    case("op_positive", lambda x: [tf.math.log(x), tf.sqrt(x), tf.math.rsqrt(x), tf.math.log1p(x), tf.math.reciprocal(x)], reals(5, 3, low=0.5, high=2.0))
    case("op_binary", lambda x, y: [tf.maximum(x, y), tf.minimum(x, 0.1), tf.pow(tf.abs(x), y), tf.math.atan2(x, y), x // y, tf.divide(x, 2.0), tf.math.squared_difference(x, y), tf.add(x, y), tf.multiply(2.0, x), tf.subtract(x, y)], X, X)
    case("op_logic", lambda x, y: [K_cast(tf.logical_and(x > 0, y > 0)), K_cast(tf.logical_or(x > 0, y > 0)), K_cast(tf.logical_not(x > 0)), K_cast(tf.equal(x, y)), K_cast(tf.not_equal(x, y))], X, X)
    case("op_where", lambda x, y: [tf.where(x > 0, x, y), tf.where(x > 0, x, 0.5 * x)], X, X)
    case("op_reduce", lambda x: [tf.reduce_sum(x, axis=1), tf.reduce_mean(x, axis=[1, 2], keepdims=True), tf.reduce_max(x, axis=-1), tf.reduce_min(x, axis=1), tf.reduce_prod(x, axis=2), tf.math.reduce_variance(x, axis=1), tf.math.reduce_std(x, axis=-1), tf.reduce_logsumexp(x, axis=1), tf.norm(x, axis=-1), K.backend.mean(x, axis=1), K.backend.sum(x, axis=-1), K_cast(tf.reduce_any(x > 0.5, axis=1)), K_cast(tf.reduce_all(x > -0.5, axis=-1))], X)
    case("op_arg", lambda x: [K_cast(tf.argmax(x, -1)), K_cast(tf.argmin(x, 1)), tf.one_hot(tf.argmax(x, -1), 3), tf.cumsum(x, axis=1)], X)
    case("op_shape", lambda x: [tf.reshape(x, (-1, 15)), tf.transpose(x, (0, 2, 1)), tf.expand_dims(x, 1), tf.expand_dims(x, -1), tf.squeeze(x[:, :1], 1), tf.reverse(x, [1]), tf.tile(x, (1, 2, 1)), tf.repeat(x, 2, axis=1)], X)
    case("op_shape_of", lambda x: tf.reshape(x, (tf.shape(x)[0], 15)), X)
    case("op_join", lambda x, y: [tf.concat([x, y], axis=1), tf.stack([x, y], axis=1), tf.stack([x, y], axis=-1), tf.split(x, 3, axis=-1)[1], tf.split(x, [1, 4], axis=1)[1], tf.unstack(x, axis=1)[2], K.backend.concatenate([x, y])], X, X)
    case("op_pad", lambda x: [tf.pad(x, ((0, 0), (1, 2), (0, 1))), tf.pad(x, ((0, 0), (1, 1), (0, 0)), mode="REFLECT")], X)
    case("op_take", lambda x: tf.gather(x, [0, 2], axis=1), X)
    case("op_clip", lambda x: tf.clip_by_value(x, -0.5, 0.25), X)
    case("op_matmul_turned", lambda x, y: [tf.matmul(x, y, transpose_b=True), tf.linalg.matmul(x, y, transpose_a=True)], X, X)
    case("op_constant", lambda x: [x * np.array([1.0, 2.0, 3.0], "float32"), tf.nn.bias_add(x, [1.0, 2.0, 3.0])], X)
    case("op_resize", lambda x: [tf.image.resize(x, (4, 9)), tf.image.resize(x, (4, 9), method="nearest")], IMAGE)
    case("op_normalize", lambda x: tf.math.l2_normalize(x, axis=1), X)
    case("op_order", lambda x: [
        tf.sort(x), tf.sort(x, axis=1), tf.argsort(x, axis=1), *tf.math.top_k(x, 2), tf.roll(x, 1, 1), tf.roll(x, shift=[2, -1], axis=[1, 2]),
        tf.gather_nd(x, tf.argsort(x, axis=1)[..., :1] % 2, batch_dims=1)], X)
    case("op_numeric", lambda x, y: [
        tf.math.mod(x, y), tf.math.floormod(x, 0.7), tf.math.erfc(x), K_cast(tf.math.is_finite(x)), tf.math.count_nonzero(x > 0, axis=1),
        *tf.nn.moments(x, axes=[1]), tf.tensordot(x, y, axes=[[2], [2]])], X, X)
    case("op_images", lambda x: [
        tf.nn.max_pool2d(x, 2, 2, "SAME"), tf.nn.max_pool2d(x, [3, 2], [1, 1], "VALID"), tf.nn.avg_pool2d(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"),
        tf.nn.max_pool(x, 2, 1, "VALID"), tf.nn.space_to_depth(x, 2), tf.nn.depth_to_space(tf.nn.space_to_depth(x, 2), 2), tf.image.rgb_to_grayscale(x)], IMAGE)
    case("op_softmax_axis", lambda x: [tf.nn.softmax(x, axis=1), K.activations.gelu(x), K.activations.relu(x, max_value=0.5), tf.nn.leaky_relu(x, 0.1)], X)


def nested(x):
    inside = K.Input((5, 3))
    both = K.Model(inside, [L.Dense(3)(inside), L.GlobalMaxPooling1D()(inside)])
    first, least = both(x)
    second, most = both(first)
    return [least, second, most, L.Multiply()([second, L.Reshape((1, 3))(least)])]


def two_inputs(x, y, named):
    a, b = K.Input((5, 3), name="p"), K.Input((5, 3), name="q")
    results = [L.Dense(2)(a), L.Dense(3)(b)]
    if named:
        both = K.Model({"q": b, "p": a}, {"o1": results[0], "o2": results[1]})({"p": x, "q": y})
        return [both["o2"], both["o1"]]
    return L.Concatenate()(K.Model([a, b], results)([x, y])[::-1])


case("nested_two_inputs", lambda x, y: two_inputs(x, y, False), X, X)
if IS3:
    case("resized_integers", lambda x: L.Resizing(10, 3)(x), numbers(5, 6, 3, high=255))
case("nested_two_inputs_named", lambda x, y: two_inputs(x, y, True), X, X)
case("rescaled_integers", lambda x: L.Rescaling(1 / 127.5, offset=-1)(x), numbers(4, 3))
case("stacked_states", lambda x: L.RNN(L.StackedRNNCells([L.LSTMCell(3), L.GRUCell(2)]), return_state=True)(x), X)
case("nested_in_itself", nested, X)
case("nested_in_itself_last", lambda x: nested(x)[2:3], X)
if IS3:
    WIDE = reals(4, 6, low=-3.0, high=3.0)
    for name in "glu hard_shrink soft_shrink sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink".split():
        case(f"composed_{name}", lambda x, n=name: L.Activation(n)(x), WIDE)
        case(f"composed_op_{name}", lambda x, n=name: getattr(K.ops, n)(x), WIDE)
    case("integer_sums", lambda x: [
        K.ops.sum(x > 2, axis=1), K.ops.prod(x < 5, axis=1), K.ops.cumsum(x > 2, axis=1), K.ops.cast(K.ops.max(x > 2, axis=1), "int32"),
        K.ops.sum(K.ops.cast(x, "uint8"), axis=1), K.ops.clip(x, 1, 3), K.ops.sum(x, axis=1)], numbers(5, 3))
    case("operators_like_layers", lambda x, y: [K.ops.add(x, y), K.ops.maximum(x, y), K.ops.softmax(x, axis=1)], X, X)
    case("composed_dense", lambda x: L.Dense(5, activation="tanh_shrink")(x), WIDE)
    case("composed_parameters", lambda x: [
        K.ops.hard_shrink(x, 1.5), K.ops.soft_shrink(x, threshold=0.25), K.ops.threshold(x, 0.5, -2.0),
        K.ops.squareplus(x, b=0.5), K.ops.glu(x, axis=1), K.ops.sparsemax(x, axis=1)], WIDE)

for size in [3, 5, 9]:
    for name in ["Max", "Average"]:
        if IS3:
            case(f"adaptive_{name}_{size}", lambda x, s=size, n=name: getattr(L, f"Adaptive{n}Pooling1D")(s)(x), reals(7, 2))
if IS3:
    case("adaptive_Max_2D", lambda x: [L.AdaptiveMaxPooling2D((3, 4))(x), L.AdaptiveAveragePooling2D((8, 4))(x)], IMAGE)
    case("adaptive_3D", lambda x: [L.AdaptiveMaxPooling3D((2, 2, 3))(x), L.AdaptiveAveragePooling3D((3, 4, 2))(x)], reals(4, 5, 6, 2))
for axis in [1, (1, 3), (1, 2), (2, 3), (1, 2, 3)]:
    case(f"layer_normalization_{axis}", lambda x, a=axis: L.LayerNormalization(axis=a)(x), IMAGE)
    case(f"unit_normalization_{axis}", lambda x, a=axis: L.UnitNormalization(axis=a)(x), IMAGE)
for kept in ["crop", "pad"] if IS3 else ["crop"]:
    for size in [(5, 9), (12, 4), (4, 3), (7, 8), (6, 4)]:
        case(
            f"resizing_{kept}_{size[0]}_{size[1]}",
            lambda x, s=size, k=kept: L.Resizing(*s, **{f"{k}_to_aspect_ratio": True}, **({"fill_value": 0.5} if k == "pad" else {}))(x), IMAGE)
case("center_crop_greater", lambda x: [L.CenterCrop(10, 5)(x), L.CenterCrop(9, 7)(x), L.CenterCrop(5, 4)(x)], IMAGE)
case("random_crop", lambda x: L.RandomCrop(*((8, 6) if IS3 else (5, 3)))(x), IMAGE)
case("integer_lookup", lambda x: [L.IntegerLookup(vocabulary=[4, 2, 9])(x), L.IntegerLookup(vocabulary=[4, 2, 9], mask_token=0)(x)], numbers(4))
case("integer_lookup_special", lambda x: L.IntegerLookup(vocabulary=[0, -1, 5, 1], mask_token=0)(x), numbers(4))
for mode in ["one_hot", "multi_hot", "count"]:
    shape = [1] if mode == "one_hot" else [5]
    case(f"integer_lookup_{mode}", lambda x, m=mode: L.IntegerLookup(vocabulary=[4, 2, 9], output_mode=m)(x), numbers(*shape))
    case(f"discretization_{mode}", lambda x, m=mode: L.Discretization([-0.5, 0.0, 0.4], output_mode=m)(x), reals(*shape))
if IS3:
    case("one_hot_rows", lambda x: [L.CategoryEncoding(6, output_mode="one_hot")(x), L.Discretization([-0.5, 0.5], output_mode="one_hot")(K.ops.cast(x, "float32"))], numbers(4, 5))
    for antialias in [False, True]:
        case(f"resizing_antialias_{antialias}", lambda x, a=antialias: [L.Resizing(5, 3, antialias=a)(x), L.Resizing(13, 9, antialias=a)(x)], reals(17, 9, 3))
    case("auto_contrast", lambda x: [L.AutoContrast(value_range=(0, 1))(x), L.AutoContrast()(x), L.AutoContrast(value_range=(-1, 1))(x)], IMAGE)
    case("auto_contrast_flat", lambda x: L.AutoContrast(value_range=(0, 1))(K.ops.concatenate([x[..., :2], 0 * x[..., :1] + 0.3], axis=-1)), IMAGE)
    case("solarization", lambda x: L.Solarization(0.2, 0.4)(x), IMAGE)
    case("pipeline", lambda x: L.Pipeline([L.Rescaling(2.0, offset=0.1), L.CenterCrop(5, 4), L.RandomFlip()])(x), IMAGE)
    for name, settings in [("", {}), ("_capped", {"logit_soft_cap": 2.0}), ("_untied", {"tie_weights": False})]:
        def reversible(x, settings=settings):
            table = L.ReversibleEmbedding(6, 4, **settings)
            return table(table(x), reverse=True)
        case(f"reversible_embedding{name}", reversible, numbers(5))
    SIGNAL = reals(120, 1)
    for mode in ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]:
        case(f"stft_{mode}", lambda x, m=mode: L.STFTSpectrogram(mode=m, frame_length=16, frame_step=5, fft_length=32)(x), SIGNAL)
    for expand in [False, True]:
        for count in [1, 3]:
            case(
                f"stft_{count}_{expand}",
                lambda x, e=expand: L.STFTSpectrogram(frame_length=20, expand_dims=e, padding="same", mode="stft")(x), reals(90, count))
    case("stft_any_length", lambda x: L.STFTSpectrogram(frame_length=16, scaling="spectrum", window="hamming")(x), reals(None, 1, given=(77, 1)))
    case("mel", lambda x: L.MelSpectrogram(fft_length=256, sequence_stride=64, num_mel_bins=20)(x), reals(1000))
    case("mel_power", lambda x: L.MelSpectrogram(fft_length=256, sequence_stride=100, sequence_length=200, num_mel_bins=10, power_to_db=False)(x), reals(1500))
    case("mel_odd", lambda x: L.MelSpectrogram(fft_length=200, sequence_stride=50, sequence_length=155, num_mel_bins=12, window="hamming", mag_exp=1.0, sampling_rate=8000, max_freq=3500, top_db=30.0, ref_power=2.0)(x), reals(800))
    case("mel_no_window", lambda x: L.MelSpectrogram(fft_length=128, sequence_stride=64, num_mel_bins=8, window=None)(x), reals(640))
    case("mel_any_length", lambda x: L.MelSpectrogram(fft_length=128, sequence_stride=64, num_mel_bins=8)(x), reals(None, given=(700,)))


def special(*shape):
    """Numbers among which some are none or infinite."""

    def draw(size):
        array = generator.uniform(-1, 1, size).astype("float32")
        array.reshape(-1)[::4] = np.resize(np.array([np.nan, np.inf, -np.inf], "float32"), array.reshape(-1)[::4].shape)
        return array

    return Data(shape, draw)


def signed(*shape):
    return Data(shape, lambda s: generator.integers(-3, 9, s).astype("int32"), dtype="int32")


def bytes_(*shape):
    return Data(shape, lambda s: generator.integers(0, 256, s).astype("uint8"), dtype="uint8")


for axes in [[1, -1], [2, 1], [3, 1]]:
    case(f"layer_normalization_turned_{axes[0]}_{axes[1]}", lambda x, a=axes: L.LayerNormalization(axis=a)(x), IMAGE)
case("integer_lookup_signed", lambda x: L.IntegerLookup(vocabulary=[4, -3, 90, 7])(x), signed(6))
case("integer_lookup_padded", lambda x: L.IntegerLookup(vocabulary=[4, 2, 9], output_mode="multi_hot", max_tokens=8, pad_to_max_tokens=True)(x), numbers(5))
case("discretization_special", lambda x: K_cast(L.Discretization([-0.5, 0.0, 0.4])(x)), special(5, 3))
case("one_hot_signed", lambda x: [O.one_hot(x, 6), O.one_hot(x, 6, axis=1)] if IS3 else [tf.one_hot(x, 6), tf.one_hot(x, 6, on_value=2.0, off_value=-1.0, axis=1)], signed(4))
for name in ["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness"]:
    arguments = {"RandomFlip": (), "RandomTranslation": (0.1, 0.1)}.get(name, (0.1,))
    case(f"bytes_{name}", lambda x, n=name, a=arguments: K_cast(2 * getattr(L, n)(*a)(x)), bytes_(4, 4, 3))
if IS3:
    case("bytes_solarization", lambda x: K_cast(2 * L.Solarization(0.2)(x)), bytes_(4, 4, 3))
    case("bytes_random_crop", lambda x: K_cast(2 * L.RandomCrop(4, 4)(x)), bytes_(4, 4, 3))
    case("bytes_resize", lambda x: [O.image.resize(x, (2, 8)), O.image.resize(O.cast(x, "int32"), (3, 5), interpolation="nearest")], bytes_(4, 4, 3))
    case("adaptive_special", lambda x: [L.AdaptiveAveragePooling1D(3)(x), L.AdaptiveMaxPooling1D(3)(x)], Data((7, 2), lambda s: np.where(generator.uniform(0, 1, s) < 0.1, np.inf, generator.uniform(-1, 1, s)).astype("float32")))
    case("op_special", lambda x, y: [O.logaddexp(x, x), O.logaddexp(x, y), O.hypot(1e30 * x, y), O.hypot(0 * y, 0 * y), O.digitize(x, np.array([-0.5, 0.0]))], special(5, 3), X)
    case("op_integers_kept", lambda x: [O.trunc(x), O.nan_to_num(x), O.bitwise_invert(x)], signed(5))
    case("integer_lookup_dense", lambda x: L.Dense(3)(L.IntegerLookup(vocabulary=[4, 2, 9], output_mode="count")(x)), numbers(5))
    case("median_all", lambda x: O.median(x), X, batch=-3)
else:
    case("gather_nd_given", lambda x: tf.gather_nd(x, [[0, 2], [1, 1]]), X, batch=-3)



def randomize(model):
    for variable in model.weights:
        if "rnn_state" in variable.name:
            continue
        low = 0.5 if "variance" in variable.name else -0.6
        variable.assign(generator.uniform(low, 0.9, variable.shape).astype("float32"))


def flat(results):
    return [np.asarray(r) for r in tf.nest.flatten(results)]


report = {}
for name, make, inputs, batch, count in cases:
    if wanted not in name:
        continue
    K.backend.clear_session()
    try:
        fixed = {"batch_size": -batch} if batch < 0 else {}
        tensors = [K.Input(d.shape, dtype=d.dtype, name=f"in{i}", **fixed) for i, d in enumerate(inputs)]
        model = K.Model(tensors, make(*tensors))
        randomize(model)
        call = lambda arrays: flat(model(arrays if len(arrays) > 1 else arrays[0], training=False))
        arrays, spread = {}, []
        sets = [[d.draw((abs(batch),) + tuple(d.given or d.shape)) for d in inputs] for _ in range(count)]
        files, failures = [], []
        for extension in ["keras", "h5"]:
            try:
                model.save(folder / f"{name}.{extension}")
                files.append(f"{name}.{extension}")
            except Exception as error:
                failures.append(f"{extension}: {error!r:.200}")
        for i, arrays_in in enumerate(sets):
            outputs = call(arrays_in)
            arrays |= {f"{i}/in{k}": a for k, a in enumerate(arrays_in)}
            arrays |= {f"{i}/out{k}": a for k, a in enumerate(outputs)}
            if i == 0 and batch > 0:
                compiled = tf.function(lambda *a: model(list(a) if len(a) > 1 else a[0], training=False))
                runs = flat(compiled(*[tf.constant(a) for a in arrays_in]))
                spread = [float(np.nan_to_num(np.abs(a.astype("float64") - b.astype("float64")), posinf=0).max(initial=0)) for a, b in zip(outputs, runs)]
        np.savez(folder / f"{name}.npz", **arrays)
        report[name] = {
            "files": files, "failures": failures, "sets": len(sets),
            "spread": spread or [0.0] * len(outputs),
        }
    except Exception as error:
        report[name] = {"files": [], "failures": [f"{error!r:.300}"], "sets": 0, "spread": []}
(folder / "cases.json").write_text(json.dumps(report))
