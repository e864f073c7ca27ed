"""Writes a file of every type with safetensors, or says what it reads in files: safetensors_files.py write|read ..."""
import pathlib
import random
import sys

import numpy
import safetensors

if sys.argv[1] == "write":
    types = {
        "bool": 1, "uint8": 1, "int8": 1, "float8_e4m3fn": 1, "float8_e5m2": 1, "int16": 2, "uint16": 2, "float16": 2,
        "bfloat16": 2, "int32": 4, "uint32": 4, "float32": 4, "float64": 8, "int64": 8, "uint64": 8, "complex64": 8,
    }
    draw = random.Random(int(sys.argv[3]))
    tensors, kept = {}, []
    for name, size in types.items():
        for shape in [[], [0], [5], [2, 3, 4]]:
            count = size
            for extent in shape:
                count *= extent
            data = numpy.frombuffer(draw.randbytes(count), numpy.uint8)
            kept.append(data)
            tensors[f"{name}.{'x'.join(map(str, shape))}"] = safetensors.TensorSpec(
                dtype=name, shape=shape, data_ptr=data.ctypes.data, data_len=count)
    safetensors.serialize_file(tensors, sys.argv[2], {"format": "np"})
else:
    folder = pathlib.Path(sys.argv[2])
    for number in range(int(sys.argv[3])):
        try:
            tensors = safetensors.deserialize((folder / f"{number}.bin").read_bytes())
        except safetensors.SafetensorError:
            print("refused")
            continue
        print(";".join(sorted(f"{name.encode().hex()} {tensor['shape']} {bytes(tensor['data']).hex()}" for name, tensor in tensors)))
