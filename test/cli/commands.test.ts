import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "nn-embedding";
import { readKeyedEmbedding, readWordVectors, writeNpy, writeSafetensors } from "nn-embedding/tables";
import { beforeAll, describe, expect, test } from "vitest";
import { namesIn, run, temporaryFolder } from "./run.js";

const GLOVE = "test/fixtures/glove.txt";
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const bytesOf = (path: string) => new Uint8Array(readFileSync(path));
const written = (name: string, content: string | Uint8Array) => {
  writeFileSync(at(name), content);
  return at(name);
};

/** What a command printed that went well. */
function printed(...args: string[]): string {
  const { status, stdout, stderr } = run(args);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
}

beforeAll(() => {
  run(["convert", GLOVE, at("int8.safetensors"), "--dtype", "int8"]);
});

describe.runIf(process.env.BUILD === "build")("nn-embedding info", () => {
  test("tells what stands in the header", () => {
    expect(printed("info", at("int8.safetensors"))).toMatch(
      /^format\tsafetensors\nmetadata\tformat: nn-embedding\nmetadata\tdtype: int8\nmetadata\tembedding_dim: 100\ntensor\tembedding\.weight\tU8\t\[283, 108\]\ntensor\tvocab\tU8\t\[\d+\]\n$/,
    );
    expect(printed("info", GLOVE)).toBe("format\tglove\nrows\t283\ndim\t100\n");
    expect(printed("info", written("a.vec", "3 2\na 1 2\nb 3 4\nc 5 6\n"))).toBe("format\tword2vec\nrows\t3\ndim\t2\n");
    expect(printed("info", written("open.txt", "a 1 2\nb 3 4"))).toBe("format\tglove\nrows\t2\ndim\t2\n");
    expect(printed("info", written("a.npy", writeNpy(tensor([[1, 2, 3]]))))).toBe("format\tnpy\narray\t<f4\t[1, 3]\n");
  });

  test("looks at text as the reader does: a tab or several blanks in the header, a byte order mark, lines without text", () => {
    const info = (content: string) => printed("info", written("odd.txt", content));
    for (const header of ["3\t2", "3  2 \r", "\ufeff3 2", "\n \t\r\n3 2"]) {
      expect(info(`${header}\na 1 2\nb 3 4\nc 5 6\n`)).toBe("format\tword2vec\nrows\t3\ndim\t2\n");
    }
    for (const lines of ["a 1 2\n\nb 3 4\n", "\n \r\na 1 2\nb 3 4\n\t\n ", "\ufeff\r\na 1 2\r\n\r\nb 3 4"]) {
      expect(info(lines)).toBe("format\tglove\nrows\t2\ndim\t2\n");
    }
    for (const header of ["3 0", "3 2.5", "3 99999999999"]) {
      const { status, stdout, stderr } = run(["info", written("odd.txt", `${header}\n`)]);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/odd\.txt: readWordVectors: line 1: "3 \S+" must be a header of two whole numbers/);
    }
  });

  test("reads pipes", () => {
    expect(run(["info", "-"], bytesOf(at("int8.safetensors"))).stdout).toContain(
      "tensor\tembedding.weight\tU8\t[283, 108]\n",
    );
    expect(run(["info", "-"], readFileSync(GLOVE)).stdout).toBe("format\tglove\nrows\t283\ndim\t100\n");
  });

  test("does not read the numbers", () => {
    const file = writeSafetensors({ w: { dtype: "F16", shape: [3, 2], data: new Uint16Array(6).fill(0x7e00) } });
    expect(printed("info", written("nan.safetensors", file))).toBe("format\tsafetensors\ntensor\tw\tF16\t[3, 2]\n");
    const { status, stderr } = run(["info", written("cut.safetensors", file.subarray(0, 40))]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^nn-embedding: .*cut\.safetensors: openSafetensors: /),
    ]);
  });
});

