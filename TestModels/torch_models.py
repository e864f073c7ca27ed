"""Trains a small CNN with PyTorch and exports it to ONNX: opset 13 with its normalizations as nodes, opset 17 with them folded."""
import io

import digits
import onnx
import torch
from torch import nn


class Network(nn.Module):
    """Channels first; it flattens a map of several points, so that a change of layout must reach its last weights."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.block = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
            nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8),
        )
        self.down = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU6(), nn.AvgPool2d(2))
        self.scores = nn.Linear(16 * 2 * 2, 10)

    def forward(self, image):
        x = self.stem(image)
        x = torch.relu(x + self.block(x))
        x = self.down(x)
        return torch.softmax(self.scores(torch.flatten(x, 1)), dim=1)


def train(network, images, labels):
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels)
    network.train()
    for _ in range(40):
        for batch in torch.randperm(len(images)).split(32):
            optimizer.zero_grad()
            scores = network(images[batch])
            nn.functional.nll_loss(torch.log(scores + 1e-9), labels[batch]).backward()
            optimizer.step()
    network.eval()


def make():
    torch.manual_seed(7)
    torch.set_num_threads(1)
    (images, labels), (test, _) = digits.load()
    network = Network()
    train(network, digits.channels_first(images), labels)
    with torch.no_grad():
        digits.report("torch", network(torch.from_numpy(digits.channels_first(test))).numpy())
    for opset, mode in ((13, torch.onnx.TrainingMode.PRESERVE), (17, torch.onnx.TrainingMode.EVAL)):
        file = io.BytesIO()
        torch.onnx.export(
            network, (torch.from_numpy(digits.channels_first(test[:1])),), file, opset_version=opset, dynamo=False,
            training=mode, do_constant_folding=mode is torch.onnx.TrainingMode.EVAL,
            input_names=["image"], output_names=["scores"], dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}},
        )
        model = onnx.load_from_string(file.getvalue())
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, digits.FOLDER / f"torch.opset{opset}.onnx")
