"""Trains two small CNNs with Keras 3 and writes them in every format that Keras and TensorFlow write."""
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", TF_ENABLE_ONEDNN_OPTS="0")

import digits
import keras
import numpy as np
import tensorflow as tf
import tf_keras


def sequential(k):
    """Convolutions, depthwise ones among them, each normalized; `k` is keras or tf_keras."""
    l = k.layers
    return k.Sequential(
        [
            l.InputLayer((8, 8, 1), name="image"),
            l.Conv2D(8, 3, padding="same", use_bias=False, name="conv"),
            l.BatchNormalization(name="conv_norm"),
            l.ReLU(name="conv_relu"),
            l.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise"),
            l.BatchNormalization(name="depthwise_norm"),
            l.ReLU(max_value=6.0, name="depthwise_relu"),
            l.Conv2D(16, 1, activation="relu", name="pointwise"),
            l.MaxPooling2D(2, name="pool"),
            l.SeparableConv2D(16, 3, padding="valid", activation="relu", name="separable"),
            l.Dropout(0.2, name="dropout"),
            l.Flatten(name="flatten"),
            l.Dense(10, activation="softmax", name="scores"),
        ],
        name="sequential",
    )


def residual(k):
    """Two residual blocks, the second with a stride and a projection, and a concatenation."""
    l = k.layers

    def normalized(x, filters, size, stride, name):
        x = l.Conv2D(filters, size, strides=stride, padding="same", use_bias=False, name=name)(x)
        return l.BatchNormalization(name=name + "_norm")(x)

    image = k.Input((8, 8, 1), name="image")
    x = l.Activation("relu", name="stem_relu")(normalized(image, 8, 3, 1, "stem"))
    y = l.Activation("relu", name="first_a_relu")(normalized(x, 8, 3, 1, "first_a"))
    y = normalized(y, 8, 3, 1, "first_b")
    x = l.Activation("relu", name="first_relu")(l.Add(name="first_add")([x, y]))
    y = l.Activation("relu", name="second_a_relu")(normalized(x, 12, 3, 2, "second_a"))
    y = normalized(y, 12, 3, 1, "second_b")
    x = normalized(x, 12, 1, 2, "second_skip")
    x = l.Activation("relu", name="second_relu")(l.Add(name="second_add")([x, y]))
    average = l.GlobalAveragePooling2D(name="average")(x)
    largest = l.GlobalMaxPooling2D(name="largest")(x)
    x = l.Concatenate(name="both")([average, largest])
    scores = l.Dense(10, activation="softmax", name="scores")(x)
    return k.Model(image, scores, name="residual")


def train(model, images, labels):
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(images, labels, batch_size=32, epochs=40, verbose=0)


def convert(model, calibration, quantized):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def save_keras3(model, path, everything):
    """As Keras 3 writes a model: the archive carries the state of the optimizer if `everything` is to be written."""
    if everything:
        model.save(path + ".keras")
        model.save_weights(path + ".weights.h5")
        with open(path + ".json", "w") as file:
            file.write(model.to_json())
    else:
        bare = keras.models.clone_model(model)
        bare.set_weights(model.get_weights())
        bare.save(path + ".keras")
    model.save(path + ".keras3.h5", include_optimizer=False)


def save_keras2(model, build, path, everything, test):
    """The same weights as Keras 2 writes them, with the state of an optimizer if `everything` is to be written."""
    old = build(tf_keras)
    old.set_weights(model.get_weights())
    difference = np.abs(old.predict(test, verbose=0) - model.predict(test, verbose=0)).max()
    assert difference < 1e-5, difference
    if everything:
        old.compile(tf_keras.optimizers.Adam(0.0), "sparse_categorical_crossentropy")
        old.fit(test[:1], np.zeros(1), verbose=0)
        old.set_weights(model.get_weights())
        # A name that ended in .weights.h5 would choose the format of Keras 3.
        old.save_weights(path + ".keras2-weights.h5", save_format="h5")
        with open(path + ".keras2.json", "w") as file:
            file.write(old.to_json())
    old.save(path + ".keras2.h5", include_optimizer=everything)


def make():
    (images, labels), (test, _) = digits.load()
    calibration = images[: digits.CALIBRATION_COUNT]
    for build in (sequential, residual):
        keras.utils.set_random_seed(7)
        name = build.__name__
        path = str(digits.FOLDER / name)
        model = build(keras)
        train(model, images, labels)
        digits.report(name, model.predict(test, verbose=0))
        save_keras3(model, path, everything=build is sequential)
        save_keras2(model, build, path, build is sequential, test)
        for suffix, quantized in ((".float.tflite", False), (".int8.tflite", True)):
            with open(path + suffix, "wb") as file:
                file.write(convert(model, calibration, quantized))
