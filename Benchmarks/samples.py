"""Samples that the scripts of this folder compare models on: sentences of Python's documentation, and cuttings from photographs."""
import ast
import pathlib
import random
import re
import sysconfig

import numpy


def sentences():
    """The first ones of the documentation strings in Python's own library: 100 to calibrate with, 200 others to compare."""
    found = set()
    for path in sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(errors="replace"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = " ".join((ast.get_docstring(node) or "").split())
                sentence = re.split(r"(?<=[.!?]) ", text)[0]
                if 40 <= len(sentence) <= 150 and sentence[0].isupper() and sentence.endswith("."):
                    found.add(sentence)
    chosen = sorted(found)
    random.Random(1).shuffle(chosen)
    return chosen[:100], chosen[100:300]


def tokenizer(path, length):
    """The tokenizer of a file (tokenizer.json), which cuts and fills sentences to so many tokens."""
    import tokenizers

    made = tokenizers.Tokenizer.from_file(str(path))
    made.enable_truncation(length)
    made.enable_padding(length=length)
    return made


def tokens(made, texts):
    """The inputs of a model that embeds sentences."""
    encoded = [made.encode(text) for text in texts]
    return {
        "input_ids": numpy.array([one.ids for one in encoded], numpy.int64),
        "attention_mask": numpy.array([one.attention_mask for one in encoded], numpy.int64),
    }


def opened(path):
    from PIL import Image

    return Image.open(path).convert("RGB")


def photographs(folder):
    """Those of a folder (.png, .jpg), such as the data of PyPI's scikit-image; small ones there are drawings and patterns."""
    paths = [path for path in sorted(folder.iterdir()) if path.suffix in (".png", ".jpg", ".jpeg")]
    return [path for path in paths if min(opened(path).size) >= 200]


def cuttings(paths, height, width, seed):
    """100 cut out of photographs at random: elements from -1 to 1, channels last."""
    from PIL import Image

    pictures, draw, found = [opened(path) for path in paths], random.Random(seed), []
    for number in range(100):
        picture = pictures[number % len(pictures)]
        share = draw.uniform(0.4, 1)
        across = min(picture.width, picture.height * width / height) * share
        down = across * height / width
        left, top = draw.uniform(0, picture.width - across), draw.uniform(0, picture.height - down)
        cut = picture.resize((width, height), Image.BILINEAR, (left, top, left + across, top + down))
        found.append(numpy.asarray(cut, numpy.float32) / 127.5 - 1)
    return numpy.stack(found)
