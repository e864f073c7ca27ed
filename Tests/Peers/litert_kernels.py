"""Tells which element types LiteRT has kernels for.

    litert_kernels.py make FOLDER   writes FOLDER/FORM.TYPE.tflite, a single operator on elements of that type that are not
                                    quantized, for every form and type, and runs them
    litert_kernels.py run FOLDER    runs every .tflite file of a folder

Inputs are ones; the outputs are called 0, 1, ... in FOLDER/NAME.npz. Each file runs in a process of its own, which the runtime may end; the output has a line
`ran NAME OPERATOR` or `refused NAME OPERATOR REASON` for each, NAME being that of the file without its ending.
"""
import copy
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import litert_operators
import litert_sweep
from litert_operators import constant, given, result
from litert_sweep import Case, Draw

B, O = schema.BuiltinOperator, schema.BuiltinOptions
NAMES = {code: name for name, code in vars(B).items() if isinstance(code, int)}
litert_sweep.TYPES.update({
    "float64": (np.float64, schema.TensorType.FLOAT64), "uint16": (np.uint16, schema.TensorType.UINT16),
    "uint32": (np.uint32, schema.TensorType.UINT32), "uint64": (np.uint64, schema.TensorType.UINT64)})
# No kernel has a version above.
NEWEST = 12


def form(builtin, options_kind, options, inputs, output, count=1, **fields):
    """A form of given operands, float32 where only sizes are said; its results have the sizes `output`."""
    def make(d):
        table = options() if options else None
        for name, value in fields.items():
            setattr(table, name, value)
        tensors = [given(d, f"input{place}", "float32", one) if isinstance(one, list) else copy.deepcopy(one) for place, one in enumerate(inputs)]
        return Case(builtin, options_kind, table, tensors + [result("float32", output, f"output{place}") for place in range(count)], {})
    return make


# Forms that the random sweeps do not have.
FORMS = {
    "gather": form(B.GATHER, O.GatherOptions, schema.GatherOptionsT, [[3, 4], constant("places", [2, 0])], [2, 4]),
    "slice": form(B.SLICE, O.SliceOptions, schema.SliceOptionsT, [[3, 4], constant("starts", [1, 0]), constant("sizes", [2, 3])], [2, 3]),
    "split": form(B.SPLIT, O.SplitOptions, schema.SplitOptionsT, [constant("axis", 0), [4, 3]], [2, 3], 2, numSplits=2),
    "split_v": form(B.SPLIT_V, O.SplitVOptions, schema.SplitVOptionsT, [[4, 3], constant("sizes", [2, 2]), constant("axis", 0)], [2, 3], 2, numSplits=2),
    "pack": form(B.PACK, O.PackOptions, schema.PackOptionsT, [[3], [3]], [2, 3], valuesCount=2, axis=0),
    "unpack": form(B.UNPACK, O.UnpackOptions, schema.UnpackOptionsT, [[2, 3]], [3], 2, num=2, axis=0),
    "tile": form(B.TILE, O.TileOptions, schema.TileOptionsT, [[2, 3], constant("multiples", [2, 1])], [4, 3]),
    "broadcast_to": form(B.BROADCAST_TO, O.BroadcastToOptions, schema.BroadcastToOptionsT, [[1, 3], constant("shape", [2, 3])], [2, 3]),
    "fill": form(B.FILL, O.FillOptions, schema.FillOptionsT, [constant("shape", [2, 3]), []], [2, 3]),
    "range": form(B.RANGE, O.RangeOptions, schema.RangeOptionsT, [constant("start", 0, "float32"), constant("limit", 1, "float32"), []], [1]),
    "reverse": form(B.REVERSE_V2, O.ReverseV2Options, schema.ReverseV2OptionsT, [[2, 3], constant("axes", [1])], [2, 3]),
    "transpose": form(B.TRANSPOSE, O.TransposeOptions, schema.TransposeOptionsT, [[2, 3, 4], constant("order", [2, 0, 1])], [4, 2, 3]),
    "transpose_wide": form(B.TRANSPOSE, O.TransposeOptions, schema.TransposeOptionsT, [[2, 1, 3, 1, 2, 2], constant("order", [5, 2, 0, 1, 4, 3])], [2, 3, 2, 1, 2, 1]),
    "reshape": form(B.RESHAPE, O.ReshapeOptions, schema.ReshapeOptionsT, [[2, 3], constant("shape", [3, 2])], [3, 2]),
    "squeeze": form(B.SQUEEZE, O.SqueezeOptions, schema.SqueezeOptionsT, [[2, 1, 3]], [2, 3], squeezeDims=[1]),
    "expand_dims": form(B.EXPAND_DIMS, O.ExpandDimsOptions, schema.ExpandDimsOptionsT, [[2, 3], constant("axis", 1)], [2, 1, 3]),
    "mirror_pad": form(B.MIRROR_PAD, O.MirrorPadOptions, schema.MirrorPadOptionsT, [[2, 3], constant("pads", [[1, 0], [0, 2]])], [3, 5]),
    "padv2": form(B.PADV2, O.PadV2Options, schema.PadV2OptionsT, [[2, 3], constant("pads", [[1, 0], [0, 2]]), []], [3, 5]),
    "local_response_normalization": form(
        B.LOCAL_RESPONSE_NORMALIZATION, O.LocalResponseNormalizationOptions, schema.LocalResponseNormalizationOptionsT, [[1, 2, 2, 3]], [1, 2, 2, 3], radius=1),
}
# These run graphs or know one type of real numbers alone.
LEFT_OUT = {"non_max_suppression_v4", "non_max_suppression_v5", "if", "while", "detection_post_process", "quantize", "requantize", "dequantize", "cast", "rank", "broadcast_args"}


