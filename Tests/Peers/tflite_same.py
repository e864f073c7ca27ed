"""Checks that two TensorFlow Lite files compute the same to the bit under LiteRT, on random inputs."""
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

generator = np.random.default_rng(5)
interpreters = [
    Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    for path in sys.argv[1:3]
]
for interpreter in interpreters:
    interpreter.allocate_tensors()
for _ in range(3):
    results = []
    inputs = []
    for detail in interpreters[0].get_input_details():
        if np.issubdtype(detail["dtype"], np.integer):
            limits = np.iinfo(detail["dtype"])
            inputs.append(generator.integers(limits.min, limits.max, detail["shape"], detail["dtype"], endpoint=True))
        else:
            inputs.append(generator.standard_normal(detail["shape"]).astype(detail["dtype"]))
    for interpreter in interpreters:
        for detail, array in zip(interpreter.get_input_details(), inputs):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        results.append([interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()])
    for ours, theirs in zip(*results):
        assert ours.tobytes() == theirs.tobytes()
