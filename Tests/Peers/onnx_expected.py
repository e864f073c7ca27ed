"""What a model must compute: the results of ONNX Runtime, and how far from each element a result with other rounding may be.

The bound is measured: the same model runs with noise of a few units in the last place behind every operator that rounds, and
with the runtime's optimizations. Where an element jumps then, as behind a comparison or a rounding, it may jump elsewhere too.
"""
import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from onnx_draft import session
from onnx_meaning import EXACT, NOISE, rounded, undefined

# What share of an output's largest number may always be wrong.
SHARE = {np.dtype(np.float16): 4e-3, np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}
# How often the bounds are measured, and how often it is seen whether they hold.
TRIALS, CHECKS = 3, 13


def with_all_values(model):
    """The model with every result among its outputs."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = {output.name for output in copy.graph.output}
    for node in copy.graph.node:
        for name in node.output:
            if name and name not in known:
                known.add(name)
                copy.graph.output.append(onnx.ValueInfoProto(name=name))
    return copy


def with_noise(model, values, random, noises):
    """The model with every rounded result a little wrong."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes = []
    for node in copy.graph.node:
        nodes.append(node)
        if node.op_type in EXACT:
            continue
        for place, name in enumerate(node.output):
            array = values.get(name)
            if array is None or array.dtype not in noises or not array.size:
                continue
            noise = noises[array.dtype]
            finite = np.abs(array[np.isfinite(array)])
            largest = float(finite.max()) if finite.size else 0.0
            factor = (1 + noise * random.uniform(-1, 1, array.shape)).astype(array.dtype)
            term = (noise * largest * random.uniform(-1, 1, array.shape)).astype(array.dtype)
            copy.graph.initializer.extend([numpy_helper.from_array(factor, name + "/factor"), numpy_helper.from_array(term, name + "/term")])
            node.output[place] = name + "/exact"
            nodes.append(helper.make_node("Mul", [name + "/exact", name + "/factor"], [name + "/scaled"]))
            nodes.append(helper.make_node("Add", [name + "/scaled", name + "/term"], [name]))
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def disturbed(array, random, noises):
    """An input a little wrong, if it is real: operators that round inside are no better than that."""
    if array.dtype not in noises:
        return array
    return np.asarray(array * (1 + noises[array.dtype] * random.uniform(-1, 1, array.shape))).astype(array.dtype)


def deviation(a, b):
    """How far elements are apart; infinite where only one is a number."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0, np.where(np.isfinite(apart), apart, np.inf))


class Unstable(Exception):
    """The noise changes how large a result is, or makes an element jump so seldom that the bounds miss it."""


class Undefined(Exception):
    """No result of some operator is the right one."""


class Expectation:
    """What a model computes from some inputs.

    `allowed` says what each element of the outputs may be wrong by, `narrow` the same where numbers of 64 bits are computed
    in 32 (nothing if there are none), `agrees` whether the runtime's optimizations keep to that.
    """

    def __init__(self, model, inputs, random):
        full = with_all_values(model)
        names = [output.name for output in full.graph.output]
        values = dict(zip(names, session(full).run(None, inputs)))
        check_meaning(model, {**inputs, **values})
        outputs = [output.name for output in model.graph.output]
        self.inputs = inputs
        self.expected = {name: values[name] for name in outputs}
        self.allowed = bounds(model, values, self, random, NOISE, SHARE)
        self.narrow = {}
        if any(array.dtype == np.float64 for array in values.values()):
            narrow = [{**table, np.dtype(np.float64): table[np.dtype(np.float32)]} for table in (NOISE, SHARE)]
            self.narrow = bounds(model, values, self, random, *narrow)
        self.agrees = self.admit_optimizations(model, outputs)

    def admit_optimizations(self, model, outputs):
        """Widens the bounds by what the runtime's optimizations change; returns whether that is little."""
        try:
            optimized = session(model, ort.GraphOptimizationLevel.ORT_ENABLE_ALL).run(outputs, self.inputs)
        except Exception:
            return False
        agrees = True
        for name, array in zip(outputs, optimized):
            if array.shape != self.expected[name].shape:
                agrees = False
                continue
            apart = deviation(array, self.expected[name])
            if np.all(apart <= 4 * self.allowed[name]):
                self.allowed[name] = np.maximum(self.allowed[name], 2 * apart)
            else:
                agrees = False
        return agrees


def check_meaning(model, values):
    """Raises Undefined if some operator's results need not be what the runtime gives."""
    arrays = {**values, **{tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}}
    names = rounded(model.graph.node)
    for node in model.graph.node:
        reason = undefined(node, arrays, names)
        if reason:
            raise Undefined(f"{node.name}: {reason}")


def bounds(model, values, case, random, noises, shares):
    """What each element of the outputs may be wrong by, where results are wrong by some noise."""
    outputs, allowed = list(case.expected), {}
    for name, array in case.expected.items():
        magnitude = np.abs(array[np.isfinite(array)]).max(initial=0) if array.dtype in shares else 0
        # The runtime's sigmoid of float32 ends at 1e-8; float32 ends at 1e-45, of which flushing to zero keeps 1e-38.
        least = 2e-8 if array.dtype == np.float32 else np.finfo(np.float32).tiny if array.dtype == np.float64 and noises is not NOISE else 0
        allowed[name] = np.full(array.shape, shares.get(array.dtype, 0) * float(magnitude) + least)

    def trial():
        """How far the outputs are apart from what is expected, with other noise."""
        try:
            inputs = {name: disturbed(array, random, noises) for name, array in case.inputs.items()}
            noisy = session(with_noise(model, values, random, noises)).run(outputs, inputs)
        except Exception:
            raise Unstable()
        if any(array.shape != case.expected[name].shape for name, array in zip(outputs, noisy)):
            raise Unstable()
        return {name: deviation(array, case.expected[name]) for name, array in zip(outputs, noisy)}

    trials = [trial() for _ in range(TRIALS)]
    for name in outputs:
        spread = np.max([apart[name] for apart in trials], axis=0)
        # Of what counts or says where, any other value is possible.
        allowed[name] = allowed[name] + (4 * spread if case.expected[name].dtype in shares else np.where(spread > 0, np.inf, 0))
    for _ in range(CHECKS):
        if any(np.any(apart > 4 * allowed[name]) for name, apart in trial().items()):
            raise Unstable()
    return allowed


def write_case(path, model, cases):
    """Writes the model and its cases as path.onnx and path.npz: arrays called case/in/name, case/out/name, case/allowed/name and
    case/narrow/name."""
    path.with_suffix(".onnx").write_bytes(model.SerializeToString())
    arrays = {}
    for index, case in enumerate(cases):
        for role, values in [("in", case.inputs), ("out", case.expected), ("allowed", case.allowed), ("narrow", case.narrow)]:
            arrays.update({f"{index}/{role}/{name}": array for name, array in values.items()})
    with open(path.with_suffix(".npz"), "wb") as file:
        np.savez(file, **arrays)
