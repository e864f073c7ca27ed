"""What half of a network's multiplications cost: halved.py model SAMPLES plain.yaml fitted.yaml

Prints a row of docs/COMPRESSION.md: multiplications before and after, the channels that are left, how far ONNX Runtime on the pruned network's .onnx and
LiteRT on its .tflite are from Skiff at most, as a share of an output's range, and for each output the signal to noise ratio in decibels (and the mean
cosine of its rows) against the unpruned network, pruned only and reconstructed too. SAMPLES is a folder of photographs (the Python has pillow), a
tokenizer.json (it has tokenizers), or a number: so many random ones to calibrate with and as many to compare. None that is compared calibrates.
"""
import argparse
import json
import pathlib
import re
import subprocess
import tempfile

import numpy

import samples

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--skiff", default=here.parent / ".build/release/skiff")
parser.add_argument("--elements", type=float, nargs=2, default=[-1, 1], help="the least and the greatest element of an image")
parser.add_argument("--count", type=int, help="so many samples calibrate, and so many are compared, instead of all there are")
parser.add_argument("--tokens", type=int, default=32, help="the length of sentences")
parser.add_argument("--outputs", type=lambda names: names.split(","), help="the outputs that are compared, divided by commas; by default all")
parser.add_argument("--logits", action="store_true", help="take the softmax off a Keras file: behind it, random weights leave every class the same")
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("samples")
parser.add_argument("plain", type=pathlib.Path)
parser.add_argument("fitted", type=pathlib.Path)
arguments = parser.parse_args()
folder = pathlib.Path(tempfile.mkdtemp())


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")
    return done.stdout


def inspected(model, *options):
    return json.loads(run(arguments.skiff, "inspect", model, *options, "--json"))


def images(shape):
    """Calibrating and compared ones, in the layout of the input."""
    last = shape[-1] == 3
    height, width = shape[1:3] if last else shape[2:4]
    least, greatest = arguments.elements
    if arguments.samples.isdigit():
        random, size = numpy.random.default_rng(0), (int(arguments.samples), height, width, 3)
        halves = [random.uniform(-1, 1, size).astype(numpy.float32) for _ in range(2)]
    else:
        paths = samples.photographs(pathlib.Path(arguments.samples))
        halves = [samples.cuttings(paths[half::2], height, width, half + 1) for half in range(2)]
    halves = [(half + 1) / 2 * (greatest - least) + least for half in halves]
    return [numpy.ascontiguousarray(half if last else half.transpose(0, 3, 1, 2), numpy.float32) for half in halves]


def by_skiff(model):
    run(arguments.skiff, "run", model, "--batch-size", "1", *shapes, "--input", folder / "compared.npz", "--output", folder / "outputs.npz")
    found = numpy.load(folder / "outputs.npz")
    return [found[name].astype(numpy.float64) for name in names]


def by_onnxruntime(model):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return [session.run(names, row) for row in rows]


def by_litert(model):
    from ai_edge_litert.interpreter import Interpreter

    # The signature has the names of the model's inputs and outputs.
    runner = Interpreter(str(model)).get_signature_runner()
    return [[found[name] for name in names] for found in (runner(**row) for row in rows)]


def difference(peer, model):
    """The greatest, as a share of the range of an output."""
    found = [numpy.concatenate(results) for results in zip(*peer)]
    return max(numpy.abs(one - own).max() / (own.max() - own.min()) for one, own in zip(found, by_skiff(model)))


def error(expected, found):
    ratio = 10 * numpy.log10((expected**2).sum() / ((expected - found) ** 2).sum())
    expected, found = expected.reshape(len(expected), -1), found.reshape(len(found), -1)
    cosines = (expected * found).sum(1) / numpy.linalg.norm(expected, axis=1) / numpy.linalg.norm(found, axis=1)
    return f"{ratio:.1f} dB ({cosines.mean():.4f})"


def logits(model):
    """The file with another word of the same length in its configuration."""
    whole, softmax = model.read_bytes(), b'"activation": "softmax"'
    if whole.count(softmax) != 1:
        raise SystemExit(f"{model}: not one softmax")
    target = folder / model.name
    target.write_bytes(whole.replace(softmax, b'"activation": "linear" '))
    return target


if arguments.logits:
    arguments.model = logits(arguments.model)
summary, shapes = inspected(arguments.model), []
if arguments.samples.endswith(".json"):
    tokenizer = samples.tokenizer(arguments.samples, arguments.tokens)
    calibrating, compared = (samples.tokens(tokenizer, texts) for texts in samples.sentences())
    shapes = [part for name in compared for part in ("--input-shape", f"{name}=1,{arguments.tokens}")]
else:
    (source,) = summary["inputs"]
    calibrating, compared = ({source["name"]: half} for half in images(source["shape"]))
calibrating, compared = ({name: array[: arguments.count] for name, array in half.items()} for half in (calibrating, compared))
numpy.savez(folder / "calibration.npz", **calibrating)
numpy.savez(folder / "compared.npz", **compared)
names = arguments.outputs or [output["name"] for output in summary["outputs"]]
count = len(next(iter(compared.values())))
rows = [{name: array[i : i + 1] for name, array in compared.items()} for i in range(count)]

whole, before = by_skiff(arguments.model), inspected(arguments.model, *shapes)["multiplyAccumulates"]
for name, values in zip(names, whole):
    if values.max() == values.min():
        raise SystemExit(f"{arguments.model.name}: all of '{name}' is one number, which says nothing")
print(f"{arguments.model.name}: {before:,} multiplications, {count} samples compared")
for recipe in (arguments.plain, arguments.fitted):
    made = folder / f"{recipe.stem}.skiff"
    report = run(
        arguments.skiff, "compress", arguments.model, *shapes, "-o", made, "--recipe", recipe, "--calibrate", folder / "calibration.npz", "--no-check")
    left = re.search(r"\d+ of \d+ .* are left", report)
    found, after = by_skiff(made), inspected(made)["multiplyAccumulates"]
    errors = ", ".join(f"{name} {error(one, own)}" for name, one, own in zip(names, whole, found))
    print(f"{recipe.stem}: {after:,} ({after / before:.1%}), {left[0] if left else 'no channels removed'}, {made.stat().st_size:,} bytes; {errors}", flush=True)
    for ending, peer in ((".onnx", by_onnxruntime), (".tflite", by_litert)):
        target = made.with_suffix(ending)
        run(arguments.skiff, "convert", made, "-o", target)
        print(f"  {ending}: {difference(peer(target), made):.1e} of the range", flush=True)
