// The packed tarball, installed into an empty folder as a user would.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DIGITS, decode, encode } from "../../scripts/wasm-text.mjs";

const folder = mkdtempSync(join(tmpdir(), "nn-embedding-package-"));
const installed = join(folder, "node_modules/nn-embedding");
const npm = (cwd: string, ...args: string[]) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: "pipe" });
const library = (kind: string) => readFileSync(join(installed, "build", kind, "library.js"), "utf8");
/** What the compiler says of the project in the folder. */
const tsc = () => {
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  return spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" }).stdout;
};
const filesOf = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
let tarball = "";

// There is one package, so one of the two projects looks at it.
describe.runIf(process.env.BUILD === "build")("the package", () => {
  beforeAll(() => {
    const [{ filename }] = JSON.parse(npm(".", "pack", "--json", "--pack-destination", folder));
    tarball = join(folder, filename);
    writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    npm(folder, "install", "--offline", "--ignore-scripts", tarball);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test("holds the bundles, the kernels and the declarations, and nothing of the workshop", () => {
    const files = filesOf(installed);
    const published =
      /^(package\.json|README(\.zh)?\.md|LICENSE|CHANGELOG\.md|build\/(?!debug|test|bench|examples).*\.(js|js\.map|d\.ts|wasm|json)|build\/cli\/LICENSES\.txt)$/;
    expect(files.filter((file) => !published.test(file))).toEqual([]);
    for (const kind of ["", "workerd/", "edge-light/"]) {
      expect(files).toContain(`build/${kind}index.js`);
      expect(files).toContain(`build/${kind}library.js.map`);
    }
    expect(files.filter((file) => file.endsWith(".wasm"))).toEqual(["build/kernels.wasm", "build/table-kernels.wasm"]);
  });

  test("tells the licences of the packages inside the command line", () => {
    const licences = readFileSync(join(installed, "build/cli/LICENSES.txt"), "utf8");
    for (const name of ["commander", "cli-progress", "echarts", "zrender", "ml-pca"]) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(\\S+\\)\n\n`, "m"));
    }
  });

  test("is the same wherever it is built", () => {
    const here = filesOf(installed).filter((file) =>
      readFileSync(join(installed, file), "utf8").includes(process.cwd()),
    );
    expect(here).toEqual([]);
  });

  test("declares nothing that is not there", () => {
    const declarations = filesOf(installed).filter((file) => file.endsWith(".d.ts"));
    expect(declarations.length).toBeGreaterThan(40);
    const compilerOptions = { strict: true, lib: ["es2022"], types: [], module: "node16", noEmit: true };
    const files = declarations.map((file) => join(installed, file));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    expect(tsc()).toBe("");
  });

  test("is what publint wants", async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  test("has types that resolve wherever ES modules do", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))), {
      excludeEntrypoints: ["./kernels.wasm", "./table-kernels.wasm"],
    });
    if (!analysis.types) throw new Error("the package has no types");
    // The profile "esm-only": resolution of before the "exports" field, and require(), are of no interest.
    const ignored = ["node10", "node16-cjs"];
    const problems = analysis.problems.filter((problem) => {
      const kind = "resolutionKind" in problem ? problem.resolutionKind : "";
      return !ignored.includes(kind);
    });
    expect(problems).toEqual([]);
    expect(Object.keys(analysis.entrypoints)).toEqual(
      expect.arrayContaining([".", "./nn", "./optim", "./functional", "./tables"]),
    );
  });

  test.each(["node16", "nodenext", "bundler"])("compiles for a strict TypeScript user with %s", (moduleResolution) => {
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      skipLibCheck: false,
      target: "es2022",
      lib: ["es2022"],
      types: [],
      module: moduleResolution === "bundler" ? "esnext" : moduleResolution,
      moduleResolution,
      outDir: moduleResolution,
    };
    cpSync("test/package/user.ts", join(folder, "user.ts"));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["user.ts"] }));
    expect(tsc()).toBe("");
    const printed = execFileSync(process.execPath, [join(folder, moduleResolution, "user.js")], { encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual({
      falls: true,
      product: 11,
      sparse: true,
      tensors: true,
      table: "Embedding(10, 4, padding_idx=0, sparse=True)",
      names: ["table.weight", "bag.weight", "out.weight", "out.bias"],
      refused: ["TypeError", "TypeError"],
    });
  });

  test("runs for a user of plain JavaScript", () => {
    cpSync("test/package/user.mjs", join(folder, "user.mjs"));
    const printed = execFileSync(process.execPath, [join(folder, "user.mjs")], { encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual({ moved: "0.100", same: true, held: true });
  });

  test("verifies itself from a shell", () => {
    const printed = npm(folder, "exec", "--offline", "--", "nn-embedding", "verify");
    expect(printed).toMatch(/^nn-embedding \S+: (\d+) of \1 outputs are equal\n$/);
    const { cases } = JSON.parse(readFileSync(join(installed, "build/vectors.json"), "utf8"));
    expect(cases.length).toBeGreaterThan(200);
  });

  test("names the same things for Node, in two files", async () => {
    const [forNode, forAll] = await Promise.all(
      ["node", "index"].map((name) => import(pathToFileURL(join(installed, `build/${name}.js`)).href)),
    );
    let compared = 0;
    const same = (a: Record<string, unknown>, b: Record<string, unknown>) => {
      expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
      for (const [name, value] of Object.entries(a)) {
        if (typeof value === "object") same(value as Record<string, unknown>, b[name] as Record<string, unknown>);
        else expect(value).toBe(b[name]);
        compared++;
      }
    };
    same(forNode, forAll);
    expect(compared).toBeGreaterThan(60);
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(exports["."].node).toBe("./build/node.js");
  });

  test("asks nothing of its host", () => {
    // Comments may mention what code must not use.
    const code = library("")
      .replace(/\/\*.*?\*\//gs, "")
      .replace(/^\s*\/\/.*$/gm, "");
    expect(code).toContain("WebAssembly.Instance");
    expect(code).not.toMatch(
      /import\.meta|^\s*await |^(const|var|let) .*= await|fromBase64|require\(|process\.|node:|\bfetch\(|TextDecoder|\batob\b/m,
    );
    expect(code).not.toMatch(/^import /m);
  });

  test("has the kernels in the bundle, byte for byte those of kernels.wasm", () => {
    const bytes = new Uint8Array(readFileSync(join(installed, "build/kernels.wasm")));
    const [, text] = /decode\("([^"\\]+)", "/.exec(library(""))!;
    expect(decode(text, DIGITS)).toEqual(bytes);
  });

  test("imports the kernels as a module where the runtime compiles them", () => {
    expect(library("workerd")).toMatch(/^import \w+ from "\.\.\/kernels\.wasm";$/m);
    expect(library("edge-light")).toMatch(/^import \w+ from "\.\.\/kernels\.wasm\?module";$/m);
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(Object.keys(exports["."])).toEqual(["types", "workerd", "edge-light", "node", "default"]);
  });

  test("leaves out of a user's bundle what the user leaves out", async () => {
    const bundled = async (contents: string) => {
      const stdin = { contents, resolveDir: folder };
      const { outputFiles } = await build({ stdin, bundle: true, format: "esm", write: false, logLevel: "error" });
      return outputFiles[0].text;
    };
    // Without package.json's word for it: what the library does by itself when it is imported.
    writeFileSync(join(folder, "library.mjs"), library(""));
    const left = await bundled('import "./library.mjs";');
    expect(left).toContain("class");
    expect(left.length).toBeLessThan(1000);
    const tensors = await bundled('import { tensor } from "nn-embedding"; console.log(String(tensor([1])));');
    expect(tensors).toContain("class");
    expect(tensors).not.toMatch(/learning rate|embedding_bag|padding_idx|nesterov/);
    const table = await bundled('import { Embedding } from "nn-embedding/nn"; console.log(new Embedding(2, 2));');
    expect(table).toContain("padding_idx");
    expect(table).not.toMatch(/learning rate|embedding_bag|nesterov|sequences/);
  });
});

test("wasm as text comes back byte for byte, whatever the bytes", () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * i * 7919 + (i >> 8)) & 255);
  expect(new Set(bytes).size).toBe(256);
  for (const some of [bytes, bytes.subarray(0, 1), bytes.subarray(0, 0), Uint8Array.from(Array(256).keys())]) {
    const text = encode(some);
    expect(text).not.toMatch(/["\\]|[^ -~]/);
    expect(decode(text, DIGITS)).toEqual(Uint8Array.from(some));
  }
});
