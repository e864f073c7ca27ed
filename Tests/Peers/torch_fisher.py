"""The diagonal of the Fisher information of a small network by torch.autograd in float64: torch_fisher.py IN.npz OUT.npz

IN.npz holds x [samples, 6, 6, 2], classes [samples], and the weights of a convolution (w0, outputs first, channels last), a
depthwise one (w1), both with a rectifier, and a layer of classes (w2) behind the mean. OUT.npz gets for each of them `labels/w`,
the mean square of the derivatives of the cross-entropy, and `model/w`, the expectation of the same over the classes that the model predicts.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

arrays = np.load(sys.argv[1], allow_pickle=False)
names = ["w0", "w1", "w2"]
weights = [torch.tensor(arrays[name], dtype=torch.float64, requires_grad=True) for name in names]
samples = torch.tensor(arrays["x"], dtype=torch.float64)
sums = {f"{kind}/{name}": torch.zeros_like(weight) for kind in ["labels", "model"] for name, weight in zip(names, weights)}
for x, label in zip(samples, arrays["classes"]):
    value = x[None].movedim(-1, 1)
    value = F.relu(F.conv2d(value, weights[0].movedim(-1, 1), padding=1))
    value = F.relu(F.conv2d(value, weights[1].movedim(-1, 1), padding=1, groups=value.shape[1]))
    logarithms = F.log_softmax(F.linear(value.mean((2, 3)), weights[2]), -1)[0]
    for index, logarithm in enumerate(logarithms):
        gradients = torch.autograd.grad(logarithm, weights, retain_graph=True)
        for name, gradient in zip(names, gradients):
            sums[f"model/{name}"] += float(logarithm.exp()) * gradient**2 / len(samples)
            if index == label:
                sums[f"labels/{name}"] += gradient**2 / len(samples)
np.savez(sys.argv[2], **{key: value.detach().numpy() for key, value in sums.items()})
