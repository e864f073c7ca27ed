"""The handwritten digits of scikit-learn (1,797 images of 8 by 8 points, UCI), split once and for all."""
import pathlib

import numpy as np
from sklearn.datasets import load_digits

FOLDER = pathlib.Path(__file__).parent
TEST_COUNT = 360
CALIBRATION_COUNT = 100


def load():
    """Images [n, 8, 8, 1] in 0...1 and labels [n], for training and for testing."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[..., np.newaxis]
    labels = digits.target.astype(np.int64)
    order = np.random.default_rng(20).permutation(len(images))
    test, training = order[:TEST_COUNT], order[TEST_COUNT:]
    return (images[training], labels[training]), (images[test], labels[test])


def channels_first(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def save(name, **arrays):
    np.savez_compressed(FOLDER / name, **arrays)


def save_data():
    """Writes what tests and demonstrations use: images by the name of the models' input, in both layouts."""
    (training, _), (test, labels) = load()
    for name, images in {"test": test, "calibration": training[:CALIBRATION_COUNT]}.items():
        save(f"{name}.nhwc.npz", image=images)
        save(f"{name}.nchw.npz", image=channels_first(images))
    save("labels.npz", label=labels.astype(np.uint8))


def report(name, scores):
    """Writes the float outputs that are expected and prints how many of them are right."""
    _, (_, labels) = load()
    save(f"{name}.expected.npz", scores=scores.astype(np.float32))
    print(f"{name}: {(scores.argmax(-1) == labels).sum()} of {len(labels)}")
