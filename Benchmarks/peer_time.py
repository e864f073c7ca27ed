"""Prints the median milliseconds of runs of a model under LiteRT or ONNX Runtime: peer_time.py engine model threads runs."""
import statistics
import sys
import time

import numpy

engine, model, threads, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
random = numpy.random.default_rng(0)


def element(shape, kind):
    if numpy.issubdtype(kind, numpy.floating):
        return random.uniform(-1, 1, shape).astype(kind)
    return random.integers(0, 2, shape).astype(kind)


if engine == "litert":
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model, num_threads=threads)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], element(detail["shape"], detail["dtype"]))
    run = interpreter.invoke
else:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    types = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64}
    inputs = {value.name: element(value.shape, types[value.type]) for value in session.get_inputs()}

    def run():
        session.run(None, inputs)


run()
times = []
for _ in range(runs):
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
print(1000 * statistics.median(times))
