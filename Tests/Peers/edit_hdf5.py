"""Copies an HDF5 file and changes the copy: edit_hdf5.py from to (delete PATH | swap PATH PATH | rename PATH PATH |
reshape PATH | add PATH | attribute PATH NAME VALUE ...)"""

import shutil
import sys

import h5py
import numpy as np

source, target, command, *arguments = sys.argv[1:]
shutil.copy(source, target)
with h5py.File(target, "r+") as f:
    if command == "delete":
        del f[arguments[0]]
    elif command == "swap":
        a, b = arguments
        f.move(a, "swapped")
        f.move(b, a)
        f.move("swapped", b)
    elif command == "rename":
        f.move(*arguments)
    elif command == "reshape":
        values = f[arguments[0]][()]
        del f[arguments[0]]
        f[arguments[0]] = values.reshape(-1, 1)
    elif command == "add":
        f[arguments[0]] = np.zeros(3, dtype="float32")
    elif command == "attribute":
        f[arguments[0]].attrs[arguments[1]] = [value.encode() for value in arguments[2:]]
    elif command == "half":
        # Every dataset in the narrower type.
        def narrow(name, item):
            if isinstance(item, h5py.Dataset):
                names.append(name)

        names = []
        f.visititems(narrow)
        for name in names:
            values = f[name][()]
            del f[name]
            f[name] = values.astype("float16")
    else:
        sys.exit(f"unknown command {command}")
