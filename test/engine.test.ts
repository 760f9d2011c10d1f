// Engines that lack what the kernels need say so, in one error, at the import.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { type BuildOptions, build } from "esbuild";
import { describe, expect, it } from "vitest";

const library = join(process.cwd(), `${process.env.BUILD}/index.js`);

/** What an import of the library prints on this Node with some flags of V8. */
function importWith(...flags: string[]): string {
  const program = `import(${JSON.stringify(pathToFileURL(library).href)}).then(() => console.log("ready"), (e) => console.log(String(e)))`;
  return spawnSync(process.execPath, [...flags, "--eval", program], { encoding: "utf8" }).stdout.trim();
}

/** An entry as a script that names the library nn. */
async function script(entry: string, options: BuildOptions = {}): Promise<string> {
  const whole: BuildOptions = { entryPoints: [entry], bundle: true, format: "iife", globalName: "nn", write: false };
  const { outputFiles } = await build({ ...whole, outdir: "build/engine-test", ...options });
  return outputFiles!.find(({ path }) => path.endsWith(".js"))!.text;
}

describe("an engine", () => {
  it("with WebAssembly SIMD is ready after the import", () => {
    expect(importWith()).toBe("ready");
  });

  it.runIf(process.arch === "x64")("without SIMD is told that it is missing", () => {
    const old = [
      "--no-enable-sse4-1",
      "--no-enable-ssse3",
      "--no-enable-sse3",
      "--no-enable-sse4-2",
      "--no-enable-avx",
    ];
    expect(importWith(...old)).toMatch(/^Error: nn-embedding: this engine has no WebAssembly SIMD: CompileError: /);
  });

  it("without WebAssembly is told that", () => {
    expect(importWith("--jitless")).toBe("Error: nn-embedding: this engine has no WebAssembly");
  });

  it("that may not compile is told of the content security policy, with the engine's own error as the cause", async () => {
    const code = await script(library);
    const open = vm.createContext({});
    expect(vm.runInContext(`${code}; String(nn.tensor([1, 2]))`, open)).toBe("tensor([1., 2.])");
    const closed = vm.createContext({}, { codeGeneration: { strings: true, wasm: false } });
    const caught = vm.runInContext(`try { ${code} } catch (error) { [String(error), error.cause.name] }`, closed);
    expect([...caught]).toEqual([
      expect.stringMatching(
        /^Error: nn-embedding: this engine may not compile WebAssembly: a content security policy has to allow 'wasm-unsafe-eval': CompileError: /,
      ),
      "CompileError",
    ]);
  });

  it("that has no memory left, or no module to start, is told that, not of the policy", async () => {
    const code = await script(library);
    const caught = (fault: string, code: string) =>
      vm.runInContext(`${fault}; try { ${code} } catch (error) { String(error) }`, vm.createContext({}));
    const full = 'WebAssembly.Instance = class { constructor() { throw new RangeError("Out of memory"); } }';
    expect(caught(full, code)).toBe(
      "Error: nn-embedding: this engine cannot start the kernels: RangeError: Out of memory",
    );
    const edge = await script("build/workerd/index.js", { loader: { ".wasm": "file" } });
    expect(caught("", edge)).toMatch(
      /^Error: nn-embedding: this engine cannot start the kernels: TypeError: .* must be a WebAssembly.Module/,
    );
  });

  it("that may not compile takes the kernels as a module, of another realm too: Next.js compiles outside the context", async () => {
    const code = await script("build/edge-light/index.js", {
      plugins: [
        {
          name: "wasm?module",
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "wasm" }));
            onLoad({ filter: /.*/, namespace: "wasm" }, () => ({ contents: "export default KERNELS" }));
          },
        },
      ],
    });
    const KERNELS = new WebAssembly.Module(readFileSync("build/kernels.wasm"));
    const closed = vm.createContext({ KERNELS }, { codeGeneration: { strings: false, wasm: false } });
    expect(vm.runInContext("KERNELS instanceof WebAssembly.Module", closed)).toBe(false);
    expect(vm.runInContext(`${code}; String(nn.tensor([1, 2]))`, closed)).toBe("tensor([1., 2.])");
  });

  it("gets one instance, however often the library is named", async () => {
    const names = ["index.js", "nn/index.js", "optim/index.js", "functional/index.js"];
    const [whole, nn, optim, functional] = await Promise.all(
      names.map((name) => import(pathToFileURL(join(process.cwd(), process.env.BUILD!, name)).href)),
    );
    expect(nn).toBe(whole.nn);
    expect(optim).toBe(whole.optim);
    expect(functional).toBe(whole.functional);
    expect(readFileSync(library, "utf8")).not.toContain("WebAssembly");
  });
});
