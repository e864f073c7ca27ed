"""Runs what Skiff wrote of random graphs as ONNX under ONNX Runtime: ort_graphs.py FOLDER FIRST COUNT

FOLDER/i.written.onnx must pass onnx's checker, gets the inputs in FOLDER/i.npz and must give the outputs there, within their bounds
(see onnx_expected.py); `ran i` or `wrong i ort: REASON` says how it went. Each runs in a process of its own.
"""
import os
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort


def sets(path):
    found = {}
    with np.load(path) as file:
        for key in file.files:
            index, role, name = key.split("/", 2)
            found.setdefault(int(index), {"in": {}, "out": {}, "allowed": {}, "narrow": {}})[role][name] = file[key]
    return [found[index] for index in sorted(found)]


def check(base):
    onnx.checker.check_model(base + ".written.onnx", full_check=True)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(base + ".written.onnx", options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for index, one in enumerate(sets(base + ".npz")):
        results = dict(zip(names, session.run(None, one["in"])))
        for name, wanted in one["out"].items():
            result = results[name]
            if result.shape != wanted.shape or result.dtype != wanted.dtype:
                return f"{index} '{name}' is {result.dtype}{list(result.shape)}, not {wanted.dtype}{list(wanted.shape)}"
            a, b, allowed = result.astype(np.float64), wanted.astype(np.float64), one["allowed"][name]
            with np.errstate(invalid="ignore"):
                fits = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= allowed) | (allowed == np.inf)
            if not np.all(fits):
                place = tuple(np.argwhere(~fits)[0]) if a.ndim else ()
                return f"{index} '{name}': {np.count_nonzero(~fits)} of {a.size} differ, {a[place]} instead of {b[place]}"
    return None


folder, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + count):
    base = f"{folder / str(number)}"
    if not os.path.exists(base + ".written.onnx"):
        continue
    child = os.fork()
    if child == 0:
        try:
            reason = check(base)
            print(f"wrong {number} ort: {reason}" if reason else f"ran {number}", flush=True)
        except Exception as error:
            print(f"wrong {number} ort: {str(error)[:300]!r}", flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(f"wrong {number} ort: the runtime ended with {status}", flush=True)
