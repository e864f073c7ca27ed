"""Sentence embeddings of compressed models beside peers: sentences.py model.onnx tokenizer.json recipe...

The sentences are the first ones of the documentation strings in Python's own library: 100 calibrate, 200 others are embedded. A
recipe is a preset of `skiff compress`, a file, or a peer: `ort-dynamic`, `ort-static`, `ort-4bits`. Printed are the bytes of the file
and the cosines of the embeddings with those of ONNX Runtime on the float model: mean and least.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile

import numpy
import onnx
import onnxruntime

import samples

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--skiff", default=here.parent / ".build/release/skiff")
parser.add_argument("--output", default="461", help="the model's output that is the embedding")
parser.add_argument("--whole", type=int, default=0, help="calibrate on sentences of so many tokens, without padding")
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("tokenizer")
parser.add_argument("recipes", nargs="+")
arguments = parser.parse_args()
folder = pathlib.Path(tempfile.mkdtemp())
tokenizer = samples.tokenizer(arguments.tokenizer, 32)


def run(*command, allowed=(0,)):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"{' '.join(done.args)}\n{done.stdout}{done.stderr}")
    return done.stdout


def by_onnxruntime(model, inputs):
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rows = [session.run([arguments.output], {name: rows[i : i + 1] for name, rows in inputs.items()})[0] for i in range(len(inputs["input_ids"]))]
    return numpy.concatenate(rows)


def by_skiff(model, inputs):
    numpy.savez(folder / "inputs.npz", **inputs)
    run(arguments.skiff, "run", model, "--batch-size", "1", "--input", folder / "inputs.npz", "--output", folder / "outputs.npz")
    return numpy.load(folder / "outputs.npz")[arguments.output]


def peer(recipe, calibration):
    from onnxruntime import quantization

    target = folder / "peer.onnx"
    if recipe == "ort-dynamic":
        quantization.quantize_dynamic(arguments.model, target, per_channel=True)
    elif recipe == "ort-static":

        class Reader(quantization.CalibrationDataReader):
            rows = iter(range(len(calibration["input_ids"])))

            def get_next(self):
                row = next(self.rows, None)
                return None if row is None else {name: rows[row : row + 1] for name, rows in calibration.items()}

        quantization.quantize_static(arguments.model, target, Reader(), per_channel=True)
    else:
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantizer = MatMulNBitsQuantizer(onnx.load(arguments.model), block_size=32, is_symmetric=True)
        quantizer.process()
        quantizer.model.save_model_to_file(str(target))
    return target


calibrating, embedded = samples.sentences()
calibration, inputs = samples.tokens(tokenizer, calibrating), samples.tokens(tokenizer, embedded)
if arguments.whole:
    # Sentences of the least length in tokens, cut there: no padding, which would count as much as words do.
    texts = [text for text in calibrating if sum(tokenizer.encode(text).attention_mask) >= arguments.whole]
    calibration = {name: rows[:, : arguments.whole] for name, rows in samples.tokens(tokenizer, texts).items()}
numpy.savez(folder / "calibration.npz", **calibration)
expected = by_onnxruntime(arguments.model, inputs)
for recipe in arguments.recipes:
    if recipe.startswith("ort-"):
        made = peer(recipe, calibration)
        found = by_onnxruntime(made, inputs)
    else:
        made = folder / "compressed.skiff"
        run(arguments.skiff, "compress", arguments.model, "-o", made, "--recipe", recipe, "--calibrate", folder / "calibration.npz", "--strip", "--no-check")
        found = by_skiff(made, inputs)
    cosines = (expected * found).sum(1) / numpy.linalg.norm(expected, axis=1) / numpy.linalg.norm(found, axis=1)
    print(f"{recipe}: {made.stat().st_size} bytes, cosine {cosines.mean():.5f}, least {cosines.min():.5f}, {len(cosines)} sentences", flush=True)
