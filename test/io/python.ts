// Python, where it has the packages that the formats come from: PYTHON=path npx vitest run test/io

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PYTHON = process.env.PYTHON ?? "python3";

/** Whether the module can be imported. */
export const hasPython = (module: string): boolean => spawnSync(PYTHON, ["-c", `import ${module}`]).status === 0;

/** What a program prints as JSON that finds the file at sys.argv[1]. */
export function inPython<T>(program: string, file: Uint8Array): T {
  const folder = mkdtempSync(join(tmpdir(), "nn-embedding-"));
  try {
    const path = join(folder, "file");
    writeFileSync(path, file);
    return JSON.parse(execFileSync(PYTHON, ["-c", program, path], { encoding: "utf8" })) as T;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
