"""Makes models without a task that hold every kind of layer and of nesting, with random weights, by Keras 3 and tf_keras."""
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_ENABLE_ONEDNN_OPTS="0")

import digits
import keras
import numpy as np
import tf_keras


def layers(k):
    """One layer behind each output, which bears the layer's name; `k` is keras or tf_keras."""
    l = k.layers
    image = k.Input((6, 7, 4), name="image")
    sequence = k.Input((9, 3), name="sequence")
    volume = k.Input((5, 4, 6, 2), name="volume")
    tokens = k.Input((5,), dtype="int32", name="tokens")
    outputs = []

    def add(x, layer):
        outputs.append(layer(x))

    add(image, l.Conv2D(5, (3, 2), padding="same", activation="relu", name="conv_same"))
    add(image, l.Conv2D(5, 3, strides=2, padding="same", name="conv_strided"))
    add(image, l.Conv2D(6, 2, dilation_rate=2, groups=2, use_bias=False, name="conv_dilated_grouped"))
    add(sequence, l.Conv1D(4, 3, padding="causal", dilation_rate=2, name="conv1d_causal"))
    add(sequence, l.Conv1D(4, 3, strides=2, padding="same", activation="tanh", name="conv1d_same"))
    add(volume, l.Conv3D(3, 2, strides=(1, 2, 1), padding="same", name="conv3d"))
    add(image, l.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="depthwise"))
    add(sequence, l.DepthwiseConv1D(3, strides=2, padding="same", name="depthwise1d"))
    add(image, l.SeparableConv2D(5, 3, depth_multiplier=2, padding="same", name="separable"))
    add(sequence, l.SeparableConv1D(5, 3, activation="sigmoid", name="separable1d"))
    add(image, l.Conv2DTranspose(3, 3, strides=2, padding="same", name="transposed_same"))
    add(image, l.Conv2DTranspose(3, (3, 2), strides=(2, 3), activation="relu", name="transposed_valid"))
    add(image, l.Conv2DTranspose(3, 2, strides=3, padding="same", name="transposed_gaps"))
    add(sequence, l.Conv1DTranspose(3, 4, strides=2, padding="same", name="transposed1d"))
    add(volume, l.Conv3DTranspose(3, 3, strides=2, padding="same", use_bias=False, name="transposed3d"))
    add(image, l.Dense(5, activation="elu", name="dense_on_image"))
    add(image, l.BatchNormalization(name="batch_norm"))
    add(image, l.BatchNormalization(axis=2, scale=False, center=False, epsilon=0.01, name="batch_norm_axis"))
    add(image, l.LayerNormalization(name="layer_norm"))
    add(image, l.LayerNormalization(axis=[2, 3], epsilon=0.01, scale=False, name="layer_norm_axes"))
    add(image, l.GroupNormalization(groups=2, name="group_norm"))
    add(image, l.GroupNormalization(groups=-1, center=False, name="instance_norm"))
    for name in [
        "relu", "sigmoid", "tanh", "elu", "selu", "softplus", "softsign", "swish", "gelu", "exponential", "linear",
        "softmax", "mish",
    ]:
        add(image, l.Activation(name, name="activation_" + name))
    add(image, l.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2, name="relu_everything"))
    add(image, l.ReLU(max_value=6.0, name="relu6"))
    add(image, l.ReLU(negative_slope=0.3, name="relu_leaky"))
    add(image, l.ReLU(threshold=0.4, name="relu_threshold"))
    add(image, l.LeakyReLU(0.15, name="leaky_relu"))
    add(image, l.ELU(alpha=0.7, name="elu"))
    add(image, l.PReLU(shared_axes=[1, 2], name="prelu"))
    add(image, l.PReLU(name="prelu_everywhere"))
    add(image, l.Softmax(axis=2, name="softmax_axis"))
    add(image, l.MaxPooling2D(3, strides=2, padding="same", name="max_pool"))
    add(image, l.AveragePooling2D((3, 2), strides=2, padding="same", name="average_pool"))
    add(image, l.AveragePooling2D(2, name="average_pool_valid"))
    add(sequence, l.MaxPooling1D(2, name="max_pool1d"))
    add(sequence, l.AveragePooling1D(3, strides=1, padding="same", name="average_pool1d"))
    add(volume, l.MaxPooling3D(2, name="max_pool3d"))
    add(volume, l.AveragePooling3D(2, padding="same", name="average_pool3d"))
    add(image, l.GlobalAveragePooling2D(name="global_average"))
    add(image, l.GlobalAveragePooling2D(keepdims=True, name="global_average_kept"))
    add(image, l.GlobalMaxPooling2D(name="global_max"))
    add(image, l.GlobalMaxPooling2D(data_format="channels_first", name="global_max_first"))
    add(sequence, l.GlobalAveragePooling1D(name="global_average1d"))
    add(sequence, l.GlobalMaxPooling1D(keepdims=True, name="global_max1d"))
    add(volume, l.GlobalAveragePooling3D(name="global_average3d"))
    add(volume, l.GlobalMaxPooling3D(name="global_max3d"))
    add(image, l.Flatten(name="flatten"))
    add(image, l.Flatten(data_format="channels_first", name="flatten_first"))
    add(image, l.Reshape((8, -1), name="reshape"))
    add(image, l.Permute((3, 1, 2), name="permute"))
    add(l.GlobalMaxPooling1D(name="vector")(sequence), l.RepeatVector(4, name="repeat"))
    add(sequence, l.ZeroPadding1D((1, 2), name="pad1d"))
    add(image, l.ZeroPadding2D(((1, 0), (2, 3)), name="pad2d"))
    add(image, l.ZeroPadding2D((1, 2), data_format="channels_first", name="pad2d_first"))
    add(volume, l.ZeroPadding3D(1, name="pad3d"))
    add(sequence, l.Cropping1D((1, 2), name="crop1d"))
    add(image, l.Cropping2D(((1, 0), (2, 3)), name="crop2d"))
    add(volume, l.Cropping3D(((1, 1), (0, 1), (2, 0)), name="crop3d"))
    add(sequence, l.UpSampling1D(2, name="up1d"))
    add(image, l.UpSampling2D((2, 3), name="up2d"))
    add(image, l.UpSampling2D((2, 3), interpolation="bilinear", name="up2d_bilinear"))
    add(volume, l.UpSampling3D((1, 2, 2), name="up3d"))
    other = l.Dense(4, name="other")(image)
    row = l.Reshape((1, 1, 4), name="row")(l.Dense(4, name="row_values")(l.GlobalMaxPooling2D(name="row_of")(image)))
    outputs.append(l.Add(name="add")([image, other, row]))
    outputs.append(l.Subtract(name="subtract")([image, other]))
    outputs.append(l.Multiply(name="multiply")([image, row]))
    outputs.append(l.Average(name="average")([image, other, other]))
    outputs.append(l.Maximum(name="maximum")([image, other]))
    outputs.append(l.Minimum(name="minimum")([image, other]))
    outputs.append(l.Concatenate(name="concatenate")([image, other]))
    outputs.append(l.Concatenate(axis=1, name="concatenate_axis")([image, other, image]))
    left = l.Dense(3, name="left")(sequence)
    outputs.append(l.Dot(axes=(2, 2), name="dot")([sequence, left]))
    outputs.append(l.Dot(axes=(1, 1), normalize=True, name="dot_normalized")([sequence, left]))
    add(tokens, l.Embedding(11, 6, name="embedding"))
    add(image, l.Rescaling(scale=0.5, offset=[1.0, 2.0, 3.0, 4.0], name="rescaling"))
    add(image, l.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 4.0, 2.0, 0.5], name="normalization"))
    add(sequence, l.TimeDistributed(l.Dense(2, activation="relu"), name="time_distributed"))
    add(volume, l.TimeDistributed(l.Conv2D(3, 2), name="time_distributed_conv"))
    add(image, l.GaussianNoise(0.5, name="noise"))
    add(sequence, l.SpatialDropout1D(0.5, name="spatial_dropout"))
    return k.Model([image, sequence, volume, tokens], outputs, name="layers")


