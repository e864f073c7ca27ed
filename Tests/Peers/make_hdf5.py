"""Writes small HDF5 files of every kind that Skiff reads or refuses into a folder."""

import os
import sys

import h5py
import numpy as np

folder = sys.argv[1]


def path(name):
    return os.path.join(folder, name)


with h5py.File(path("plain.h5"), "w") as f:
    f.attrs["model_config"] = '{"class_name": "Sequential"}'
    f.attrs["fixed"] = np.bytes_("fixed text")
    f.attrs["fixed_list"] = np.array([b"one", b"three"])
    f.attrs["list"] = ["eins", "zwei", "dr\u00e4i"]
    f.attrs["empty_list"] = np.array([], dtype="float64")
    f.attrs["integer"] = np.int16(-7)
    f.attrs["numbers"] = np.array([0.5, -2.0], dtype="float32")
    f.attrs["truth"] = True
    f.attrs["nothing"] = h5py.Empty("f4")
    group = f.create_group("layers/dense/vars")
    group.attrs["name"] = "dense"
    group["0"] = np.arange(12, dtype="float32").reshape(3, 4)
    group["1"] = np.arange(4, dtype="float64")
    group["half"] = np.arange(5, dtype="float16")
    group["integers"] = np.arange(6, dtype="int64")
    group["bytes"] = np.arange(6, dtype="uint8")
    group["truth"] = np.array([True, False])
    group["scalar"] = np.float32(3)
    group["empty"] = np.zeros((0, 3), dtype="float32")
    group["big"] = np.arange(3, dtype=">f4")
    group["raw"] = np.array([b"\x80\x3f", b"\x00\x40"], dtype="V2")
    group["text"] = np.array([b"text"])
    group["complex"] = np.array([1 + 2j])
    group.create_dataset("chunked", data=np.arange(100, dtype="float32"), chunks=(30,), compression="gzip")
    group.create_dataset("shuffled", data=np.arange(64, dtype="int32"), chunks=(16,), shuffle=True, fletcher32=True)
    group.create_dataset("unwritten", shape=(4,), dtype="float32", fillvalue=2.5)
    space = h5py.h5s.create_simple((3,))
    kind = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    kind.set_layout(h5py.h5d.COMPACT)
    compact = h5py.h5d.create(group.id, b"compact", h5py.h5t.IEEE_F32LE, space, kind)
    compact.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 3], dtype="float32"))

with h5py.File(path("chunked_names.h5"), "w") as f:
    for index in range(3):
        f.attrs[f"layer_names{index}"] = [f"layer_{index}_{n}".encode() for n in range(2)]

with h5py.File(path("bomb.h5"), "w") as f:
    f.create_dataset("zeros", shape=(1 << 33,), dtype="float32", chunks=(1 << 20,), compression="gzip")

with h5py.File(path("external_link.h5"), "w") as f:
    f["link"] = h5py.ExternalLink("plain.h5", "/layers")

with h5py.File(path("soft_link.h5"), "w") as f:
    f["a"] = np.zeros(3)
    f["link"] = h5py.SoftLink("/a")

with h5py.File(path("external_storage.h5"), "w") as f:
    f.create_dataset("a", shape=(4,), dtype="float32", external=[(path("plain.h5"), 0, 16)])

with h5py.File(path("virtual.h5"), "w") as f:
    layout = h5py.VirtualLayout(shape=(3,), dtype="float32")
    layout[:] = h5py.VirtualSource(path("plain.h5"), "layers/dense/vars/0", shape=(3, 4))[:, 0]
    f.create_virtual_dataset("a", layout)

with h5py.File(path("cycle.h5"), "w") as f:
    f.create_group("a/b")
    f["a/b/c"] = f["a"]

with h5py.File(path("deep.h5"), "w") as f:
    f.create_group("/".join(["g"] * 200))

with h5py.File(path("small.h5"), "w") as f:
    f.attrs["layer_names"] = [b"conv", b"dense"]
    for layer in ["conv", "dense"]:
        f.create_group(layer).attrs["weight_names"] = [f"{layer}/kernel:0".encode(), f"{layer}/bias:0".encode()]
        f[f"{layer}/{layer}/kernel:0"] = np.arange(64, dtype="float32").reshape(8, 8)
        f[f"{layer}/{layer}/bias:0"] = np.arange(8, dtype="float32")
    f.create_dataset("packed", data=np.arange(256, dtype="float32"), chunks=(64,), compression="gzip")