describe.runIf(process.env.BUILD === "build")("nn-embedding nearest and analogy", () => {
  test("print words and cosines, best first", async () => {
    using vectors = await readWordVectors(bytesOf(GLOVE));
    const lines = (word: string, indent = "") =>
      vectors
        .mostSimilar({ positive: word, k: 3 })
        .map(({ word, score }) => `${indent}${word}\t${score.toFixed(4)}\n`)
        .join("");
    expect(printed("nearest", GLOVE, "king", "-k", "3")).toBe(lines("king"));
    expect(lines("king")).toMatch(/^prince\t/);
    expect(printed("nearest", GLOVE, "king", "coffee", "-k", "3")).toBe(
      `king\n${lines("king", "  ")}coffee\n${lines("coffee", "  ")}`,
    );
    expect(run(["nearest", GLOVE, "-", "-k", "3"], "coffee\n").stdout).toBe(lines("coffee"));
  });

  test("king - man + woman is queen, in floats and in int8", () => {
    for (const file of [GLOVE, at("int8.safetensors")]) {
      expect(printed("analogy", file, "man", "king", "woman", "-k", "1")).toMatch(/^queen\t0\.7\d+\n$/);
    }
    const stdin = run(["analogy", "-", "man", "king", "woman", "-k", "1"], readFileSync(GLOVE));
    expect(stdin.stdout).toMatch(/^queen\t/);
  });

  test("say which words are not there, and print nothing", () => {
    const refused = (words: string) => ({
      status: 1,
      stdout: "",
      stderr: `nn-embedding: ${GLOVE} has no vector of ${words} among its 283 words\n`,
    });
    expect(run(["nearest", GLOVE, "king", "xyzzy", "plugh"])).toEqual(refused('"xyzzy", "plugh"'));
    expect(run(["analogy", GLOVE, "man", "king", "xyzzy"])).toEqual(refused('"xyzzy"'));
    expect(run(["nearest", "-", "-"], "king\n")).toEqual({
      status: 2,
      stdout: "",
      stderr: "nn-embedding: standard input cannot be both the file and the words\n",
    });
  });
});