def hard(k):
    """Hard functions, which Keras 2 and Keras 3 define differently."""
    image = k.Input((6,), name="image")
    hard = k.layers.Activation("hard_sigmoid", name="hard_sigmoid")(image)
    return k.Model(image, [hard], name="hard")


def nested(k):
    """Models inside of models, called once and twice; a frozen layer, whose variables Keras 2 lists last."""
    l = k.layers
    shared = k.Sequential(
        [
            k.Input((8,), name="inner_input"),
            l.Dense(8, activation="relu", name="inner_first"),
            l.BatchNormalization(name="inner_norm"),
            l.Dense(8, name="inner_frozen"),
            l.Dense(4, name="inner_last"),
        ],
        name="shared",
    )
    shared.layers[-2].trainable = False
    x = k.Input((4,), name="deep_input")
    y = l.Dense(5, name="deep_first")(x)
    deepest = k.Sequential([k.Input((5,)), l.Dense(5, name="deepest_dense"), l.BatchNormalization(name="deepest_norm")], name="deepest")
    functional = k.Model(x, [y, deepest(y)], name="deep")
    a, b = k.Input((8,), name="a"), k.Input((8,), name="b")
    both = l.Add(name="both")([shared(a), shared(b)])
    first, second = functional(both)
    tail = l.Dense(2, name="tail")
    outputs = [tail(first), tail(second), l.Concatenate(name="joined")([first, second])]
    return k.Model([a, b], outputs, name="nested")


