"""Runs a TensorFlow Lite model under LiteRT on sets of inputs.

Inputs go by the tensors' names, or by their position among the inputs ("0", "1", …); outputs are written under the
tensors' names, and where two share one, under their position. An input of another shape than the model's resizes it.
Options: --resolver BUILTIN_REF|BUILTIN|BUILTIN_WITHOUT_DEFAULT_DELEGATES (default BUILTIN_REF), --signature: names are
those of the only signature, --tensors: every tensor is written as well, as tensor/<index>.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from ai_edge_litert.interpreter import Interpreter, OpResolverType
from peer_io import read_sets, write_sets

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("inputs")
parser.add_argument("outputs")
parser.add_argument("--resolver", default="BUILTIN_REF", choices=[name for name in OpResolverType.__members__])
parser.add_argument("--signature", action="store_true")
parser.add_argument("--tensors", action="store_true")
arguments = parser.parse_args()

interpreter = Interpreter(
    model_path=arguments.model,
    num_threads=1,
    experimental_op_resolver_type=OpResolverType[arguments.resolver],
    experimental_preserve_all_tensors=arguments.tensors,
)


def run_signature(inputs):
    (key,) = interpreter.get_signature_list()
    return interpreter.get_signature_runner(key)(**inputs)


def run(inputs):
    details = interpreter.get_input_details()
    tensors = {}
    for position, detail in enumerate(details):
        name = detail["name"] if detail["name"] in inputs else str(position)
        if name not in inputs:
            raise SystemExit(f"input {position}, '{detail['name']}', is missing from {sorted(inputs)}")
        tensors[detail["index"]] = inputs[name]
    if len(inputs) != len(details):
        raise SystemExit(f"{sorted(inputs)} are not the inputs {[detail['name'] for detail in details]}")
    if any(tuple(detail["shape"]) != tensors[detail["index"]].shape for detail in details):
        for index, array in tensors.items():
            interpreter.resize_tensor_input(index, array.shape)
        interpreter.allocate_tensors()
    for index, array in tensors.items():
        interpreter.set_tensor(index, array)
    interpreter.invoke()
    results = {}
    for position, detail in enumerate(interpreter.get_output_details()):
        name = detail["name"] if detail["name"] not in results else str(position)
        results[name] = interpreter.get_tensor(detail["index"])
    if arguments.tensors:
        for detail in interpreter.get_tensor_details():
            try:
                results[f"tensor/{detail['index']}"] = interpreter.get_tensor(detail["index"])
            except ValueError:
                pass  # a tensor without data, as optional and temporary ones are
    return results


interpreter.allocate_tensors()
write_sets(arguments.outputs, [(run_signature if arguments.signature else run)(inputs) for inputs in read_sets(arguments.inputs)])
