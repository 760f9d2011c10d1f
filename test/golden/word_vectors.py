"""What gensim and the original tools make of word vectors: python3 test/golden/word_vectors.py FOLDER, with gensim 4.2, numpy, gcc
and fasttext 0.9.2 (Debian's python3-gensim and fasttext); FOLDER is that of the npm package word2vec 1.1.5.

Writes beside itself word-vectors/, files of each producer, and word-vectors.json: what gensim reads in them, and its answers.
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import gensim
import numpy as np
from gensim.models import KeyedVectors

PACKAGE = Path(sys.argv[1])
HERE = Path(__file__).parent
FILES = HERE / "word-vectors"
FLAGS = "-size 6 -min-count 3 -iter 2 -threads 1 -cbow 0".split()


def encoded(rows):
    rows = np.asarray(rows, dtype="<f4")
    return {"shape": list(rows.shape), "dtype": "float32", "data": base64.b64encode(rows.tobytes()).decode()}


def table(vectors):
    return {"words": list(vectors.index_to_key), "vectors": encoded(vectors.vectors)}


def hamlet_slice():
    """The first eight rows of the package's own file, under a header that says so."""
    _, *lines = (PACKAGE / "examples/fixtures/vectors.txt").read_text().split("\n")[:9]
    (FILES / "hamlet.txt").write_text("\n".join(["8 200", *lines, ""]))


def by_the_tools(folder):
    corpus = Path(folder) / "corpus.txt"
    corpus.write_text(" ".join((PACKAGE / "examples/fixtures/input.txt").read_text().lower().split()[1000:1600]))
    tool = f"{folder}/word2vec"
    subprocess.run(["gcc", "-O2", "-w", PACKAGE / "src/word2vec.c", "-o", tool, "-lm", "-pthread"], check=True)
    for name, binary in [("tool.txt", "0"), ("tool.bin", "1")]:
        files = ["-train", corpus, "-output", FILES / name, "-binary", binary]
        subprocess.run([tool, *files, *FLAGS], check=True, stdout=subprocess.DEVNULL)
    flags = "-dim 6 -minCount 4 -epoch 2 -thread 1 -bucket 100 -verbose 0".split()
    subprocess.run(["fasttext", "skipgram", "-input", corpus, "-output", f"{folder}/fasttext", *flags], check=True)
    (FILES / "fasttext.vec").write_bytes(Path(f"{folder}/fasttext.vec").read_bytes())


def by_gensim(vectors):
    vectors.save_word2vec_format(FILES / "gensim.txt", binary=False)
    vectors.save_word2vec_format(FILES / "gensim.bin", binary=True)
    vectors.save_word2vec_format(FILES / "gensim-glove.txt", binary=False, write_header=False)


def with_spaces():
    """Words with spaces, as in GloVe 840B, which gensim cannot read: split from the end."""
    rng = np.random.default_rng(3)
    words = [",", ". . .", "at name@domain.com", "\u00a0", "e\u0301", "7", "\U0001f600", "__proto__"]
    lines = [f"{word} {' '.join(f'{x:.5f}' for x in rng.normal(size=4))}\n" for word in words]
    (FILES / "spaces.txt").write_text("".join(lines), encoding="utf8")
    rows = [line.rstrip("\n").rsplit(" ", 4) for line in lines]
    return {"words": [row[0] for row in rows], "vectors": encoded([[float(x) for x in row[1:]] for row in rows])}


def random_vectors():
    rng = np.random.default_rng(7)
    vectors = KeyedVectors(12)
    vectors.add_vectors([f"w{i}" for i in range(50)], rng.normal(size=(50, 12)).astype(np.float32))
    return vectors


def answers(vectors):
    rng = np.random.default_rng(8)
    free = rng.normal(size=(2, 12)).astype(np.float32)
    asked = [
        {"positive": "w3", "k": 5},
        {"positive": ["w3"], "negative": "w4", "k": 10},
        {"positive": ["w1", "w2", "w2"], "negative": ["w30"], "k": 7},
        {"negative": ["w5", "w6"], "k": 3},
        {"positive": ["w49"], "k": 100},
    ]
    similar = []
    for options in asked:
        given = {name: options[name] for name in ("positive", "negative") if name in options}
        similar.append({"options": options, "found": vectors.most_similar(**given, topn=options["k"])})
    mixed = vectors.most_similar(positive=["w9", free[0]], negative=[free[1]], topn=6)
    pairs = [["w0", "w1"], ["w7", "w7"], ["w12", "w40"]]
    sets = [["w1", "w2", "w3"], ["w4", "w5"]]
    lists = [["w1", "w2", "w3", "w4"], ["w40", "w41", "w9"], ["w8"]]
    return {
        "free": encoded(free),
        "similar": similar,
        "mixed": mixed,
        "byVector": vectors.similar_by_vector(free[0], topn=4),
        "similarity": [{"pair": pair, "cosine": float(vectors.similarity(*pair))} for pair in pairs],
        "sets": {"sets": sets, "cosine": float(vectors.n_similarity(*sets))},
        "odd": [{"words": words, "word": vectors.doesnt_match(words)} for words in lists],
    }


def read(name, **options):
    return {"file": name, **table(KeyedVectors.load_word2vec_format(FILES / name, **options))}


def main():
    FILES.mkdir(exist_ok=True)
    hamlet_slice()
    with tempfile.TemporaryDirectory() as folder:
        by_the_tools(folder)
    vectors = random_vectors()
    by_gensim(vectors)
    read_by_gensim = [
        read("hamlet.txt"),
        read("tool.txt"),
        read("tool.bin", binary=True),
        read("fasttext.vec"),
        read("gensim.txt"),
        read("gensim.bin", binary=True),
        read("gensim-glove.txt", no_header=True),
    ]
    golden = {
        "gensim": gensim.__version__,
        "files": [*read_by_gensim, {"file": "spaces.txt", **with_spaces()}],
        "table": table(vectors),
        "answers": answers(vectors),
    }
    (HERE / "word-vectors.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


main()
