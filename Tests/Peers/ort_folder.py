"""Runs each FOLDER/NAME.onnx in ONNX Runtime on the sets of inputs in FOLDER/NAME.npz: ort_folder.py FOLDER

The outputs are written to FOLDER/NAME.onnx.npz.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import onnxruntime as ort
from peer_io import read_sets, write_sets

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    sets = read_sets(path.with_suffix(".npz"))
    write_sets(f"{path}.npz", [dict(zip(names, session.run(None, inputs))) for inputs in sets])
