"""Writes test/golden/formats/: files of the Python packages safetensors and numpy, and PyTorch's roundings to 16 bits.

Usage: python test/golden/formats.py   (torch 2.13, numpy 2.4, safetensors 0.8)
"""

import json
import pathlib

import numpy
import safetensors.torch
import torch

FOLDER = pathlib.Path(__file__).parent / "formats"

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I8": torch.int8,
    "U8": torch.uint8,
}

VALUES = [0.1, -1.5, 3.25, 100.0, -0.0, 65504.0, 7.0, 0.3333333333333333, 1e-7, 12.0, -2.75, 1e-30]
INTEGERS = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 127]


def tensor_of(dtype):
    if dtype.is_floating_point:
        return torch.tensor(VALUES, dtype=torch.float64).to(dtype).reshape(4, 3)
    integers = torch.tensor(INTEGERS).reshape(4, 3)
    signed = dtype != torch.uint8
    return (integers * (-1 if signed else 2)).to(dtype)


def bits_of(tensor):
    """The bits of a float32 tensor, of an integer tensor its values."""
    return (tensor.view(torch.int32) if tensor.dtype == torch.float32 else tensor).flatten().tolist()


def as_read(tensor):
    return tensor.float() if tensor.dtype.is_floating_point else tensor.to(torch.int32)


def write_safetensors():
    tensors = {name: tensor_of(dtype) for name, dtype in DTYPES.items()}
    tensors["scalar"] = torch.tensor(2.5)
    tensors["empty"] = torch.empty(0, 3)
    tensors["wort \N{SNOWMAN} \"x\""] = torch.arange(3, dtype=torch.float32)
    safetensors.torch.save_file(tensors, FOLDER / "all.safetensors", metadata={"format": "pt", "note": "äöü"})
    module = torch.nn.Sequential(torch.nn.Embedding(7, 3), torch.nn.Linear(3, 2))
    torch.manual_seed(1)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    safetensors.torch.save_file(module.state_dict(), FOLDER / "module.safetensors")
    describe = lambda tensor: {"shape": list(tensor.shape), "values": bits_of(as_read(tensor))}
    return {
        "all": {name: describe(tensor) for name, tensor in tensors.items()},
        "module": {name: describe(tensor) for name, tensor in module.state_dict().items()},
    }


NPY = ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "|i1", "|u1", "<i4", "<i8", ">i4", ">i8"]


def write_npy():
    files = {}

    def write(name, array, version):
        with open(FOLDER / name, "wb") as file:
            numpy.lib.format.write_array(file, array, version=version)
        wanted = array.astype(numpy.float32 if array.dtype.kind == "f" else numpy.int32)
        values = torch.from_numpy(numpy.ascontiguousarray(wanted))
        files[name] = {"shape": list(array.shape), "values": bits_of(values)}

    for k, dtype in enumerate(NPY):
        kind = numpy.dtype(dtype).kind
        values = VALUES if kind == "f" else [x * (2 if kind == "u" else -1) for x in INTEGERS]
        array = numpy.array(values, dtype=numpy.float64 if kind == "f" else numpy.int64).astype(dtype).reshape(4, 3)
        write(f"{dtype[0].replace('<', 'little').replace('>', 'big').replace('|', 'byte')}-{dtype[1:]}.npy", array, (k % 3 + 1, 0))
    wide = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4)
    write("fortran-2d.npy", numpy.asfortranarray(wide[0]), (1, 0))
    write("fortran-3d.npy", numpy.asfortranarray(wide), (1, 0))
    write("scalar.npy", numpy.array(2.5, dtype=numpy.float32), (1, 0))
    write("empty.npy", numpy.empty((0, 5), dtype=numpy.float32), (1, 0))
    write("vector.npy", numpy.arange(5, dtype=numpy.int32), (1, 0))
    return files


def round_to_16_bits():
    """float32 bits and what PyTorch makes of them: everything near a tie, and any bits."""
    torch.manual_seed(16)
    any_bits = torch.randint(-(2**31), 2**31, (500,), dtype=torch.int64).to(torch.int32)
    halves = torch.randint(-(2**15), 2**15, (120,)).to(torch.int16)
    near = [halves.view(dtype).float().view(torch.int32) for dtype in (torch.float16, torch.bfloat16)]
    steps = [0, 1, -1, 1 << 12, (1 << 12) + 1, (1 << 12) - 1, 1 << 15, (1 << 15) + 1, (1 << 15) - 1]
    bits = torch.cat([any_bits] + [x + step for x in near for step in steps])
    x = bits.view(torch.float32)
    bits, x = bits[~x.isnan()], x[~x.isnan()]
    narrow = lambda dtype: (x.to(dtype).view(torch.int16).to(torch.int32) & 0xFFFF).tolist()
    return {"bits": bits.tolist(), "float16": narrow(torch.float16), "bfloat16": narrow(torch.bfloat16)}


FOLDER.mkdir(exist_ok=True)
golden = {"safetensors": write_safetensors(), "npy": write_npy(), "rounding": round_to_16_bits()}
(FOLDER / "formats.json").write_text(json.dumps(golden) + "\n")
