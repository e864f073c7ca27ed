"""How far compressed image models are from their source: pictures.py model.onnx|model.h5 FOLDER recipe...

FOLDER holds photographs (.png, .jpg), such as the data of PyPI's scikit-image; the Python has pillow. Cut out of half of them at random are 100
calibration samples, out of the others 100 that are compared; elements are from -1 to 1, or as --elements says, and one channel is the mean of three. Sizes that are open
are those of --size. What is compared with is ONNX Runtime's, or for files of Keras Skiff's own result of the source. A recipe is a preset of
`skiff compress` or a file. Printed are the bytes of the file and, for each output, the signal to noise ratio in decibels and the mean cosine of its rows.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy

import samples

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--skiff", default=here.parent / ".build/release/skiff")
parser.add_argument("--size", type=int, nargs=2, default=[48, 192], help="height and width")
parser.add_argument("--elements", type=float, nargs=2, default=[-1, 1], help="the least and the greatest element of a picture")
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("photographs", type=pathlib.Path)
parser.add_argument("recipes", nargs="+")
arguments = parser.parse_args()
folder = pathlib.Path(tempfile.mkdtemp())

def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")
    return done.stdout


def pictures(paths, height, width, channels, seed):
    """Cuttings with their channels last."""
    found = samples.cuttings(paths, height, width, seed)
    least, greatest = arguments.elements
    return (found if channels == 3 else found.mean(3, keepdims=True)) * (greatest - least) / 2 + (greatest + least) / 2


def by_skiff(model):
    run(arguments.skiff, "run", model, "--batch-size", "1", "--input", folder / "compared.npz", "--output", folder / "outputs.npz")
    return {name: array.astype(numpy.float64) for name, array in numpy.load(folder / "outputs.npz").items()}


def by_onnxruntime(name, compared):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(arguments.model), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    runs = [session.run(names, {name: compared[i : i + 1]}) for i in range(len(compared))]
    return {name: numpy.concatenate(results).astype(numpy.float64) for name, results in zip(names, zip(*runs))}


def cosine(wanted, found):
    wanted, found = wanted.reshape(len(wanted), -1), found.reshape(len(found), -1)
    return ((wanted * found).sum(1) / numpy.linalg.norm(wanted, axis=1) / numpy.linalg.norm(found, axis=1)).mean()


(source,) = json.loads(run(arguments.skiff, "inspect", arguments.model, "--json"))["inputs"]
name, shape = source["name"], source["shape"]
has_channels_last = shape[-1] in (1, 3)
sizes, channels = (shape[1:3], shape[3]) if has_channels_last else (shape[2:4], shape[1])
height, width = [size if isinstance(size, int) else own for size, own in zip(sizes, arguments.size)]
paths = samples.photographs(arguments.photographs)
calibrating, compared = (pictures(half, height, width, channels, seed) for half, seed in ((paths[::2], 1), (paths[1::2], 2)))
if not has_channels_last:
    calibrating, compared = (numpy.ascontiguousarray(half.transpose(0, 3, 1, 2)) for half in (calibrating, compared))
numpy.savez(folder / "calibration.npz", **{name: calibrating.astype(numpy.float32)})
numpy.savez(folder / "compared.npz", **{name: compared.astype(numpy.float32)})
expected = by_onnxruntime(name, compared.astype(numpy.float32)) if arguments.model.suffix == ".onnx" else by_skiff(arguments.model)
print(f"{len(paths)} photographs")
for recipe in arguments.recipes:
    made = folder / "compressed.skiff"
    run(arguments.skiff, "compress", arguments.model, "-o", made, "--recipe", recipe, "--calibrate", folder / "calibration.npz", "--strip", "--no-check")
    found = by_skiff(made)
    ratios = [10 * numpy.log10((wanted**2).sum() / ((wanted - found[name]) ** 2).sum()) for name, wanted in expected.items()]
    cosines = [cosine(wanted, found[name]) for name, wanted in expected.items()]
    print(f"{recipe}: {made.stat().st_size} bytes, {', '.join(f'{ratio:.2f}' for ratio in ratios)} dB, cosine {', '.join(f'{one:.4f}' for one in cosines)}", flush=True)