def shape_of(d):
    options = schema.ShapeOptionsT()
    options.outType = schema.TensorType.INT32
    return Case(B.SHAPE, O.ShapeOptions, options, [given(d, "input", "float32", [2, 3]), result("int32", [2])], {})


def cast_to(target):
    def make(d):
        case = Case(B.CAST, O.CastOptions, schema.CastOptionsT(), [given(d, "input", "float32", [2, 3]), result(target, [2, 3])], {})
        case.kept = [case.tensors[1]]
        case.options.outDataType = litert_sweep.TYPES[target][1]
        return case
    return make


def forms():
    made = {**FORMS, "shape": shape_of, **{f"cast_to_{kind}": cast_to(kind) for kind in litert_sweep.TYPES}}
    for name, make in [*litert_operators.OPERATORS.items(), *litert_sweep.OPERATORS.items()]:
        if "_of_" not in name and name not in LEFT_OUT:
            made.setdefault(name, make)
    return made


def drawn(name, make, kind):
    """A case of the form on elements of a type."""
    for attempt in range(1000):
        case = make(Draw([attempt, *name.encode()]))
        kept = getattr(case, "kept", [])
        data = [tensor for tensor in case.tensors if tensor.scales] or [tensor for tensor in case.tensors if tensor.kind == "float32" and tensor not in kept]
        # Operators without real numbers have the type of their first operand.
        data = data or [tensor for tensor in case.tensors if tensor.kind == case.tensors[0].kind and tensor.role != "constant"]
        if attempt < 900 and name not in ("where",) and not any(tensor.kind in ("float32", "int8") for tensor in data):
            continue
        break
    for tensor in data:
        tensor.kind, tensor.scales, tensor.zero_points = kind, [], []
        if tensor.role == "constant":
            tensor.data = np.clip(tensor.data, 0, 3).astype(litert_sweep.TYPES[kind][0])
    if case.builtin == B.CAST:
        case.options.inDataType = litert_sweep.TYPES[kind][1]
    return case


def run(path):
    """Runs a file on ones and returns its outputs."""
    interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.ones(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def keep(path):
    """Runs a file and writes its outputs beside it."""
    np.savez(path.with_suffix(".npz"), **{str(place): array for place, array in enumerate(run(path))})


def outcome(action):
    """What an action that may end the process says of itself: nothing if it succeeds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            action()
            os.write(writer, b"\n")
        except Exception as error:
            os.write(writer, " ".join(str(error).split())[:300].encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    return None if text == "\n" and not status else text.strip() or f"the runtime ended with {status}"


def report(name, operator, reason):
    print(f"ran {name} {operator}" if reason is None else f"refused {name} {operator} {reason}", flush=True)


def make_all(folder):
    for name, make in forms().items():
        for kind in litert_sweep.TYPES:
            case, path = drawn(name, make, kind), folder / f"{name}.{kind}.tflite"

            def attempt():
                """Runs the file in the oldest version that runs, and keeps what it gives."""
                reason = "no version"
                for version in range(1, NEWEST + 1):
                    case.version = version
                    path.write_bytes(case.model())
                    try:
                        return keep(path)
                    except Exception as error:
                        reason = reason if "Didn't find op" in str(error) else str(error)
                raise RuntimeError(reason)

            report(path.stem, NAMES[case.builtin], outcome(attempt))


folder = pathlib.Path(sys.argv[2])
if sys.argv[1] == "make":
    make_all(folder)
else:
    for path in sorted(folder.glob("*.tflite")):
        report(path.stem, "-", outcome(lambda: keep(path)))
