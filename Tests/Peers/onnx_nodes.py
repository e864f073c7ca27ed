"""Runs single ONNX operators under ONNX Runtime: onnx_nodes.py cases.json inputs.npz outputs.npz

A case is {"type", "opset", "attributes", "inputs": [whether it is there], "outputs": count}; attributes are converted
to the kinds that the operator's schema asks for. Input j of case i is the array i/j, and so are the outputs.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
import onnxruntime as ort
from onnx import AttributeProto, defs, helper
from peer_io import read_sets, write_sets

KINDS = {
    AttributeProto.FLOAT: float,
    AttributeProto.FLOATS: lambda values: [float(value) for value in values],
    AttributeProto.TENSOR: lambda value: helper.make_tensor("value", value["type"], [1], [value["value"]]),
}


def model(case, arrays):
    domain = case.get("domain", "")
    schema = defs.get_schema(case["type"], max_inclusive_version=case["opset"], domain=domain)
    attributes = {
        name: KINDS.get(schema.attributes[name].type.value, lambda value: value)(value)
        for name, value in case["attributes"].items()
    }
    names = [str(position) if there else "" for position, there in enumerate(case["inputs"])]
    results = [f"y{position}" for position in range(case["outputs"])]
    node = helper.make_node(case["type"], names, results, domain=domain, **attributes)
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(arrays[name].dtype), arrays[name].shape)
        for name in names
        if name
    ]
    graph = helper.make_graph([node], "node", inputs, [helper.make_empty_tensor_value_info(name) for name in results])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", case["opset"])], ir_version=9)


with open(sys.argv[1]) as file:
    cases = json.load(file)
options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
options.intra_op_num_threads = 1
options.log_severity_level = 3
with np.load(sys.argv[2], allow_pickle=False) as file:
    sets = [{} for _ in cases]
    for key in file.files:
        index, name = key.split("/")
        sets[int(index)][name] = file[key]
results = []
for index, (case, arrays) in enumerate(zip(cases, sets)):
    try:
        session = ort.InferenceSession(model(case, arrays).SerializeToString(), options, providers=["CPUExecutionProvider"])
        results.append({str(position): array for position, array in enumerate(session.run(None, arrays))})
    except Exception as error:
        raise SystemExit(f"case {index}, {case}: {error}")
write_sets(sys.argv[3], results)
