"""Exports small transformers with random weights from PyTorch to ONNX, whose residual streams can or cannot be rotated.

`decoder`: normalized by the root mean square before each branch, rotary positions, gated units. `prenorm`: layer normalizations before each
branch, learned positions. `postnorm`: layer normalizations behind each sum, as BERT has them. A few channels are much larger
than the others, as those of trained transformers are.
"""
import io

import digits
import numpy
import onnx
import torch
from torch import nn

WIDTH, HEADS, HIDDEN, WORDS, LENGTH = 24, 2, 40, 30, 8


class RootMeanSquare(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(WIDTH))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


class Attention(nn.Module):
    def __init__(self, rotary):
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH, bias=not rotary) for _ in range(4))
        self.rotary = rotary
        angles = torch.arange(LENGTH)[:, None] * 100.0 ** (-torch.arange(WIDTH // HEADS // 2) / 6)
        self.register_buffer("cosine", torch.cat([angles, angles], -1).cos())
        self.register_buffer("sine", torch.cat([angles, angles], -1).sin())
        self.register_buffer("mask", torch.full((LENGTH, LENGTH), -1e9).triu(1) * float(rotary))

    def turned(self, x):
        first, second = x.chunk(2, -1)
        return x * self.cosine + torch.cat([-second, first], -1) * self.sine

    def forward(self, x):
        query, key, value = (
            one(x).view(-1, LENGTH, HEADS, WIDTH // HEADS).transpose(1, 2) for one in (self.query, self.key, self.value)
        )
        if self.rotary:
            query, key = self.turned(query), self.turned(key)
        weights = (query @ key.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5 + self.mask).softmax(-1)
        return self.output((weights @ value).transpose(1, 2).reshape(-1, LENGTH, WIDTH))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.up = nn.Linear(WIDTH, HIDDEN, bias=False), nn.Linear(WIDTH, HIDDEN, bias=False)
        self.down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x):
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


def plain():
    return nn.Sequential(nn.Linear(WIDTH, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, WIDTH))


class Transformer(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        norm = RootMeanSquare if kind == "decoder" else lambda: nn.LayerNorm(WIDTH)
        self.words = nn.Embedding(WORDS, WIDTH)
        self.positions = nn.Embedding(LENGTH, WIDTH)
        self.attentions = nn.ModuleList(Attention(kind == "decoder") for _ in range(2))
        self.units = nn.ModuleList(Gated() if kind == "decoder" else plain() for _ in range(2))
        self.norms = nn.ModuleList(norm() for _ in range(5))
        self.head = nn.Linear(WIDTH, WORDS, bias=False)

    def forward(self, ids):
        x = self.words(ids)
        if self.kind != "decoder":
            x = x + self.positions(torch.arange(LENGTH))
        for index, (attention, unit) in enumerate(zip(self.attentions, self.units)):
            before, behind = self.norms[2 * index], self.norms[2 * index + 1]
            if self.kind == "postnorm":
                x = before(x + attention(x))
                x = behind(x + unit(x))
            else:
                x = x + attention(before(x))
                x = x + unit(behind(x))
        return self.head(self.norms[4](x))


def make():
    ids = torch.randint(WORDS, (4, LENGTH), generator=torch.Generator().manual_seed(2))
    expected = {}
    for kind in ("decoder", "prenorm", "postnorm"):
        generator = torch.Generator().manual_seed(1)
        network = Transformer(kind).eval()
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.normal_(generator=generator).mul_(0.3)
                if "norms" in name and "weight" in name:
                    parameter.add_(1)
                if "words" in name or "positions" in name:
                    parameter[:, :3] *= 8
            expected[kind] = network(ids).numpy()
        file = io.BytesIO()
        torch.onnx.export(
            network, (ids,), file, opset_version=17, dynamo=False, input_names=["ids"], output_names=["scores"])
        model = onnx.load_from_string(file.getvalue())
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, digits.FOLDER / f"{kind}.onnx")
    numpy.savez(digits.FOLDER / "transformers.expected.npz", ids=ids.numpy(), **expected)
