import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { built } from "./wasm.js";

const binary = readFileSync(built("kernels.wasm"));
const module = new WebAssembly.Module(binary);

/** An unsigned LEB128 number at `at`, and where it ends. */
function unsigned(at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    value += (binary[at] & 0x7f) * 2 ** shift;
    if (binary[at] < 0x80) return { value, end: at + 1 };
  }
}

/** Start of the content of every section, by its id. */
function sections(): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = 8; at < binary.length; ) {
    const { value: size, end } = unsigned(at + 1);
    found.set(binary[at], end);
    at = end + size;
  }
  return found;
}

const [MEMORY, START] = [5, 8];

describe("the wasm binary", () => {
  it("imports nothing", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });

  it("has no start function", () => {
    expect(sections().has(START)).toBe(false);
  });

  it("has one memory that may not outgrow 4 GiB and starts with five pages", () => {
    const memory = unsigned(sections().get(MEMORY)!);
    expect(memory.value).toBe(1);
    expect(binary[memory.end]).toBe(1);
    const initial = unsigned(memory.end + 1);
    expect(initial.value).toBe(5);
    expect(unsigned(initial.end).value).toBeLessThanOrEqual(65536);
  });

  it("exports the memory and what kernels.d.ts declares, nothing else", () => {
    const declarations = readFileSync(new URL("../../build/kernels.d.ts", import.meta.url), "utf8");
    const declared = [...declarations.matchAll(/^ {2}export (?:function|const) (\w+)/gm)].map(([, name]) => name);
    expect(declared.length).toBeGreaterThan(20);
    const exported = WebAssembly.Module.exports(module);
    expect(exported.map(({ name }) => name).sort()).toEqual(declared.sort());
    expect(exported.find(({ name }) => name === "memory")?.kind).toBe("memory");
  });

  it("calls every function directly", () => {
    expect(readFileSync(built("kernels.wat"), "utf8")).not.toContain("call_indirect");
  });
});
