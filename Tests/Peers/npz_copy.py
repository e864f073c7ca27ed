"""Loads a .npz and saves its arrays again: npz_copy.py in.npz out.npz [big] [fortran] [compressed]"""
import sys

import numpy as np

source, target, *options = sys.argv[1:]
with np.load(source) as file:
    arrays = {name: file[name] for name in file.files}
for name, array in arrays.items():
    if "big" in options:
        array = array.astype(array.dtype.newbyteorder(">"))
    if "fortran" in options:
        array = np.asarray(array, order="F")
    arrays[name] = array
save = np.savez_compressed if "compressed" in options else np.savez
with open(target, "wb") as file:
    save(file, **arrays)
