import { functional as F, longTensor, memory, nn, optim, randn, type Tensor, tensor } from "nn-embedding";
import {
  openSafetensors,
  type Progress,
  readSafetensors,
  safetensorsPieces,
  writeSafetensors,
} from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { formatFile, formats, type Held } from "../golden/formats.js";
import { cut, expectHeld } from "./expect.js";
import { hasPython, inPython } from "./python.js";

const FILE = formatFile("all.safetensors");
const EXPECTED = formats.safetensors.all;

const dispose = (tensors: Record<string, Tensor>) => {
  for (const each of Object.values(tensors)) each.dispose();
};

describe("readSafetensors", () => {
  it.each([1, 3, 7, 64, 1000, 1e6])("reads every dtype of the Python package, in pieces of %i bytes", async (n) => {
    const before = memory().numBytes;
    const { tensors, metadata } = await readSafetensors(cut(FILE, n));
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(EXPECTED).sort());
    for (const [name, held] of Object.entries(EXPECTED)) expectHeld(tensors[name], held);
    expect(tensors.I64.dtype).toBe("int32");
    expect(tensors.BF16.dtype).toBe("float32");
    expect(metadata).toEqual({ format: "pt", note: "äöü" });
    dispose(tensors);
    expect(memory().numBytes).toBe(before);
  });

  it("says how far it is: rows and bytes grow, and end at all of them", async () => {
    const weight = randn([1000, 64]);
    const bias = randn([10]);
    const file = writeSafetensors({ weight, bias });
    const seen: Progress[] = [];
    const { tensors } = await readSafetensors(new Blob([file]), { onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.at(-1)).toEqual({ rows: 1010, bytes: file.length, total: file.length });
    const bytes = seen.map((progress) => progress.bytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    for (const { rows } of seen) expect(rows).toBeLessThanOrEqual(1010);
    dispose(tensors);
    for (const each of [weight, bias]) each.dispose();
  });

  it("reads the same when nobody knows how long the file is", async () => {
    const weight = randn([20_000, 120]);
    const half = writeSafetensors({ weight }, { dtype: "float16" });
    for (const file of [writeSafetensors({ weight }), half]) {
      const { tensors } = await readSafetensors(cut(file, 100_003));
      const known = await readSafetensors(file);
      expect(tensors.weight.shape).toEqual([20_000, 120]);
      expect(Buffer.compare(writeSafetensors(tensors), writeSafetensors(known.tensors))).toBe(0);
      dispose(tensors);
      dispose(known.tensors);
    }
    weight.dispose();
  });

  it("a tensor may have any name", async () => {
    const file = writeSafetensors(
      Object.fromEntries(["__proto__", "constructor", "", 'a\n"b'].map((n) => [n, tensor(1)])),
    );
    const { tensors } = await readSafetensors(file);
    expect(Object.keys(tensors).sort()).toEqual(["", "__proto__", 'a\n"b', "constructor"]);
    expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype);
    dispose(tensors);
  });
});

describe("writeSafetensors", () => {
  it("what was read is written again, and read to the same bits", async () => {
    const first = await readSafetensors(FILE);
    const again = await readSafetensors(writeSafetensors(first.tensors, { metadata: first.metadata }));
    for (const [name, held] of Object.entries(EXPECTED)) expectHeld(again.tensors[name], held);
    expect(again.metadata).toEqual(first.metadata);
    dispose(first.tensors);
    dispose(again.tensors);
  });

  it("raw bytes go out as they came in, whatever their dtype", async () => {
    const file = await openSafetensors(FILE);
    const raw = await Promise.all(
      file.names.map(async (name) => [name, { ...file.info(name), data: await file.bytes(name) }] as const),
    );
    const again = await openSafetensors(writeSafetensors(Object.fromEntries(raw)));
    for (const name of file.names) {
      expect(again.info(name)).toEqual(file.info(name));
      expect(await again.bytes(name)).toEqual(Uint8Array.from(await file.bytes(name)));
    }
  });

  it("the header is padded so that every tensor begins at a multiple of its element's size", async () => {
    const data = new Uint8Array(3);
    const file = writeSafetensors({
      a: { dtype: "U8", shape: [3], data },
      b: tensor([1]),
      c: { dtype: "I64", shape: [1], data: BigInt64Array.of(5n) },
      d: { dtype: "F16", shape: [1], data: Uint16Array.of(0x3c00) },
    });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString());
    const starts = Object.entries<{ data_offsets: number[] }>(header).map(([name, info]) => [
      name,
      info.data_offsets[0],
    ]);
    expect(Object.fromEntries(starts)).toEqual({ c: 0, b: 8, d: 12, a: 14 });
  });

  it("pieces are a megabyte at most, copies, and together the file", () => {
    const weight = randn([3000, 200]);
    const pieces = [...safetensorsPieces({ weight })];
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(2 ** 20);
    expect(pieces.length).toBeGreaterThan(3);
    expect(Buffer.compare(Buffer.concat(pieces), writeSafetensors({ weight }))).toBe(0);
    weight.dispose();
  });

  it("refuses what it cannot write, before the first piece", () => {
    const gone = tensor([1]);
    gone.dispose();
    const write = (tensors: unknown, options = {}) => safetensorsPieces(tensors as Record<string, Tensor>, options);
    expect(() => write(null)).toThrow(TypeError);
    expect(() => write({ a: [1] })).toThrow('tensor "a" must be a Tensor or { dtype, shape, data }, but got an array');
    expect(() => write({ a: gone })).toThrow("disposed");
    expect(() => write({ __metadata__: tensor([1]) })).toThrow(RangeError);
    expect(() => write({ "\ud800": tensor([1]) })).toThrow(RangeError);
    expect(() => write({}, { metadata: { a: 1 } })).toThrow('metadata "a" must be a string');
    expect(() => write({}, { metadata: { a: "\ud800" } })).toThrow('metadata "a" cannot be written');
    expect(() => write({}, { metadata: { "\ud800": "\udc00" } })).toThrow(RangeError);
    expect(() => write({}, { dtype: "int8" })).toThrow(TypeError);
    expect(() => write({ a: { dtype: "F32", shape: [2], data: new Float32Array(3) } })).toThrow(
      "8 bytes, but data has 12",
    );
    expect(() => write({ a: { dtype: "I16", shape: [1], data: new Int16Array(1) } })).toThrow(
      'dtype "I16" is not supported',
    );
  });
});

