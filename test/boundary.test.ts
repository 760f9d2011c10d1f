// The rules about rooms: who may import whom, and where the engine and the host's mathematics may appear.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const sources = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !name.includes("node_modules"))
    .map((name) => join(folder, name));

const code = (file: string): string =>
  readFileSync(file, "utf8")
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/\/\/.*/g, "");

/** What a file imports: paths inside the repository, package names otherwise. */
const imports = (file: string): string[] =>
  [...code(file).matchAll(/(?:from|import) "([^"]+)"/g)].map(([, name]) =>
    name.startsWith(".") ? normalize(join(dirname(file), name)).replace(/\.js$/, "") : name,
  );

const room = (path: string): string =>
  path
    .replace(/^js\//, "")
    .replace(/(\.ts)?$/, "")
    .split("/")[0];

const offenders = (files: readonly string[], allowed: (file: string, imported: string) => boolean): string[] =>
  files.flatMap((file) =>
    imports(file)
      .filter((name) => !allowed(file, name))
      .map((name) => `${file} imports ${name}`),
  );

/** What the bundler puts in from elsewhere. */
const fromTheBuild = [
  "js/verify/verify.ts #vectors.json",
  "js/tables/kernels.ts #table-kernels.wasm",
  "js/tables/kernels.ts build/table-kernels",
];

/** The types of what `quantize` makes; the code of it comes when nn-embedding/tables is imported. */
const typesFromBelow = ["js/nn/quantize.ts js/tables/quantized", "js/nn/table.ts js/tables/quantized"];

/** From the top layer down; a file imports only from its own layer and from layers above. io/ and tables/ are one. */
const layers = [
  "wasm",
  "check",
  "autograd",
  "random",
  "tensor",
  "functional",
  "nn",
  "optim",
  "index",
  "internals",
  "tables",
  "verify",
];

/** js/ without the command line, which is a program of its own. */
const library = sources("js").filter((file) => room(file) !== "cli");

describe("the rooms", () => {
  test("there are files to look at", () => {
    expect(sources("js").length).toBeGreaterThan(20);
    expect(sources("assembly").length).toBeGreaterThan(10);
  });

  test("assembly/ imports only from assembly/", () => {
    expect(offenders(sources("assembly"), (_, name) => name.startsWith("assembly/"))).toEqual([]);
  });

  test("in js/ a layer imports only from layers above it", () => {
    const above = (file: string, name: string) => {
      if (!name.startsWith("js/")) return file === "js/wasm.ts" || fromTheBuild.includes(`${file} ${name}`);
      if (typesFromBelow.includes(`${file} ${name}`)) return true;
      const layer = (path: string) => layers.indexOf(room(path).replace(/^io$/, "tables"));
      return layer(name) <= layer(file) && layer(name) >= 0;
    };
    expect(offenders(library, above)).toEqual([]);
  });

  test("verify/ uses the library through its public names alone", () => {
    expect(
      offenders(
        sources("js/verify"),
        (_, name) => ["js/index", "#vectors.json"].includes(name) || room(name) === "verify",
      ),
    ).toEqual([]);
  });

  test("tables/ and io/ use the library through index.ts and internals.ts, and nobody else uses the latter", () => {
    const doors = ["js/index", "js/internals", "#table-kernels.wasm", "build/table-kernels"];
    const beside = [...sources("js/tables"), ...sources("js/io")];
    const rooms = ["tables", "io"];
    expect(offenders(beside, (_, name) => doors.includes(name) || rooms.includes(room(name)))).toEqual([]);
    const others = library.filter((file) => !beside.includes(file));
    expect(
      offenders(
        others,
        (file, name) =>
          typesFromBelow.includes(`${file} ${name}`) || (name !== "js/internals" && !rooms.includes(room(name))),
      ),
    ).toEqual([]);
  });

  test("cli/ uses the package from outside, and nobody uses cli/", () => {
    const programs = ["examples/flags", "examples/skip-gram/model", "examples/skip-gram/text"];
    const packages = /^(nn-embedding(\/tables|\/verify)?|node:[a-z/]+|commander|cli-progress|ml-pca|echarts\/[a-z]+)$/;
    const allowed = (_: string, name: string) => room(name) === "cli" || programs.includes(name) || packages.test(name);
    expect(offenders(sources("js/cli"), allowed)).toEqual([]);
    expect(offenders(library, (_, name) => room(name) !== "cli")).toEqual([]);
  });

  test("check.ts imports nothing, autograd.ts knows no tensor", () => {
    expect(imports("js/check.ts")).toEqual([]);
    expect(imports("js/autograd.ts")).toEqual(["js/check"]);
  });

  test("nn/ never touches wasm or optim/, optim/ never touches nn/ or functional/", () => {
    const among = (folder: string, banned: readonly string[]) =>
      offenders(sources(folder), (_, name) => !banned.includes(room(name)));
    expect(among("js/nn", ["wasm", "optim"])).toEqual([]);
    expect(among("js/optim", ["nn", "functional"])).toEqual([]);
  });

  test("WebAssembly and the memory's buffer appear in js/wasm.ts alone", () => {
    const door = sources("js").filter((file) => /\bWebAssembly\b|\.buffer\b|instantiateSync/.test(code(file)));
    expect(door).toEqual(["js/wasm.ts"]);
  });

  test("no number depends on the host's transcendental functions or its chance", () => {
    const host = /(?<!Native)\bMath\.(exp|log|pow|sin|cos|tan|tanh|cbrt|random|log1p|expm1|log2|log10|hypot)\b|\*\*/;
    const users = [...sources("js"), ...sources("examples"), ...sources("assembly")];
    const allowed = /2n? \*\* |return Math\.floor\(Math\.random\(\) \* 2 \*\* 32\);/g;
    expect(users.filter((file) => host.test(code(file).replace(allowed, "")))).toEqual([]);
    // The seed of who gives none.
    expect(users.filter((file) => /Math\.random/.test(code(file)))).toEqual(["js/random.ts"]);
  });

  test("kernels do not throw, allocate objects or keep state", () => {
    for (const file of sources("assembly")) {
      expect(code(file), file).not.toMatch(/\bthrow\b|\bnew\b|\bheap\.|\[\]/);
      if (file !== "assembly/memory.ts") expect(code(file), file).not.toMatch(/^(export )?let /m);
    }
  });

  test("nothing is left to do and nothing is commented out", () => {
    for (const file of [...sources("js"), ...sources("assembly"), ...sources("examples"), ...sources("test")]) {
      expect(readFileSync(file, "utf8"), file).not.toMatch(/\b(TO[D]O|FIX[M]E|XX[X])\b/);
    }
  });
});
