"""Sizes and accuracy of compressed models on labelled data, beside peers: compression.py kws|mnist recipe...

A recipe is a preset of `skiff compress`, a file, `float`, `within BYTES`: what `--max-size` finds of the calibration samples alone; or a
peer: `ort-minmax`, `ort-entropy` (kws), `tensorflow` (mnist), `ai-edge-quantizer` (both, from a float TensorFlow Lite file;
SKIFF_QUANTIZER_PYTHON names its Python).
Each line is the median of five draws of 100 calibration samples; those not drawn (kws) or 4,000 others (mnist) are scored.
"""
import argparse
import gzip
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--skiff", default=here.parent / ".build/release/skiff")
parser.add_argument("--models", type=pathlib.Path, default=os.environ.get("SKIFF_MODELS", "models"))
parser.add_argument("case", choices=["kws", "mnist"])
parser.add_argument("recipes", nargs="+")
arguments = parser.parse_args()
models = pathlib.Path(arguments.models)
folder = pathlib.Path(tempfile.mkdtemp())


def run(*command, allowed=(0,)):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")
    return done.stdout


def keywords():
    """The model, its input, and per draw: calibration samples and their labels, scored samples and theirs."""
    files = sorted((models / "eembc-kws01/kws01").glob("*.bin"))
    features = numpy.stack([(numpy.fromfile(file, numpy.int8).astype(numpy.float32) - 83) * numpy.float32(0.5847) for file in files])
    features = features.reshape(-1, 49, 10, 1).astype(numpy.float32)
    labels = numpy.array([int(file.stem.split("_")[-1]) for file in files])
    random = numpy.random.default_rng(5)
    draws = [numpy.arange(100)] + [numpy.sort(random.permutation(len(files))[:100]) for _ in range(4)]
    rest = [numpy.setdiff1d(numpy.arange(len(files)), draw) for draw in draws]
    model = models / "tiny-results-v0.7/Alibaba/code/kws/sinian/kws_model/model_kws.onnx"
    return model, "x:0", [(features[draw], labels[draw], features[others], labels[others]) for draw, others in zip(draws, rest)]


def digits():
    raw = models / "mnist-t10k/res/raw"
    read = lambda name, start: numpy.frombuffer(gzip.open(raw / name).read()[start:], numpy.uint8)
    images = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1).astype(numpy.float32) / numpy.float32(255)
    labels = read("t10k-labels-idx1-ubyte.gz", 8)
    scored = images[1000:5000], labels[1000:5000]
    return models / "moonflower-mnist/mnist_model.h5", "input_layer", [
        (images[100 * draw:100 * draw + 100], labels[100 * draw:100 * draw + 100], *scored) for draw in range(5)]


def right(model, name, samples, labels):
    numpy.savez(folder / "inputs.npz", **{name: samples})
    run(arguments.skiff, "run", model, "--batch-size", "1", "--input", folder / "inputs.npz", "--output", folder / "outputs.npz")
    (scores,) = numpy.load(folder / "outputs.npz").values()
    return int((scores.reshape(len(labels), -1).argmax(1) == labels).sum())


def onnxruntime(model, name, calibration, method):
    import onnx
    import onnx.version_converter
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, quantize_static

    class Reader(CalibrationDataReader):
        rows = iter(calibration)

        def get_next(self):
            row = next(self.rows, None)
            return None if row is None else {name: row[None]}

    # A scale for each channel needs version 13 of the operators.
    newer = folder / "newer.onnx"
    onnx.save(onnx.version_converter.convert_version(onnx.load(model), 13), newer)
    target, model = folder / "onnxruntime.onnx", newer
    quantize_static(
        model, target, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
        calibrate_method=CalibrationMethod.MinMax if method == "ort-minmax" else CalibrationMethod.Entropy)
    return target


def aiedge(model, calibration):
    """From TensorFlow's own file for Keras, and from Skiff's for ONNX, which TensorFlow does not read."""
    numpy.save(folder / "calibration.npy", calibration)
    source, target = folder / "float.tflite", folder / "ai-edge-quantizer.tflite"
    if model.suffix == ".h5":
        run(os.environ.get("SKIFF_TF_PYTHON", "python3"), here / "tf_convert.py", model, source)
    else:
        run(arguments.skiff, "convert", model, "-o", source)
    run(os.environ.get("SKIFF_QUANTIZER_PYTHON", "python3"), here / "ai_edge_quantize.py", source, target, folder / "calibration.npy")
    return target


def compressed(model, name, calibration, classes, recipe):
    if recipe == "float":
        return model
    if recipe.startswith("ort-"):
        return onnxruntime(model, name, calibration, recipe)
    if recipe == "tensorflow":
        numpy.save(folder / "calibration.npy", calibration)
        target = folder / "tensorflow.tflite"
        run(os.environ.get("SKIFF_TF_PYTHON", "python3"), here / "tf_convert.py", model, target, folder / "calibration.npy")
        return target
    if recipe == "ai-edge-quantizer":
        return aiedge(model, calibration)
    target = folder / "compressed.skiff"
    arrays = {name: calibration}
    if pathlib.Path(recipe).is_file() and "labels:" in pathlib.Path(recipe).read_text():
        arrays["labels"] = classes
    numpy.savez(folder / "calibration.npz", **arrays)
    samples = folder / "calibration.npz"
    chosen = ["--recipe", recipe]
    if recipe.startswith("within "):
        chosen = ["--max-size", recipe.split()[1], "--data", samples, "--journal", folder / "journal"]
        (folder / "journal").unlink(missing_ok=True)
    run(arguments.skiff, "compress", model, "-o", target, *chosen, "--calibrate", samples, "--strip", "--no-check")
    return target


def right_by_onnxruntime(model, name, samples, labels):
    import onnxruntime
    session = onnxruntime.InferenceSession(str(model))
    scores = numpy.stack([session.run(None, {name: sample[None]})[0] for sample in samples])
    return int((scores.reshape(len(labels), -1).argmax(1) == labels).sum())


model, name, draws = keywords() if arguments.case == "kws" else digits()
truth = [right(model, name, scored, labels) for _, _, scored, labels in draws]
for recipe in arguments.recipes:
    sizes, losses = [], []
    for (calibration, classes, scored, labels), whole in zip(draws, truth):
        made = compressed(model, name, calibration, classes, recipe)
        score = right_by_onnxruntime if recipe.startswith("ort-") else right
        sizes.append(made.stat().st_size)
        losses.append(whole - score(made, name, scored, labels))
    median = int(statistics.median(sizes))
    print(f"{arguments.case} {recipe}: {median} bytes, loses {int(statistics.median(losses))} of {len(draws[0][3])} ({', '.join(map(str, losses))})", flush=True)
