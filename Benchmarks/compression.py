"""Sizes and accuracy of compressed models on labelled data, beside peers: compression.py kws|mnist recipe...

A recipe is a preset of `skiff compress`, a file, `float`, `within BYTES`: 4 bits, and 5 in the tensors that calibration samples want
them in the most, as long as the file has no more bytes; or a peer: `ort-minmax`, `ort-entropy` (kws), `tensorflow` (mnist).
Each line is the median of five draws of 100 calibration samples; those not drawn (kws) or 4,000 others (mnist) are scored.
"""
import argparse
import gzip
import json
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
    """The model, its input, and per draw: calibration samples, scored samples and their labels."""
    files = sorted((models / "eembc-kws01/kws01").glob("*.bin"))
    features = numpy.stack([(numpy.fromfile(file, numpy.int8).astype(numpy.float32) - 83) * numpy.float32(0.5847) for file in files])
    features = features.reshape(-1, 49, 10, 1).astype(numpy.float32)
    labels = numpy.array([int(file.stem.split("_")[-1]) for file in files])
    random = numpy.random.default_rng(5)
    draws = [numpy.arange(100)] + [numpy.sort(random.permutation(len(files))[:100]) for _ in range(4)]
    rest = [numpy.setdiff1d(numpy.arange(len(files)), draw) for draw in draws]
    model = models / "tiny-results-v0.7/Alibaba/code/kws/sinian/kws_model/model_kws.onnx"
    return model, "x:0", [(features[draw], features[others], labels[others]) for draw, others in zip(draws, rest)]


def digits():
    raw = models / "mnist-t10k/res/raw"
    read = lambda name, start: numpy.frombuffer(gzip.open(raw / name).read()[start:], numpy.uint8)
    images = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1).astype(numpy.float32) / numpy.float32(255)
    labels = read("t10k-labels-idx1-ubyte.gz", 8)
    scored = images[1000:5000], labels[1000:5000]
    return models / "moonflower-mnist/mnist_model.h5", "input_layer", [(images[100 * draw:100 * draw + 100], *scored) for draw in range(5)]


def right(model, name, samples, labels):
    numpy.savez(folder / "inputs.npz", **{name: samples})
    run(arguments.skiff, "run", model, "--input", folder / "inputs.npz", "--output", folder / "outputs.npz")
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


def logarithms(model, name, samples):
    """Of the probabilities of the answers."""
    numpy.savez(folder / "inputs.npz", **{name: samples})
    run(arguments.skiff, "run", model, "--input", folder / "inputs.npz", "--output", folder / "outputs.npz")
    (scores,) = numpy.load(folder / "outputs.npz").values()
    scores = scores.reshape(len(samples), -1).astype(numpy.float64)
    if arguments.case == "mnist":
        scores = numpy.log(numpy.clip(scores, 1e-9, None))
    scores -= scores.max(1, keepdims=True)
    return scores - numpy.log(numpy.exp(scores).sum(1, keepdims=True))


def within(model, name, calibration, limit):
    """Tensors get a fifth bit in the order of what it takes of the divergence of the answers on the calibration samples, for each byte."""
    expected = logarithms(model, name, calibration)

    def made(tensors):
        integers = lambda bits: f"integers: {{bits: {bits}, per: tensor}}"
        names = ", ".join(f"{json.dumps(tensor)}: {{{integers(5)}}}" for tensor in tensors)
        weights = f"{integers(4)}, feedback: true, correct-bias: true" + (f", names: {{{names}}}" if tensors else "")
        recipe = folder / "within.yaml"
        recipe.write_text(f"skiff: 1\nsteps:\n- equalize: {{}}\n- weights: {{{weights}}}\n- int8: {{range: min-max}}\n")
        return compressed(model, name, calibration, str(recipe))

    def measured(tensors):
        target = made(tensors)
        divergence = (numpy.exp(expected) * (expected - logarithms(target, name, calibration))).sum(1).mean()
        return target.stat().st_size, divergence

    size, divergence = measured([])
    report = run(
        arguments.skiff, "compress", model, "-o", folder / "report.skiff", "--recipe", folder / "within.yaml",
        "--calibrate", folder / "calibration.npz", "--dry-run", "--json", "--no-check")
    tensors = [weight["name"] for weight in json.loads(report)["weights"]]
    gains = {}
    for tensor in tensors:
        larger, lower = measured([tensor])
        gains[tensor] = (divergence - lower) / max(1, larger - size)
    chosen = []
    for tensor in sorted(tensors, key=lambda tensor: -gains[tensor]):
        if gains[tensor] > 0 and made(chosen + [tensor]).stat().st_size <= limit:
            chosen.append(tensor)
    return made(chosen)


def compressed(model, name, calibration, recipe):
    if recipe.startswith("within "):
        return within(model, name, calibration, int(recipe.split()[1]))
    if recipe == "float":
        return model
    if recipe.startswith("ort-"):
        return onnxruntime(model, name, calibration, recipe)
    if recipe == "tensorflow":
        numpy.save(folder / "calibration.npy", calibration)
        target = folder / "tensorflow.tflite"
        run(os.environ.get("SKIFF_TF_PYTHON", "python3"), here / "tf_convert.py", model, target, folder / "calibration.npy")
        return target
    target = folder / "compressed.skiff"
    numpy.savez(folder / "calibration.npz", **{name: calibration})
    run(arguments.skiff, "compress", model, "-o", target, "--recipe", recipe, "--calibrate", folder / "calibration.npz", "--strip", "--no-check")
    return target


def right_by_onnxruntime(model, name, samples, labels):
    import onnxruntime
    session = onnxruntime.InferenceSession(str(model))
    scores = numpy.stack([session.run(None, {name: sample[None]})[0] for sample in samples])
    return int((scores.reshape(len(labels), -1).argmax(1) == labels).sum())


model, name, draws = keywords() if arguments.case == "kws" else digits()
truth = [right(model, name, scored, labels) for _, scored, labels in draws]
for recipe in arguments.recipes:
    sizes, losses = [], []
    for (calibration, scored, labels), whole in zip(draws, truth):
        made = compressed(model, name, calibration, recipe)
        score = right_by_onnxruntime if recipe.startswith("ort-") else right
        sizes.append(made.stat().st_size)
        losses.append(whole - score(made, name, scored, labels))
    median = int(statistics.median(sizes))
    print(f"{arguments.case} {recipe}: {median} bytes, loses {int(statistics.median(losses))} of {len(draws[0][2])} ({', '.join(map(str, losses))})", flush=True)
