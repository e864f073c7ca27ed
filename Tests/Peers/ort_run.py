"""Runs an ONNX model under ONNX Runtime on sets of inputs.

Options: --level disable|basic|extended|all (of graph optimization, default disable), --values: every intermediate
value is an output too.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import onnx
import onnxruntime as ort
from peer_io import read_sets, write_sets

LEVELS = {
    "disable": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


def with_all_values(path):
    """The model's bytes with every node's results among the outputs."""
    model = onnx.load(path)
    known = {output.name for output in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in known:
                known.add(name)
                model.graph.output.append(onnx.ValueInfoProto(name=name))
    return model.SerializeToString()


parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("inputs")
parser.add_argument("outputs")
parser.add_argument("--level", choices=LEVELS, default="disable")
parser.add_argument("--values", action="store_true")
arguments = parser.parse_args()

options = ort.SessionOptions()
options.graph_optimization_level = LEVELS[arguments.level]
options.intra_op_num_threads = 1
options.log_severity_level = 3
source = with_all_values(arguments.model) if arguments.values else arguments.model
session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
write_sets(arguments.outputs, [dict(zip(names, session.run(None, inputs))) for inputs in read_sets(arguments.inputs)])
