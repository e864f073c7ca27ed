"""Times Skiff beside its peers in turn and prints medians and ratios; Scripts/bench calls it.

A round runs each contender once, in a process of its own; the figure is the median over the rounds. What runs in one thread runs
on one processor, the same for all, since another can have a busier neighbour. Where whole processes are timed, their peak memory
with mapped pages stands behind.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy

here = pathlib.Path(__file__).parent
parser = argparse.ArgumentParser()
parser.add_argument("skiff")
parser.add_argument("models", type=pathlib.Path)
parser.add_argument("cases", nargs="*")
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--runs", type=int, default=7)
arguments = parser.parse_intermixed_args()
folder = arguments.models.resolve()
arguments.skiff = pathlib.Path(arguments.skiff).resolve()


# Linux says where processes may run; elsewhere they run where the system likes.
processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def start(*command, processor=None):
    place = None if processor is None else lambda: os.sched_setaffinity(0, {processor})
    command = [str(part) for part in command]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=place)


def finish(running):
    text, errors = running.communicate()
    if running.returncode:
        raise SystemExit(f"{' '.join(running.args)}\n{errors}")
    return text


def output(*command, threads=0):
    return finish(start(*command, processor=processors[-1] if processors and threads == 1 else None))


def benchmark(model, threads):
    options = ["--json", "--threads", threads, "--runs", arguments.runs]
    samples = (folder / model).with_suffix(".npz")
    if samples.exists():
        options += ["--input", samples]
    return [arguments.skiff, "benchmark", folder / model, *options]


def milliseconds(text):
    return 1000 * json.loads(text)["medianSeconds"]


def skiff(model, threads=1):
    return lambda: milliseconds(output(*benchmark(model, threads), threads=threads))


def apart(model):
    """What two threads would take that never wait: of two processes at once, each on a processor of its own, both together."""

    def measure():
        both = [start(*benchmark(model, 1), processor=processor) for processor in processors[-2:]]
        return 1 / sum(1 / milliseconds(finish(running)) for running in both)

    return measure


def peer(engine, model, threads=1):
    script = here / "peer_time.py"
    command = [sys.executable, script, engine, folder / model, threads, arguments.runs]
    return lambda: float(output(*command, threads=threads))


def process(target, *command):
    """Times a command that writes a file, which was not there before."""

    def measure():
        (folder / target).unlink(missing_ok=True)
        start = time.perf_counter()
        running = subprocess.Popen([str(part) for part in command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        errors = running.stderr.read()
        _, status, usage = os.wait4(running.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(running.args)}\n{errors}")
        measure.memory = max(measure.memory, usage.ru_maxrss / 1024)
        return 1000 * (time.perf_counter() - start)

    measure.memory = 0
    return measure


def copy_and_sync(source):
    target = folder / "copied"
    return process("copied", "sh", "-c", f"cp '{folder / source}' '{target}' && sync '{target}'")


def convert(source, target, *options):
    return process(target, arguments.skiff, "convert", folder / source, "-o", folder / target, *options)


def limited(source, target, *options):
    """A conversion whose own memory, without mapped files, may be 200 MB."""
    limit = ("prlimit", "--data=200000000")
    return process(target, *limit, arguments.skiff, "convert", folder / source, "-o", folder / target, *options)


def tensorflow_convert(source, *options):
    target = "converted-by-tensorflow.tflite"
    python = os.environ.get("SKIFF_TF_PYTHON", "python3")
    return process(target, python, here / "tf_convert.py", folder / source, folder / target, *options)


def onnx2tf_convert(model):
    # It writes beside the file a copy with half as many digits; there is no option against that. Where there are no images to
    # try, it would fetch some.
    images = folder / "calibration_image_sample_data_20x128x128x3_float32.npy"
    if not images.exists():
        numpy.save(images, numpy.random.default_rng(1).random((20, 128, 128, 3), numpy.float32))
    target = f"converted-by-onnx2tf/{model}_float32.tflite"
    python = os.environ.get("SKIFF_ONNX2TF_PYTHON", "python3")
    program = pathlib.Path(python).with_name("onnx2tf")
    return process(target, python, program, "-n", "-i", folder / f"{model}.onnx", "-o", (folder / target).parent)


def int8(model):
    return {"Skiff": skiff(f"{model}.int8.tflite"), "LiteRT": peer("litert", f"{model}.int8.tflite")}


def real(model):
    return {
        "Skiff": skiff(f"{model}.tflite"),
        "LiteRT": peer("litert", f"{model}.tflite"),
        "ONNX Runtime": peer("ort", f"{model}.onnx"),
    }


def threads(model):
    contenders = {"two threads": skiff(model, 2), "one thread": skiff(model)}
    return contenders | ({"two processes": apart(model)} if len(processors) > 1 else {})


def decoding(form):
    """Milliseconds for 16 million weights, and how many GB/s of them that are."""
    model = folder / f"decode-{form}.skiff"
    if not model.exists():
        output(arguments.skiff, "convert", model.with_suffix(".onnx"), "-o", model, "--no-check")

    def measure():
        text = output(arguments.skiff, "benchmark", model, "--decoding", "--json", "--runs", arguments.runs)
        figures = json.loads(text)
        measure.rate = max(measure.rate, figures["bytes"] / figures["medianSeconds"] / 1e9)
        return 1000 * figures["medianSeconds"]

    measure.rate = 0
    return {form: measure}


samples = ("--quantize", "int8", "--calibrate", folder / "samples.npy")
cases = {
    "mobilenetv2-int8": lambda: int8("mobilenetv2"),
    "resnet50-int8": lambda: int8("resnet50"),
    "mobilenetv2": lambda: real("mobilenetv2"),
    "resnet50": lambda: real("resnet50"),
    "bert": lambda: {"Skiff": skiff("bert.onnx"), "ONNX Runtime": peer("ort", "bert.onnx")},
    "mobilenetv2-int8-threads": lambda: threads("mobilenetv2.int8.tflite"),
    "resnet50-int8-threads": lambda: threads("resnet50.int8.tflite"),
    "resnet50-threads": lambda: threads("resnet50.tflite"),
    "bert-threads": lambda: threads("bert.onnx"),
    "convert-mobilenetv2-int8": lambda: {
        "Skiff": convert("mobilenetv2.h5", "converted.tflite", *samples),
        "TensorFlow": tensorflow_convert("mobilenetv2.h5", folder / "samples.npy"),
    },
    "convert-mobilenetv2-float": lambda: {
        "Skiff": convert("mobilenetv2.onnx", "converted.tflite", "--no-check"),
        "onnx2tf": onnx2tf_convert("mobilenetv2"),
    },
    "convert-resnet50-float": lambda: {
        "Skiff": convert("resnet50.onnx", "converted.tflite", "--no-check"),
        "onnx2tf": onnx2tf_convert("resnet50"),
    },
    **{
        f"decode-{form}": lambda form=form: decoding(form)
        for form in ["entropy", "packed", "palette", "palette-entropy", "sparse", "sparse-entropy"]
    },
    "convert-vgg16": lambda: {
        "Skiff": limited("vgg16.onnx", "converted.skiff", "--no-check"),
        "cp and sync": copy_and_sync("vgg16.onnx"),
    },
}

for name in ["mobilenetv2", "resnet50"]:
    for target, options in [(f"{name}.tflite", ()), (f"{name}.int8.tflite", samples)]:
        if not (folder / target).exists():
            convert(f"{name}.h5", target, *options)()
chosen = [name for name in cases if not arguments.cases or any(name.startswith(case) for case in arguments.cases)]
if not chosen:
    raise SystemExit(f"the cases are {', '.join(cases)}")
for name in chosen:
    contenders = cases[name]()
    times = {contender: [] for contender in contenders}
    for _ in range(arguments.rounds):
        for contender, measure in contenders.items():
            times[contender].append(measure())
    medians = {contender: statistics.median(own) for contender, own in times.items()}
    figures = ", ".join(f"{contender} {median:.4g} ms" for contender, median in medians.items())
    for contender, measure in contenders.items():
        if hasattr(measure, "memory"):
            figures += f", {contender} {measure.memory:.0f} MB"
        if hasattr(measure, "rate"):
            figures += f", {measure.rate:.2f} GB/s"
    first, *others = medians
    ratios = ", ".join(f"{medians[first] / medians[other]:.3g} of {other}" for other in others)
    print(f"{name}: {figures}" + (f"; {first} {ratios}" if others else ""), flush=True)
