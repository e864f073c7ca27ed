"""Sets of input and output arrays in .npz files: the arrays of set number i are called i/name."""
import numpy as np


def read_sets(path):
    sets = {}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            index, name = key.split("/", 1)
            sets.setdefault(int(index), {})[name] = file[key]
    return [sets[index] for index in sorted(sets)]


def write_sets(path, sets):
    arrays = {f"{index}/{name}": array for index, arrays in enumerate(sets) for name, array in arrays.items()}
    with open(path, "wb") as file:
        np.savez(file, **arrays)
