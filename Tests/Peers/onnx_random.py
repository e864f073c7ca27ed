"""Draws random ONNX models: onnx_random.py FOLDER SEED FIRST COUNT

Model number i depends on SEED and i only. It is written as FOLDER/i.onnx with sets of inputs, results and bounds in
FOLDER/i.npz (see onnx_expected.py), and a line `drawn i OPSET KIND KIND ...` names its operators. Each is drawn in a process
of its own, since the runtime does not survive everything; `lost i REASON` is one that came to nothing.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
import onnx_draft
from onnx_expected import Expectation, write_case
from onnx_recipes import ROOMS

# What a graph is mostly made of.
MODES = [
    {"elementwise": 3, "movement": 3, "spatial": 2, "linear": 2, "reduction": 2, "other": 1, "patterns": 2},
    {"spatial": 5, "patterns": 3, "elementwise": 1, "movement": 1, "reduction": 1},
    {"linear": 4, "patterns": 2, "reduction": 2, "elementwise": 2, "movement": 2},
    {"elementwise": 3, "movement": 3, "reduction": 1},
]


def draw(seed, number):
    random = np.random.default_rng([seed, number])
    draft = onnx_draft.Draft(random, int(random.integers(7, 22)))
    mode = draft.choose(MODES)
    rooms = [room for room, weight in mode.items() for _ in range(weight)]
    wanted = draft.number(3, 15)
    for _ in range(10 * wanted):
        if len(draft.nodes) >= wanted:
            break
        draft.grow(draft.choose(ROOMS[draft.choose(rooms)]))
    model = draft.model()
    cases, random = [], np.random.default_rng([seed, number, 1])
    for inputs in draft.sets(model):
        try:
            case = Expectation(model, inputs, random)
        except Exception:
            # The second set can be of sizes that the model does not take.
            if not cases:
                raise
            continue
        # Nor is there much to compare where nothing remains.
        if not cases or not any(array.size == 0 < cases[0].expected[name].size for name, array in case.expected.items()):
            cases.append(case)
    return draft, model, cases


if __name__ == "__main__":
    folder, seed, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    for number in range(first, first + count):
        child = os.fork()
        if child == 0:
            try:
                draft, model, cases = draw(seed, number)
                write_case(folder / str(number), model, cases)
                agrees = all(case.agrees for case in cases)
                kinds = " ".join(node.op_type for node in draft.nodes)
                print(f"drawn {number} {draft.opset} {'' if agrees else '(optimizations change it) '}{kinds}", flush=True)
            except Exception as error:
                print(f"lost {number} {type(error).__name__} {str(error)[:150]!r}", flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(f"lost {number} ended with {status}", flush=True)
