import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "nn-embedding";
import { readKeyedEmbedding, readWordVectors, writeNpy, writeSafetensors } from "nn-embedding/tables";
import { describe, expect, test } from "vitest";
import { namesIn, run, temporaryFolder } from "./run.js";

const GLOVE = "test/fixtures/glove.txt";
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const bytesOf = (path: string) => new Uint8Array(readFileSync(path));
const ofFile = (path: string) => readWordVectors(bytesOf(path));

function convert(...args: string[]) {
  const { status, stdout, stderr } = run(["convert", ...args]);
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: "",
    stderr: expect.stringMatching(/: 283 rows of 100, \S+\n$/),
  });
}

describe.runIf(process.env.BUILD === "build")("nn-embedding convert", () => {
  test("goes round all formats and back to the same bits", async () => {
    const names = ["a.safetensors", "b.vec", "c.bin", "d.txt", "e.safetensors"];
    let from = GLOVE;
    for (const name of names) {
      convert(from, at(name));
      from = at(name);
    }
    using first = await ofFile(GLOVE);
    using last = await readKeyedEmbedding(bytesOf(at("e.safetensors")));
    expect([...last.vocab]).toEqual([...first.vocab]);
    for (const word of first.vocab) expect(last.get(word)).toEqual(first.get(word));
    expect(bytesOf(at("e.safetensors"))).toEqual(bytesOf(at("a.safetensors")));
    using text = await ofFile(at("d.txt"));
    expect(text.get("king")).toEqual(first.get("king"));
  });

  test("keeps numbers as it is told", async () => {
    for (const dtype of ["float16", "bfloat16", "int8", "int4"] as const) {
      convert(GLOVE, at(`${dtype}.safetensors`), "--dtype", dtype);
      using read = await readKeyedEmbedding(bytesOf(at(`${dtype}.safetensors`)));
      using vectors = await ofFile(GLOVE);
      using packed = vectors.quantize(dtype);
      expect(read.get("queen")).toEqual(packed.get("queen"));
    }
    // Packed rows come out as floats again.
    convert(at("int8.safetensors"), at("unpacked.vec"));
    using unpacked = await ofFile(at("unpacked.vec"));
    using packed = await readKeyedEmbedding(bytesOf(at("int8.safetensors")));
    expect(unpacked.get("queen")).toEqual(packed.get("queen"));
  });

  test("takes the first rows, from text and from tensors", async () => {
    for (const [from, out] of [
      [GLOVE, "top.safetensors"],
      [at("top.safetensors"), "top.txt"],
    ]) {
      expect(run(["convert", from, at(out), "--top", "7"]).stderr).toBe(
        `${at(out)}: 7 rows of 100, ${out === "top.txt" ? "glove" : "safetensors"}\n`,
      );
    }
    expect(
      readFileSync(at("top.txt"), "utf8")
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual([
      ...readFileSync(GLOVE, "utf8")
        .split("\n")
        .slice(0, 7)
        .map((line) => line.split(" ")[0]),
      "",
    ]);
  });

  test("writes and reads arrays without words", async () => {
    convert(GLOVE, at("a.npy"));
    convert(at("a.npy"), at("numbered.txt"));
    const words = readFileSync(GLOVE, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    writeFileSync(at("words"), `${words.join("\n")}\n`);
    convert(at("a.npy"), at("named.txt"), "--words", at("words"));
    using numbered = await ofFile(at("numbered.txt"));
    using named = await ofFile(at("named.txt"));
    using vectors = await ofFile(GLOVE);
    expect(named.get("king")).toEqual(vectors.get("king"));
    expect(numbered.get(String(words.indexOf("king")))).toEqual(vectors.get("king"));
  });

  test("takes no other words for a file that has its own", () => {
    for (const path of [GLOVE, at("int8.safetensors")]) {
      const { status, stderr } = run(["convert", path, at("other.txt"), "--words", GLOVE]);
      expect([status, stderr]).toEqual([1, `nn-embedding: ${path}: it has words of its own: leave out --words\n`]);
    }
  });

  test("reads a checkpoint's table by its name", async () => {
    const data = Float32Array.of(1, 2, 3, 4);
    writeFileSync(at("checkpoint"), writeSafetensors({ "encoder.weight": { dtype: "F32", shape: [2, 2], data } }));
    expect(run(["convert", at("checkpoint"), "-", "--to", "glove", "--tensor", "encoder.weight"]).stdout).toBe(
      "0 1 2\n1 3 4\n",
    );
    const { status, stderr } = run(["convert", at("checkpoint"), "-", "--to", "glove"]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('no tensor "embedding.weight", it has "encoder.weight"'),
    ]);
  });

  test("reads a table beside tensors of dtypes that are not read", () => {
    const header = JSON.stringify({
      mask: { dtype: "BOOL", shape: [2, 4], data_offsets: [0, 8] },
      "emb.weight": { dtype: "F32", shape: [2, 2], data_offsets: [8, 24] },
    });
    const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const path = at("masked");
    writeFileSync(path, Buffer.concat([Uint8Array.of(header.length, 0, 0, 0, 0, 0, 0, 0), Buffer.from(header)]));
    appendFileSync(path, Buffer.concat([new Uint8Array(8), data]));
    expect(run(["info", path]).stdout).toBe(
      "format\tsafetensors\ntensor\tmask\tBOOL\t[2, 4]\ntensor\temb.weight\tF32\t[2, 2]\n",
    );
    const converted = (name: string) => run(["convert", path, "-", "--to", "glove", "--tensor", name]);
    expect(converted("emb.weight").stdout).toBe("0 1 2\n1 3 4\n");
    const { status, stdout, stderr } = converted("mask");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /masked: SafetensorsFile\.rows: tensor "mask": dtype "BOOL" is not supported, those are F64, /,
    );
  });

  test("reads and writes pipes, text and tensors", () => {
    const text = run(["convert", "-", "-", "--to", "word2vec", "--top", "2"], readFileSync(GLOVE));
    expect(text.stdout).toMatch(/^2 100\nthe -0\.038194 .*\n, -0\.10767 .*\n$/);
    const script = `node build/cli.js convert ${GLOVE} - --to safetensors --dtype int8 2> /dev/null | node build/cli.js analogy - man king woman -k 1`;
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toMatch(/^queen\t0\.7\d+\n$/);
  });

  test("ends when nobody reads on", async () => {
    const child = spawn(process.execPath, ["build/cli.js", "convert", GLOVE, "-", "--to", "glove"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (piece) => {
      stderr += piece;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe.runIf(process.env.BUILD === "build")("what cannot be read is one line, exit code 1, and no file", () => {
  const hostile = temporaryFolder();
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(hostile, name), content);
    return join(hostile, name);
  };
  mkdirSync(join(hostile, "folder"));
  const whole = () =>
    writeSafetensors({ "embedding.weight": { dtype: "F32", shape: [2, 2], data: new Float32Array(4) } });

  test.each<[string, () => string, RegExp]>([
    ["no file", () => join(hostile, "none"), /^nn-embedding: ENOENT: no such file or directory, open '.*none'\n$/],
    ["a folder", () => join(hostile, "folder"), /^nn-embedding: .*folder is a folder\n$/],
    ["an empty file", () => file("empty", ""), /^nn-embedding: .*empty: readWordVectors: the file is empty\n$/],
    [
      "a line of another width",
      () => file("ragged", "a 1 2\nb 1\n"),
      /^nn-embedding: .*ragged: readWordVectors: line 2/,
    ],
    ["a number that is none", () => file("nan", "a 1 2\nb 1 x\n"), /^nn-embedding: .*nan: readWordVectors: line 2/],
    ["a header that lies", () => file("liar", "1000000000 300\na 1\n"), /^nn-embedding: .*liar: readWordVectors: /],
    [
      "half a safetensors file",
      () => file("half", whole().subarray(0, 90)),
      /^nn-embedding: .*half: openSafetensors: /,
    ],
    [
      "a header without tensors",
      () => file("bare", writeSafetensors({})),
      /the file has no tensor "embedding.weight", it has none\n$/,
    ],
    [
      "a .npy without dimensions",
      () => file("scalar.npy", writeNpy(tensor(1))),
      /^nn-embedding: .*scalar\.npy: a table is 2-D, but this array is of shape \[\]\n$/,
    ],
    [
      "a .npy of one dimension",
      () => file("row.npy", writeNpy(tensor([1, 2]))),
      /^nn-embedding: .*row\.npy: a table is 2-D, but this array is of shape \[2\]\n$/,
    ],
    [
      "a tensor of three dimensions",
      () => file("cube", writeSafetensors({ "embedding.weight": tensor([[[1, 2]]]) })),
      /^nn-embedding: .*cube: a table is 2-D, but this tensor is of shape \[1, 1, 2\]\n$/,
    ],
    [
      "a damaged .npy",
      () => file("bad.npy", Buffer.from("\x93NUMPY\x01\0".padEnd(40), "latin1")),
      /^nn-embedding: .*bad\.npy: readNpy: /,
    ],
  ])("%s", (_, make, message) => {
    const path = make();
    const before = namesIn(hostile);
    const { status, stdout, stderr } = run(["convert", path, join(hostile, "out.txt")]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(namesIn(hostile)).toEqual(before);
  });

  test("what cannot be written leaves the old file as it was", () => {
    const out = file("old.vec", "old");
    const table = file("two", whole());
    const before = namesIn(hostile);
    const words = file("words", "a\nb 7\n");
    for (const [given, message] of [
      [words, /^nn-embedding: writeWordVectors: the word of row \d, /],
      [file("short", "a\n"), /short has 1 words for 2 rows\n$/],
    ] as const) {
      const { status, stderr } = run(["convert", table, out, "--words", given]);
      expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
      expect(readFileSync(out, "utf8")).toBe("old");
    }
    expect(namesIn(hostile)).toEqual([...before, "short", "words"].sort());
  });

  test("a place where nothing can be written", () => {
    mkdirSync(join(hostile, "taken.txt"));
    const before = namesIn(hostile);
    for (const [out, code] of [
      ["none/out.txt", "ENOENT"],
      ["taken.txt", "EISDIR"],
    ]) {
      const { status, stderr } = run(["convert", GLOVE, join(hostile, out)]);
      expect([status, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^nn-embedding: ${code}: `))]);
    }
    expect(namesIn(hostile)).toEqual(before);
  });
});
