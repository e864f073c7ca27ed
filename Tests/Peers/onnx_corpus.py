"""Writes the data of the onnx package's backend tests as arrays: onnx_corpus.py folder

The folder gets corpus.json, a list of {"name", "model", "sets", "skipped", "fixed"}, where each set counts its inputs and
outputs, and arrays.npz with arrays called name/set/input/0 and name/set/output/0. Types that NumPy lacks are widened.
Where there are lists of integers among the inputs, "fixed" is the same model with these as constants, and the positions of
the inputs that remain.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

KINDS = ["node", "simple", "pytorch-converted", "pytorch-operator"]
WIDENED = {
    TensorProto.BFLOAT16: np.float32,
    TensorProto.FLOAT8E4M3FN: np.float32,
    TensorProto.FLOAT8E4M3FNUZ: np.float32,
    TensorProto.FLOAT8E5M2: np.float32,
    TensorProto.FLOAT8E5M2FNUZ: np.float32,
    TensorProto.UINT4: np.uint8,
    TensorProto.INT4: np.int8,
}


class NotAnArray(Exception):
    pass


def array(path):
    tensor = TensorProto()
    try:
        tensor.ParseFromString(path.read_bytes())
    except Exception:
        raise NotAnArray("a value that is not a tensor")
    if tensor.data_type == TensorProto.STRING:
        raise NotAnArray("a tensor of text")
    result = numpy_helper.to_array(tensor)
    if tensor.data_type in WIDENED:
        result = result.astype(WIDENED[tensor.data_type])
    if result.dtype.kind not in "biuf":
        raise NotAnArray(f"a tensor of {result.dtype}")
    return result


def is_tensor(value):
    return value.type.WhichOneof("value") == "tensor_type"


def read_set(folder, name, arrays):
    counts = {}
    for role in ["input", "output"]:
        count = len(list(folder.glob(f"{role}_*.pb")))
        for position in range(count):
            arrays[f"{name}/{role}/{position}"] = array(folder / f"{role}_{position}.pb")
        counts[role + "s"] = count
    return counts


def fix_integers(model, folder, path):
    """Writes the model with its lists of integers and truth values as initializers, nil if there are none."""
    tensors = [numpy_helper.to_array(onnx.load_tensor(data)) for data in sorted(folder.glob("input_*.pb"), key=position)]
    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    remaining = []
    for index, (value, tensor) in enumerate(zip(inputs, tensors)):
        if tensor.dtype in (np.int64, np.int32, np.bool_) and tensor.ndim <= 1 and len(inputs) > 1:
            model.graph.initializer.append(numpy_helper.from_array(tensor, value.name))
            model.graph.input.remove(value)
        else:
            remaining.append(index)
    if len(remaining) == len(inputs):
        return None
    path.write_bytes(model.SerializeToString())
    return {"model": str(path), "inputs": remaining}


def position(path):
    return int(path.stem.split("_")[1])


root = pathlib.Path(onnx.__file__).parent / "backend/test/data"
target = pathlib.Path(sys.argv[1])
corpus, arrays = [], {}
for kind in KINDS:
    for folder in sorted(path.parent for path in (root / kind).glob("*/model.onnx")):
        case = {"name": f"{kind}/{folder.name}", "model": str(folder / "model.onnx"), "sets": [], "skipped": None, "fixed": None}
        model = onnx.load(folder / "model.onnx")
        graph = model.graph
        own = {}
        try:
            if not all(is_tensor(value) for value in [*graph.input, *graph.output]):
                raise NotAnArray("a value that is not a tensor")
            for index, data in enumerate(sorted(folder.glob("test_data_set_*"))):
                case["sets"].append(read_set(data, f"{case['name']}/{index}", own))
            arrays.update(own)
            case["fixed"] = fix_integers(model, folder / "test_data_set_0", target / f"{len(corpus)}.onnx")
        except NotAnArray as reason:
            case.update(sets=[], skipped=str(reason))
        corpus.append(case)
(target / "corpus.json").write_text(json.dumps(corpus))
with open(target / "arrays.npz", "wb") as file:
    np.savez(file, **arrays)