def randomize(model, seed):
    generator = np.random.default_rng(seed)

    def values(variable):
        numbers = generator.normal(0, 0.4, variable.shape)
        return np.abs(numbers) + 0.3 if "variance" in variable.name else numbers

    model.set_weights([values(variable).astype("float32") for variable in model.weights])


def inputs(model, seed):
    generator = np.random.default_rng(seed)

    def values(tensor):
        shape = (3,) + tuple(tensor.shape[1:])
        if "int" in str(tensor.dtype):
            return generator.integers(0, 11, shape).astype("int32")
        return generator.normal(0, 1, shape).astype("float32")

    return {tensor.name: values(tensor) for tensor in model.inputs}


def run(model, arrays):
    results = model(list(arrays.values()) if len(arrays) > 1 else list(arrays.values())[0], training=False)
    results = results if isinstance(results, (list, tuple)) else [results]
    names = [tensor._keras_history[0].name for tensor in model.outputs]
    return {f"{index}/{name}": np.asarray(result) for index, (name, result) in enumerate(zip(names, results))}


def make():
    for build in (layers, hard, nested):
        name = build.__name__
        path = str(digits.FOLDER / name)
        new, old = build(keras), build(tf_keras)
        randomize(new, 11)
        randomize(old, 12)
        arrays = inputs(new, 13)
        digits.save(name + ".inputs.npz", **arrays)
        digits.save(name + ".expected.npz", **run(new, arrays))
        digits.save(name + ".keras2-expected.npz", **run(old, arrays))
        new.save(path + ".keras")
        old.save(path + ".keras2.h5")
        if build is nested:
            new.save(path + ".keras3.h5")
            new.save_weights(path + ".weights.h5")
            with open(path + ".json", "w") as file:
                file.write(new.to_json())
            old.save_weights(path + ".keras2-weights.h5", save_format="h5")
            with open(path + ".keras2.json", "w") as file:
                file.write(old.to_json())


if __name__ == "__main__":
    make()
