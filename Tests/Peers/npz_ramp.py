"""Writes a compressed .npz with the array `ramp`, the lowest bytes of 0, 1, 2, …: npz_ramp.py out.npz count"""
import sys

import numpy as np

with open(sys.argv[1], "wb") as file:
    np.savez_compressed(file, ramp=np.resize(np.arange(256, dtype=np.uint8), int(sys.argv[2])))
