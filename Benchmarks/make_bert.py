"""Writes bert.onnx into a folder: an encoder of BERT-base's sizes with random weights and 128 tokens, by PyTorch's exporter,
and bert.npz, its inputs."""
import os
import sys

import numpy
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, self.size).transpose(1, 2)

    def forward(self, x, mask):
        query, key, value = (self.split(layer(x)) for layer in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / self.size**0.5 + mask
        mixed = (scores.softmax(-1) @ value).transpose(1, 2)
        return self.output(mixed.reshape(x.shape))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention, self.first = Attention(width, heads), nn.LayerNorm(width, 1e-12)
        self.inner, self.outer, self.second = (
            nn.Linear(width, 4 * width), nn.Linear(4 * width, width), nn.LayerNorm(width, 1e-12))

    def forward(self, x, mask):
        x = self.first(x + self.attention(x, mask))
        return self.second(x + self.outer(nn.functional.gelu(self.inner(x))))


class Encoder(nn.Module):
    def __init__(self, width=768, heads=12, blocks=12, words=30522, positions=512):
        super().__init__()
        self.words, self.positions, self.types = (nn.Embedding(count, width) for count in (words, positions, 2))
        self.norm = nn.LayerNorm(width, 1e-12)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.pooler = nn.Linear(width, width)

    def forward(self, input_ids, attention_mask, token_type_ids):
        places = torch.arange(input_ids.shape[1])
        x = self.norm(self.words(input_ids) + self.positions(places) + self.types(token_type_ids))
        mask = (1 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        for block in self.blocks:
            x = block(x, mask)
        return x, torch.tanh(self.pooler(x[:, 0]))


if __name__ == "__main__":
    torch.manual_seed(1)
    os.chdir(sys.argv[1])
    ids = torch.zeros(1, 128, dtype=torch.int64)
    torch.onnx.export(
        Encoder().eval(), (ids, torch.ones_like(ids), ids), "bert.onnx", dynamo=False, opset_version=17,
        input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["sequence", "pooled"])
    random = numpy.random.default_rng(1)
    numpy.savez(
        "bert.npz", input_ids=random.integers(0, 30522, (1, 128)), attention_mask=numpy.ones((1, 128), numpy.int64),
        token_type_ids=random.integers(0, 2, (1, 128)))
