"""Runs models that Skiff wrote in place of those of a corpus (see onnx_corpus.py): onnx_written.py FOLDER

FOLDER/written.json lists {"name", "source", "written", "inputs", "sets"}: two models, the positions of the corpus's inputs that
they take, and the number of sets. Each written model must pass onnx's checker and give, in ONNX Runtime, what the corpus
expects or else what the source gives there. FOLDER/failures.json gets the reasons by name; a source that the runtime does
not run itself is none, and is counted under "".
"""
import json
import os
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort

folder = pathlib.Path(sys.argv[1])
cases = json.loads((folder / "written.json").read_text())
arrays = np.load(folder / "arrays.npz", allow_pickle=False)
BITS = {"tensor(bfloat16)", "tensor(float8e4m3fn)", "tensor(float8e4m3fnuz)", "tensor(float8e5m2)", "tensor(float8e5m2fnuz)"}


def session(path):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def reason(error):
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"


def given(case, number, role):
    result, position = [], 0
    while f"{case['name']}/{number}/{role}/{position}" in arrays:
        result.append(arrays[f"{case['name']}/{number}/{role}/{position}"])
        position += 1
    return result


def run(model, case, number):
    inputs = given(case, number, "input")
    if case.get("inputs") is not None:
        inputs = [inputs[position] for position in case["inputs"]]
    return model.run(None, {value.name: array for value, array in zip(model.get_inputs(), inputs)})


def equal(actual, expected, relative, range_share):
    """Whether an array is the expected one; types that NumPy lacks are widened in the corpus."""
    if actual.shape != expected.shape:
        return False
    if actual.dtype.kind == expected.dtype.kind == "b" or actual.size == 0:
        return bool((actual == expected).all())
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    finite = e[np.isfinite(e)]
    bound = 1e-7 + relative * np.abs(e) + range_share * (np.ptp(finite) if finite.size else 0)
    with np.errstate(invalid="ignore"):
        return bool(((a == e) | (np.isnan(a) & np.isnan(e)) | (np.abs(a - e) <= bound)).all())


def failure(case):
    try:
        source = session(case["source"])
        if any(value.type in BITS for value in source.get_inputs() + source.get_outputs()):
            return ""
        own = [run(source, case, number) for number in range(case["sets"])]
    except Exception:
        own = None
    try:
        onnx.checker.check_model(case["written"], full_check=True)
    except Exception as error:
        return f"the checker says {reason(error)}"
    if own is None:
        return ""
    try:
        written = session(case["written"])
        results = [run(written, case, number) for number in range(case["sets"])]
    except Exception as error:
        return reason(error)
    for number, (result, other) in enumerate(zip(results, own)):
        for a, e, o in zip(result, given(case, number, "output"), other):
            if a.dtype != o.dtype:
                return f"{a.dtype} instead of {o.dtype}"
            if not equal(a, e, 1e-3, 0) and not equal(a, o, 0, 1e-5):
                return f"wrong, shapes {a.shape} and {o.shape}"
    return None


failures, ran = {}, 0
for start in range(0, len(cases), 50):
    # The runtime does not survive everything.
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "w") as pipe:
            for case in cases[start : start + 50]:
                print(json.dumps([case["name"], "begun"]), file=pipe, flush=True)
                print(json.dumps([case["name"], failure(case)]), file=pipe, flush=True)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        for line in pipe:
            name, found = json.loads(line)
            failures[name] = "ends the process" if found == "begun" else found
    os.waitpid(child, 0)
(folder / "failures.json").write_text(
    json.dumps({
        "failures": {name: text for name, text in failures.items() if text},
        "notRun": sum(text == "" for text in failures.values()),
        "ran": sum(text is None for text in failures.values()),
    })
)
