"""What PyTorch prints for the examples of README.md: python3 test/golden/introduction.py, with torch 2.13.

Writes introduction.json beside itself: for each example the lines that the same program in TypeScript has to print.
"""

import contextlib
import io
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence


def first_example():
    torch.manual_seed(42)
    emb = nn.Embedding(10, 4, padding_idx=0)
    sgd = optim.SGD(emb.parameters(), lr=0.1)
    out = emb(torch.tensor([[1, 2, 0], [3, 0, 0]]))
    loss = out.sum()
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    print(loss)
    print(emb.weight.grad[:4])
    print(out[0, 2])
    print(emb)


def gradient_of_two_rows():
    torch.manual_seed(0)
    embedding = nn.Embedding(10, 4)
    optimizer = optim.SGD(embedding.parameters(), lr=0.1)
    before = embedding.weight.detach().clone()
    input = torch.LongTensor([1, 5])
    output = embedding(input)
    loss = output.sum()
    optimizer.zero_grad()
    loss.backward()
    print(embedding.weight.grad)
    optimizer.step()
    print(embedding.weight.detach().sub(before))


def pretrained():
    torch.manual_seed(0)
    pretrained = torch.randn(1000, 300)
    frozen = nn.Embedding.from_pretrained(pretrained, freeze=True)
    print(str(frozen.weight.requires_grad).lower())
    print(frozen(torch.tensor([1, 2]))[:, :3])
    print(pretrained[1:3, :3])
    trained = nn.Embedding.from_pretrained(pretrained, freeze=False)
    trained(torch.tensor([1, 2])).sum().backward()
    print(trained.weight.grad[:4, :3])


def copied():
    torch.manual_seed(0)
    pretrained = torch.randn(1000, 300)
    embedding = nn.Embedding(1000, 300)
    embedding.weight.data.copy_(pretrained)
    print(embedding(torch.tensor([7]))[:, :4])
    print(pretrained[7:8, :4])


def padding():
    torch.manual_seed(0)
    embedding = nn.Embedding(10, 5, padding_idx=0)
    optimizer = optim.SGD(embedding.parameters(), lr=0.1)
    out = embedding(torch.tensor([[1, 2, 0], [3, 0, 0]]))
    print(out[0, 2])
    out.sum().backward()
    print(embedding.weight.grad[:4])
    optimizer.step()
    print(embedding.weight[0])


def sequences():
    torch.manual_seed(0)
    embedding = nn.Embedding(10, 5, padding_idx=0)
    sequences = [torch.tensor([4, 2, 9], dtype=torch.int32), torch.tensor([7], dtype=torch.int32),
                 torch.tensor([1, 3], dtype=torch.int32)]
    batch = pad_sequence(sequences, batch_first=True, padding_value=0)
    print(batch)
    print(embedding(batch)[1])


def one_hot():
    torch.manual_seed(0)
    embedding = nn.Embedding(10, 3)
    index = torch.tensor([4, 0, 7])
    looked_up = embedding(index)
    multiplied = F.linear(F.one_hot(index, 10).float(), embedding.weight.transpose(0, 1))
    print(looked_up)
    print(multiplied)


def bags():
    torch.manual_seed(0)
    bag = nn.EmbeddingBag(10, 3, mode="sum")
    flat, offsets = torch.tensor([1, 2, 4, 3, 9]), torch.tensor([0, 2, 2])
    print(bag(flat, offsets))
    print(bag(flat, offsets))
    weights = torch.tensor([0.5, 2, 1, 1, -1], requires_grad=True)
    bag(flat, offsets, per_sample_weights=weights).sum().backward()
    print(weights.grad)
    print(bag.weight.grad[:4])
    print(bag)


def sparse():
    torch.manual_seed(0)
    embedding = nn.Embedding(1000, 3, sparse=True)
    optimizer = optim.SparseAdam(embedding.parameters(), lr=0.1)
    embedding(torch.tensor([7, 2, 7])).sum().backward()
    print(embedding.weight.grad)
    embedding(torch.tensor([2])).sum().backward()
    print(embedding.weight.grad.coalesce())
    before = embedding.weight.detach().clone()
    optimizer.step()
    print(embedding.weight.detach().sub(before)[1:3])


def printed(example):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        example()
    return out.getvalue()


if __name__ == "__main__":
    examples = [first_example, gradient_of_two_rows, pretrained, copied, padding, sequences, one_hot, bags, sparse]
    outputs = {example.__name__: printed(example) for example in examples}
    file = Path(__file__).with_name("introduction.json")
    file.write_text(json.dumps({"torch": torch.__version__, "outputs": outputs}, indent=1) + "\n")
    print(f"torch {torch.__version__}: {len(outputs)} examples")
