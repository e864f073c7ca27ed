"""How far compressed image models are from their source: pictures.py model.onnx FOLDER recipe...

FOLDER holds photographs (.png, .jpg), such as the data of PyPI's scikit-image; the Python has pillow. Cut out of half of them at random are 100
calibration samples, out of the others 100 that are compared; elements are from -1 to 1. Sizes that are open are those of --size. A recipe is a preset of
`skiff compress` or a file. Printed are the bytes of the file and, for each output, the signal to noise ratio in decibels and the mean cosine of its rows.
Networks of one channel see gray.
"""
import argparse
import pathlib
import subprocess
import tempfile

import numpy
import onnxruntime

import samples

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--skiff", default=here.parent / ".build/release/skiff")
parser.add_argument("--size", type=int, nargs=2, default=[48, 192], help="height and width")
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("photographs", type=pathlib.Path)
parser.add_argument("recipes", nargs="+")
arguments = parser.parse_args()
folder = pathlib.Path(tempfile.mkdtemp())

session = onnxruntime.InferenceSession(str(arguments.model), providers=["CPUExecutionProvider"])
source = session.get_inputs()[0]
is_last = source.shape[-1] in (1, 3)
channels, space = (source.shape[-1], source.shape[1:3]) if is_last else (source.shape[1], source.shape[2:])
height, width = [size if isinstance(size, int) else own for size, own in zip(space, arguments.size)]


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")
    return done.stdout


def images(paths, seed):
    made = samples.cuttings(paths, height, width, seed)
    if channels == 1:
        made = made.mean(-1, keepdims=True)
    return made if is_last else made.transpose(0, 3, 1, 2)


def cosine(wanted, found):
    wanted, found = wanted.reshape(len(wanted), -1), found.reshape(len(found), -1)
    return ((wanted * found).sum(1) / numpy.linalg.norm(wanted, axis=1) / numpy.linalg.norm(found, axis=1)).mean()


paths = samples.photographs(arguments.photographs)
calibrating, compared = (images(paths[half::2], half + 1) for half in range(2))
numpy.savez(folder / "calibration.npz", **{source.name: calibrating})
numpy.savez(folder / "compared.npz", **{source.name: compared})
names = [output.name for output in session.get_outputs()]
runs = [session.run(names, {source.name: compared[i : i + 1]}) for i in range(len(compared))]
expected = [numpy.concatenate(results).astype(numpy.float64) for results in zip(*runs)]
print(f"{len(paths)} photographs")
for recipe in arguments.recipes:
    made = folder / "compressed.skiff"
    run(arguments.skiff, "compress", arguments.model, "-o", made, "--recipe", recipe, "--calibrate", folder / "calibration.npz", "--strip", "--no-check")
    run(arguments.skiff, "run", made, "--input", folder / "compared.npz", "--output", folder / "outputs.npz")
    found = numpy.load(folder / "outputs.npz")
    ratios = [10 * numpy.log10((wanted**2).sum() / ((wanted - found[name]) ** 2).sum()) for name, wanted in zip(names, expected)]
    cosines = [cosine(wanted, found[name]) for name, wanted in zip(names, expected)]
    print(f"{recipe}: {made.stat().st_size} bytes, {', '.join(f'{ratio:.2f}' for ratio in ratios)} dB, cosine {', '.join(f'{one:.4f}' for one in cosines)}", flush=True)