describe("state dicts", () => {
  it("a module's goes out and comes back to the same bits", async () => {
    const model = new nn.Sequential(new nn.Embedding(7, 3), new nn.Linear(3, 2));
    const other = new nn.Sequential(new nn.Embedding(7, 3), new nn.Linear(3, 2));
    const { tensors } = await readSafetensors(writeSafetensors(model.stateDict()));
    expect(other.loadStateDict(tensors)).toEqual({ missingKeys: [], unexpectedKeys: [] });
    dispose(tensors);
    expect(writeSafetensors(other.stateDict())).toEqual(writeSafetensors(model.stateDict()));
    for (const each of [model, other]) each.dispose();
  });

  it("PyTorch's module loads", async () => {
    const model = new nn.Sequential(new nn.Embedding(7, 3), new nn.Linear(3, 2));
    const { tensors } = await readSafetensors(formatFile("module.safetensors"));
    model.loadStateDict(tensors);
    for (const [name, held] of Object.entries(formats.safetensors.module)) expectHeld(model.stateDict()[name], held);
    dispose(tensors);
    model.dispose();
  });
});

const WITH_PYTHON = hasPython("safetensors.torch, torch");

describe.skipIf(!WITH_PYTHON)("safetensors.torch.load_file", () => {
  const PROGRAM = `
import json, sys, safetensors, safetensors.torch, torch
bits = lambda t: (t.view(torch.int32) if t.dtype == torch.float32 else t.float().view(torch.int32) if t.dtype.is_floating_point else t)
tensors = safetensors.torch.load_file(sys.argv[1])
with safetensors.safe_open(sys.argv[1], "pt") as file: metadata = file.metadata()
print(json.dumps({"metadata": metadata, "tensors": {n: {"dtype": str(t.dtype), "shape": list(t.shape), "values": bits(t).flatten().tolist()} for n, t in tensors.items()}}))
`;
  interface Loaded {
    metadata: Record<string, string> | null;
    tensors: Record<string, Held & { dtype: string }>;
  }

  it("reads what we write: equal tensors and metadata", async () => {
    const { tensors } = await readSafetensors(FILE);
    const metadata = { note: 'ä "quoted"', "": "empty" };
    const loaded = inPython<Loaded>(PROGRAM, writeSafetensors(tensors, { metadata }));
    expect(loaded.metadata).toEqual(metadata);
    expect(Object.keys(loaded.tensors).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, held] of Object.entries(loaded.tensors)) expectHeld(tensors[name], held);
    dispose(tensors);
  });

  it.each(["float16", "bfloat16"] as const)("reads %s, and raw bytes of other dtypes", async (dtype) => {
    const weight = randn([50, 7]);
    const raw = { dtype: "I8", shape: [2, 2], data: Int8Array.of(1, -2, 3, -4) } as const;
    const file = writeSafetensors({ weight, raw, index: longTensor([1, -2]) }, { dtype });
    const loaded = inPython<Loaded>(PROGRAM, file);
    const { tensors } = await readSafetensors(file);
    expect(loaded.tensors.weight.dtype).toBe(`torch.${dtype}`);
    expect(loaded.tensors.raw).toEqual({ dtype: "torch.int8", shape: [2, 2], values: [1, -2, 3, -4] });
    expectHeld(tensors.weight, loaded.tensors.weight);
    expectHeld(tensors.index, loaded.tensors.index);
    dispose(tensors);
    weight.dispose();
  });

  it("loads a trained module", () => {
    const model = new nn.Sequential(new nn.Embedding(7, 3), new nn.Linear(3, 2));
    const sgd = new optim.SGD([...model.parameters()], { lr: 0.5 });
    F.crossEntropy(model.forward([1, 2, 6]), longTensor([0, 1, 0])).backward();
    sgd.step();
    const loaded = inPython<Loaded>(PROGRAM, writeSafetensors(model.stateDict()));
    for (const [name, value] of Object.entries(model.stateDict())) expectHeld(value, loaded.tensors[name]);
    model.dispose();
  });
});