describe.runIf(process.env.BUILD === "build")("nn-embedding project", () => {
  test("draws a picture with a point for each word", () => {
    const words = ["cat", "dog", "cow", "horse", "paris", "france", "<&>"];
    const file = written(
      "odd.txt",
      `${readFileSync(GLOVE, "utf8").trimEnd()}\n<&> ${Array(100).fill("0.5").join(" ")}\n`,
    );
    printed("project", file, at("animals.svg"), "--only", ...words);
    const svg = readFileSync(at("animals.svg"), "utf8");
    expect(svg).toMatch(/^<svg width="1200" height="900" .*<\/svg>\s*$/s);
    const labels = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    for (const word of ["cat", "paris", "&lt;&amp;&gt;"]) expect(labels).toContain(word);
    expect(labels.filter((text) => /^principal component [12]: \d+\.\d % of the variance$/.test(text))).toHaveLength(2);
    printed("project", GLOVE, at("again.svg"), "--only", ...words.slice(0, -1));
    printed("project", at("int8.safetensors"), at("top.svg"));
    const points = readFileSync(at("top.svg"), "utf8").match(/<path d="M1 0A1 1/g) ?? [];
    expect(points).toHaveLength(200);
  });

  test("writes a folder for TensorBoard's projector", () => {
    printed("project", at("int8.safetensors"), at("projector"), "--top", "50");
    expect(namesIn(at("projector"))).toEqual(["metadata.tsv", "projector_config.json", "tensors.tsv"]);
    const lines = (name: string) =>
      readFileSync(at(`projector/${name}`), "utf8")
        .trimEnd()
        .split("\n");
    expect(lines("tensors.tsv").map((line) => line.split("\t").length)).toEqual(Array(50).fill(100));
    expect(lines("metadata.tsv").slice(0, 3)).toEqual(["the", ",", "."]);
    expect(lines("metadata.tsv")).toHaveLength(50);
  });

  test("refuses too few words, unknown words and a file in the place of a folder", () => {
    for (const [args, message] of [
      [[at("two.svg"), "--only", "cat", "dog"], /^nn-embedding: a picture needs at least 3 words, but there are 2\n$/],
      [[at("none.svg"), "--only", "cat", "xyzzy", "dog"], /has no vector of "xyzzy"/],
      [[written("file", "")], /^nn-embedding: EEXIST/],
    ] as const) {
      const before = namesIn(folder);
      expect(run(["project", GLOVE, ...args])).toEqual({
        status: 1,
        stdout: "",
        stderr: expect.stringMatching(message),
      });
      expect(namesIn(folder)).toEqual(before);
    }
  });
});

describe.runIf(process.env.BUILD === "build")("nn-embedding train", () => {
  const text = Array(60).fill("The cat sat on the mat. The dog sat on the rug!\nÉtÉ l’été 42 don't").join("\n\n");
  const small = ["--dim", "8", "--epochs", "2"];

  test("learns vectors of the words of a text, the same ones each time", async () => {
    const corpus = written("corpus.txt", text);
    const { status, stderr } = run(["train", corpus, at("one.safetensors"), ...small]);
    expect([status, stderr]).toEqual([0, `${at("one.safetensors")}: vectors of 11 words out of 960\n`]);
    using vectors = await readKeyedEmbedding(bytesOf(at("one.safetensors")));
    expect([...vectors.vocab]).toEqual(["the", "sat", "on", "cat", "mat", "dog", "rug", "été", "l’été", "42", "don't"]);
    expect(vectors.dim).toBe(8);
    run(["train", corpus, at("two.safetensors"), ...small]);
    expect(bytesOf(at("two.safetensors"))).toEqual(bytesOf(at("one.safetensors")));
    run(["train", corpus, at("three.safetensors"), ...small, "--seed", "2"]);
    expect(bytesOf(at("three.safetensors"))).not.toEqual(bytesOf(at("one.safetensors")));
  });

  const tiny = ["--dim", "4", "--epochs", "1", "--to", "word2vec"];
  const learnt = (content: string) => run(["train", "-", "-", ...tiny], content).stdout;

  // A pipe comes in pieces of 64 KB, which divide words.
  test("reads texts without lines, in sentences of at most 1,000 words", () => {
    const words = Array.from({ length: 40_000 }, (_, i) => `w${(i * i) % 61}`);
    const ended = words.map((word, i) => (i % 1000 === 999 ? `${word}.` : word));
    const files = [words.join(" "), `${words.join(" ")}\r\n`, words.join("\r\n"), ended.join(" ")].map(learnt);
    expect(files[0]).toMatch(/^31 4\nw/);
    expect(new Set(files).size).toBe(1);
  });

  test("ends a sentence at an empty line, and not at the end of a line", () => {
    const sentence = Array.from({ length: 60 }, (_, i) => `w${i}`).join(" ");
    const sentences = (end: string) => learnt(Array(200).fill(sentence).join(end));
    expect(sentences("\n \n")).toBe(sentences(". "));
    expect(sentences("\r\n\r\n")).toBe(sentences(". "));
    expect(sentences("\n")).toBe(sentences(" "));
    expect(sentences("\n")).not.toBe(sentences(". "));
  });

  test("from pipe to pipe", () => {
    const { status, stdout } = run(["train", "-", "-", "--to", "word2vec", ...small], text);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+ 8\nthe (-?[\d.e-]+ ){7}-?[\d.e-]+\n/);
  });

  test("refuses a text with too few words, and what is no text", () => {
    for (const [content, message] of [
      ["a b c", /0 words occur at least 5 times: lower --min-count\n$/],
      ["", /0 words occur at least 5 times/],
      [Uint8Array.of(97, 255, 98), /^nn-embedding: .*bad: .*not valid/],
    ] as const) {
      const outcome = run(["train", written("bad", content), at("never.vec")]);
      expect(outcome).toEqual({ status: 1, stdout: "", stderr: expect.stringMatching(message) });
    }
    mkdirSync(at("folder"));
    expect(run(["train", at("folder"), at("never.vec")]).stderr).toMatch(/folder is a folder\n$/);
    expect(namesIn(folder)).not.toContain("never.vec");
  });
});
