import { longTensor, randn, type Tensor, tensor, zeros } from "nn-embedding";
import { npyPieces, readNpy, writeNpy } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { formatFile, formats, type Held } from "../golden/formats.js";
import { cut, expectHeld, expectRefused } from "./expect.js";
import { hasPython, inPython } from "./python.js";

/** A file of version 1.0 with this text as its header. */
function fileOf(header: string, data: Uint8Array = new Uint8Array(0), version = [1, 0]): Uint8Array {
  const length = version[0] === 1 ? [header.length & 255, header.length >> 8] : [header.length, 0, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from("NUMPY"), ...version, ...length, ...Buffer.from(header), ...data]);
}

const dict = (descr: string, shape: string, order = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

describe("readNpy", () => {
  it.each(Object.keys(formats.npy))("reads NumPy's %s", async (name) => {
    for (const n of [1, 7, 1e6]) {
      const read = await readNpy(cut(formatFile(name), n));
      expectHeld(read, formats.npy[name]);
      read.dispose();
    }
  });

  it("takes any way of writing the dict", async () => {
    const eight = new Uint8Array(8);
    for (const header of [
      "{'shape':(2,),'fortran_order':False,'descr':'<f4'}",
      '{"descr": "<f4", "fortran_order": False, "shape": (2L,)}',
      "  { 'descr' : '<f4' , 'shape' : ( 2 , ) , 'fortran_order' : False , }  \n",
    ]) {
      const read = await readNpy(fileOf(header, eight));
      expect(read.shape).toEqual([2]);
      read.dispose();
    }
  });

  it("reads a large table in Fortran order, whose values are as many as the last block leaves over", async () => {
    const [rows, dim] = [3001, 17];
    const data = new Float32Array(rows * dim).map((_, j) => j);
    const read = await readNpy(fileOf(dict("'<f4'", `(${rows}, ${dim})`, "True"), new Uint8Array(data.buffer)));
    expect(read.shape).toEqual([rows, dim]);
    expect(read.array.every((value, j) => value === Math.floor(j / dim) + (j % dim) * rows)).toBe(true);
    read.dispose();
  });
});

describe("a hostile .npy file is refused, and nothing is held", () => {
  const FOUR = new Uint8Array(4);
  const FILES: [what: string, file: Uint8Array, kind: typeof TypeError, words: string][] = [
    ["another magic", Uint8Array.from({ length: 90 }, () => 65), TypeError, 'begins with "\\x93NUMPY"'],
    ["version 0", fileOf(dict("'<f4'", "()"), FOUR, [0, 0]), RangeError, "version 0.0 at byte 6 is not known"],
    ["version 4", fileOf(dict("'<f4'", "()"), FOUR, [4, 0]), RangeError, "version 4.0 at byte 6 is not known"],
    ["version 1.1", fileOf(dict("'<f4'", "()"), FOUR, [1, 1]), RangeError, "version 1.1 at byte 6 is not known"],
    ["a long header", fileOf(" ".repeat(20_000)), RangeError, "header of 20000 bytes at byte 8 is too long"],
    ["no dict", fileOf("[1, 2]"), TypeError, "header must be a dict of descr, fortran_order and shape"],
    ["nothing", fileOf(""), TypeError, "header is not a Python dict"],
    ["an open dict", fileOf("{'descr': '<f4'"), TypeError, "header is not a Python dict"],
    ["code", fileOf("{'descr': __import__('os')}"), TypeError, "header is not a Python dict"],
    ["more after the dict", fileOf(`${dict("'<f4'", "()")} 1`, FOUR), TypeError, "header is not a Python dict"],
    ["a name twice", fileOf("{'shape': (), 'shape': ()}"), TypeError, 'the name "shape" twice'],
    [
      "a name less",
      fileOf("{'descr': '<f4', 'shape': ()}"),
      TypeError,
      "must be a dict of descr, fortran_order and shape",
    ],
    [
      "a name more",
      fileOf("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}"),
      TypeError,
      "must be a dict of descr",
    ],
    ["text", fileOf(dict("'<U5'", "(1,)"), new Uint8Array(20)), TypeError, 'dtype "<U5" is not supported'],
    ["objects", fileOf(dict("'|O'", "()"), FOUR), TypeError, 'dtype "|O" is not supported'],
    ["complex numbers", fileOf(dict("'<c8'", "()"), FOUR), TypeError, 'dtype "<c8" is not supported'],
    ["a dtype that is a number", fileOf(dict("4", "()"), FOUR), TypeError, "dtype"],
    ["a shape that is a number", fileOf(dict("'<f4'", "1"), FOUR), TypeError, "shape must be an array"],
    ["a shape of text", fileOf(dict("'<f4'", "('1',)"), FOUR), TypeError, "argument 'size' must be tuple of ints"],
    ["a negative size", fileOf(dict("'<f4'", "(-1,)"), FOUR), RangeError, "negative dimension -1"],
    ["a huge size", fileOf(dict("'<f4'", "(99999999999999999999,)"), FOUR), RangeError, "out of linear memory"],
    [
      "a gigantic array",
      fileOf(dict("'<f4'", "(30000, 30000)"), FOUR),
      RangeError,
      "has 3600000000 bytes, but the file has 4",
    ],
    ["a gigantic product", fileOf(dict("'<f4'", "(2147483647, 2147483647, 2147483647)"), FOUR), RangeError, "bytes"],
    [
      "an order that is a number",
      fileOf(dict("'<f4'", "()", "1"), FOUR),
      TypeError,
      "fortran_order must be True or False",
    ],
    ["too many bytes", fileOf(dict("'<f4'", "()"), new Uint8Array(5)), RangeError, "has 4 bytes, but the file has 5"],
  ];

  it.each(FILES)("%s", async (_, file, kind, words) => {
    await expectRefused(() => readNpy(file), kind, words);
  });

  it("cut anywhere, and a byte too many, when nobody knows how long it is", async () => {
    const file = formatFile("little-f2.npy");
    for (let length = 0; length < file.length; length++) {
      await expectRefused(
        () => readNpy(cut(file.slice(0, length), 11)),
        RangeError,
        `ends at byte ${length}, within the`,
      );
    }
    const more = Uint8Array.from([...file, 0]);
    await expectRefused(() => readNpy(cut(more, 11)), RangeError, `should end at byte ${file.length}, but goes on`);
    const gigantic = fileOf(dict("'<f4'", "(30000, 30000)"), FOUR);
    await expectRefused(() => readNpy(cut(gigantic, 11)), RangeError, "within the array");
  });

  it("an int64 that does not fit: which one, in either byte order", async () => {
    const data = Uint8Array.from([...new Uint8Array(8), 0, 0, 0, 128, 0, 0, 0, 0]);
    const words = "the array[0][1] is 2147483648, valid range of int32";
    await expectRefused(() => readNpy(fileOf(dict("'<i8'", "(1, 2)"), data)), RangeError, words);
    const swapped = Uint8Array.from([...new Uint8Array(8), 0, 0, 0, 0, 128, 0, 0, 0]);
    await expectRefused(() => readNpy(fileOf(dict("'>i8'", "(1, 2)"), swapped)), RangeError, words);
  });
});

describe("writeNpy", () => {
  it("what it writes is read to the same bits, the data at a multiple of 64", async () => {
    for (const given of [randn([20, 7]), longTensor([1, -2, 3]), tensor(5), zeros([0, 3]), zeros([1, 2, 3, 4, 5])]) {
      const file = writeNpy(given);
      expect((file.length - 4 * given.numel) % 64).toBe(0);
      const read = await readNpy(file);
      expect(read.shape).toEqual(given.shape);
      expect(read.dtype).toBe(given.dtype);
      expect(read.toArray()).toEqual(given.toArray());
      for (const each of [given, read]) each.dispose();
    }
  });

  it("pieces are together the file", () => {
    const table = randn([3000, 200]);
    const pieces = [...npyPieces(table)];
    expect(pieces.length).toBeGreaterThan(3);
    expect(Buffer.compare(Buffer.concat(pieces), writeNpy(table))).toBe(0);
    table.dispose();
  });

  it("refuses what it cannot write", () => {
    expect(() => writeNpy([1] as unknown as Tensor)).toThrow("writeNpy: argument 'tensor' must be a Tensor");
    expect(() => writeNpy(tensor(1), { dtype: "bfloat16" as "float16" })).toThrow(TypeError);
  });
});

describe.skipIf(!hasPython("numpy"))("numpy.load", () => {
  const PROGRAM = `
import json, sys, numpy
a = numpy.load(sys.argv[1])
bits = a.astype(numpy.float32).view(numpy.int32) if a.dtype.kind == "f" else a
print(json.dumps({"dtype": str(a.dtype), "shape": a.shape, "values": bits.flatten().tolist()}))
`;

  it("reads what we write: equal arrays", async () => {
    const cases = [
      { given: randn([7, 5]), dtype: "float32" },
      { given: randn([7, 5]), dtype: "float16" },
      { given: longTensor([[1], [-5]]), dtype: "int32" },
    ] as const;
    for (const { given, dtype } of cases) {
      const file = writeNpy(given, dtype === "float16" ? { dtype } : {});
      const loaded = inPython<Held & { dtype: string }>(PROGRAM, file);
      expect(loaded.dtype).toBe(dtype);
      const read = await readNpy(file);
      expectHeld(read, loaded);
      for (const each of [given, read]) each.dispose();
    }
  });
});
