"""Prints how many rows of the only array of a .npz are largest at their label: top1.py outputs.npz labels.npz"""
import sys

import numpy as np

outputs, labels = (np.load(path) for path in sys.argv[1:])
(scores,) = outputs.values()
(label,) = labels.values()
right = int((scores.reshape(len(label), -1).argmax(1) == label).sum())
print(f"{right} of {len(label)} right")
