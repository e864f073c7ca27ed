"""Runs the TensorFlow Lite files of random graphs under LiteRT: litert_graphs.py FOLDER FIRST COUNT [int8]

With `int8` the files are FOLDER/i.int8.tflite and FOLDER/i.int8.npz, and the kernels those of the reference.
FOLDER/i.tflite gets the inputs in FOLDER/i.npz and must give the outputs there, within their bounds (see onnx_expected.py);
`ran i`, `wrong i litert: REASON` or, for what is LiteRT's own fault, `peer i REASON` says how it went. Each runs in a process of
its own, which the runtime may end.
"""
import os
import pathlib
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


class PeerFault(Exception):
    """What LiteRT does not do although the file is right."""


def sets(path):
    found = {}
    with np.load(path) as file:
        for key in file.files:
            index, role, name = key.split("/", 2)
            found.setdefault(int(index), {"in": {}, "out": {}, "allowed": {}, "narrow": {}})[role][name] = file[key]
    # Skiff lets LiteRT compute numbers of 64 bits in 32.
    for one in found.values():
        one["allowed"].update(one["narrow"])
    return [found[index] for index in sorted(found)]


def complaint(runner, one):
    results = runner(**one["in"])
    for name, wanted in one["out"].items():
        result = results[name]
        if result.shape != wanted.shape or result.dtype != wanted.dtype:
            return f"'{name}' is {result.dtype}{list(result.shape)}, not {wanted.dtype}{list(wanted.shape)}"
        a, b = result.astype(np.float64), wanted.astype(np.float64)
        with np.errstate(invalid="ignore"):
            fits = (a == b) | (np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= one["allowed"][name]) | (one["allowed"][name] == np.inf)
        if not np.all(fits):
            place = np.argwhere(~fits)[0] if a.ndim else ()
            place = tuple(place)
            return f"'{name}': {np.count_nonzero(~fits)} of {a.size} differ, {a[place]} instead of {b[place]} at {list(map(int, place))}, bound {one['allowed'][name][place]}"
    return None


def opened(base, resolver, **options):
    """The runner of the only signature."""
    interpreter = Interpreter(model_path=base + ".tflite", num_threads=1, experimental_op_resolver_type=resolver, **options)
    (key,) = interpreter.get_signature_list()
    return interpreter.get_signature_runner(key)


def check(base):
    # What comes from a file of integers must be what the reference kernels make of that.
    resolver = OpResolverType.BUILTIN_REF if os.path.exists(base + ".source.tflite") else RESOLVER
    try:
        runner = opened(base, resolver)
    except ValueError as error:
        if resolver == PLAIN or "Didn't find op" not in str(error):
            raise
        # The others round integers in other ways: the file is right if they run it.
        runner = opened(base, PLAIN)
        for one in sets(base + ".npz"):
            runner(**one["in"])
        raise PeerFault(f"no reference kernel for {str(error).split(chr(39))[2]}")
    for index, one in enumerate(sets(base + ".npz")):
        # Many of the runtime's kernels leave a result as it is where an operand has no elements.
        if any(array.size == 0 for array in one["in"].values()):
            continue
        try:
            reason = complaint(runner, one)
        except (RuntimeError, ValueError) as error:
            if "indices_has_only_positive_elements" in str(error):
                raise PeerFault("kernels take no computed indices that count from the end")
            if str(error) == "Invalid tensor size." and any(array.size == 0 for array in one["out"].values()):
                raise PeerFault("a computed shape of no sizes cannot be got")
            raise
        if reason and complaint(opened(base, resolver, experimental_preserve_all_tensors=True), one) is None:
            raise PeerFault("a tensor is overwritten before its last use")
        if reason:
            return f"{index} {reason}"
    return None


folder, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
SUFFIX = ".int8" if "int8" in sys.argv[4:] else ""
PLAIN = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
RESOLVER = OpResolverType.BUILTIN_REF if SUFFIX else PLAIN
for number in range(first, first + count):
    base = f"{folder / str(number)}{SUFFIX}"
    if not os.path.exists(base + ".tflite") or not os.path.exists(base + ".npz"):
        continue
    child = os.fork()
    if child == 0:
        try:
            reason = check(base)
            print(f"wrong {number} litert{SUFFIX} {reason}" if reason else f"ran {number}", flush=True)
        except PeerFault as fault:
            print(f"peer {number} {fault}", flush=True)
        except Exception as error:
            print(f"wrong {number} litert{SUFFIX}: {str(error)[:300]!r}", flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        print(f"wrong {number} litert{SUFFIX}: the runtime ended with {status}", flush=True)
