"""Times `skiff compress` of a checkpoint under a memory limit beside `cp`: checkpoint.py --gigabytes 2 --folder FOLDER

The checkpoint has the tensors of a decoder of transformers, in safetensors of up to 5 GB, or is a chain of products in ONNX with
external data; it is written piece by piece and removed in the end. The source is read from the disk by both, the result is in
memory when `cp` writes it; all that is written is synced.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import time

import numpy

here = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--skiff", default=here.parent / ".build/release/skiff")
parser.add_argument("--folder", type=pathlib.Path, required=True, help="where there is room for twice the result beside the source")
parser.add_argument("--gigabytes", type=float, default=2)
parser.add_argument("--type", choices=["F32", "F16", "BF16"], default="F32")
parser.add_argument("--format", choices=["safetensors", "onnx"], default="safetensors")
parser.add_argument("--recipe", default="int4-weights")
parser.add_argument("--memory", type=int, default=1 << 30, help="bytes of anonymous memory")
parser.add_argument("--make", action="store_true", help="only makes the checkpoint, for the next run, which removes it")
arguments = parser.parse_args()
itemsize = 4 if arguments.type == "F32" else 2
folder = arguments.folder / "checkpoint"


def shapes():
    """Names and sizes of tensors, with at least as many bytes as are wanted."""
    width, inner, vocabulary = 4096, 14336, 128256 if arguments.gigabytes * 4 / itemsize > 16 else 32000
    table = {"model.embed_tokens.weight": (vocabulary, width), "lm_head.weight": (vocabulary, width), "model.norm.weight": (width,)}
    count = lambda: sum(int(numpy.prod(shape)) for shape in table.values())
    layer = 0
    while count() * itemsize < arguments.gigabytes * 1e9:
        name = f"model.layers.{layer}"
        table |= {f"{name}.self_attn.{part}_proj.weight": (width, width) for part in "qo"}
        table |= {f"{name}.self_attn.{part}_proj.weight": (width // 4, width) for part in "kv"}
        table |= {f"{name}.mlp.{part}_proj.weight": (inner, width) for part in ["gate", "up"]}
        table |= {f"{name}.mlp.down_proj.weight": (width, inner)}
        table |= {f"{name}.{part}_layernorm.weight": (width,) for part in ["input", "post_attention"]}
        layer += 1
    return table


random = numpy.random.default_rng(1)
pool = random.standard_normal(1 << 24, numpy.float32)


def write(file, shape):
    """Appends numbers of a bell curve, of which none of a tensor is like those of another."""
    scale, left = numpy.float32(random.uniform(0.01, 0.05)), int(numpy.prod(shape))
    while left:
        start = int(random.integers(pool.size // 2))
        piece = pool[start:start + min(left, pool.size // 2)] * scale
        left -= piece.size
        if arguments.type == "F16":
            piece = piece.astype(numpy.float16)
        elif arguments.type == "BF16":
            piece = (piece.view(numpy.uint32) >> 16).astype(numpy.uint16)
        file.write(piece.data)


def make_safetensors():
    shards, size = [{}], 0
    for name, shape in shapes().items():
        count = int(numpy.prod(shape)) * itemsize
        if shards[-1] and size + count > 5e9:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += count
    paths, places = [], {}
    for number, shard in enumerate(shards, 1):
        path = folder / f"model-{number:05}-of-{len(shards):05}.safetensors"
        header, end = {}, 0
        for name, shape in shard.items():
            begin, end = end, end + int(numpy.prod(shape)) * itemsize
            header[name] = {"dtype": arguments.type, "shape": shape, "data_offsets": [begin, end]}
            places[name] = path.name
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for shape in shard.values():
                write(file, shape)
            os.fsync(file.fileno())
        paths.append(path)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return index, paths


def make_onnx():
    import onnx
    from onnx import TensorProto, helper

    kind = {"F32": TensorProto.FLOAT, "F16": TensorProto.FLOAT16, "BF16": TensorProto.BFLOAT16}[arguments.type]
    width, inner, weights, nodes, value, offset = 4096, 14336, [], [], "x", 0
    data = folder / "model.onnx.data"
    with open(data, "wb") as file:
        while offset < arguments.gigabytes * 1e9:
            number = len(weights)
            shape = (width, inner) if number % 2 == 0 else (inner, width)
            tensor = TensorProto(name=f"w{number}", data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
            size = int(numpy.prod(shape)) * itemsize
            for key, content in [("location", data.name), ("offset", offset), ("length", size)]:
                tensor.external_data.add(key=key, value=str(content))
            write(file, shape)
            weights.append(tensor)
            nodes.append(helper.make_node("MatMul", [value, tensor.name], [f"y{number}"]))
            value, offset = f"y{number}", offset + size
        os.fsync(file.fileno())
    last = weights[-1].dims[1]
    graph = helper.make_graph(
        nodes, "chain", [helper.make_tensor_value_info("x", kind, [1, width])],
        [helper.make_tensor_value_info(value, kind, [1, last])], weights)
    path = folder / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
    return path, [path, data]


def forget(*paths):
    """Takes files out of memory, so that they are read from the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def timed(*command):
    start = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(done.args)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds, done.stdout


made = folder / "made.json"
if not made.exists():
    folder.mkdir(parents=True)
    model, paths = make_safetensors() if arguments.format == "safetensors" else make_onnx()
    made.write_text(json.dumps([str(path) for path in [model, *paths]]))
if arguments.make:
    raise SystemExit
try:
    model, *paths = map(pathlib.Path, json.loads(made.read_text()))
    source = sum(path.stat().st_size for path in paths)
    print(f"source: {source / 1e9:.2f} GB of {arguments.type} in {len(paths)} files", flush=True)
    forget(*paths)
    read = sum(timed("cp", path, "/dev/null")[0] for path in paths)
    forget(*paths)
    output, copy = folder / "out.skiff", folder / "copy.skiff"
    # What can be run takes memory for its weights in real numbers.
    check = ["--no-check"] if model.suffix == ".onnx" else []
    limit = ["prlimit", f"--data={arguments.memory}"]
    compress, report = timed(
        *limit, arguments.skiff, "compress", model, "-o", output, "--recipe", arguments.recipe, *check)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    timed("cp", output, "/dev/null")
    written = timed("sh", "-c", 'cp "$0" "$1" && sync "$1"', output, copy)[0]
    copy.unlink()
    checking = timed(*limit, arguments.skiff, "check", output)[0]
    lines = report.splitlines()
    print("\n".join(line for line in lines if not line.startswith("  '")))
    print("\n".join([line for line in lines if line.startswith("  '")][:3]))
    print(f"result: {output.stat().st_size / 1e9:.2f} GB, {source / output.stat().st_size:.2f} times smaller")
    print(f"cp: {read:.1f} s to read the source, {written:.1f} s to write the result")
    print(f"skiff compress within {arguments.memory / 2**30:.2f} GiB: {compress:.1f} s, {compress / (read + written):.2f} times as long")
    print(f"skiff check: {checking:.1f} s; most pages at a time, with those of files: {peak / 2**20:.2f} GiB")
finally:
    shutil.rmtree(folder)
