"""Runs every TensorFlow Lite model of a folder under LiteRT's reference kernels.

FOLDER/NAME.tflite reads the sets of inputs in FOLDER/NAME.npz and writes the outputs to FOLDER/NAME.out.npz, both by the
names of the only signature. What runs is printed to the error output, so that a runtime that ends the process has a name.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from ai_edge_litert.interpreter import Interpreter, OpResolverType
from peer_io import read_sets, write_sets

for model in sorted(pathlib.Path(sys.argv[1]).glob("*.tflite")):
    print(model.name, file=sys.stderr, flush=True)
    interpreter = Interpreter(
        model_path=str(model), num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    (key,) = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(key)
    write_sets(model.with_suffix(".out.npz"), [runner(**inputs) for inputs in read_sets(model.with_suffix(".npz"))])
