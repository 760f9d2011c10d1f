import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line of the release build, or another, to its end. input: what comes in on standard input. */
export function run(args: readonly string[], input?: string | Uint8Array, file = "build/cli.js"): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: "utf8", input });
  return { status, stdout, stderr };
}

/** A folder that goes when the process does. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nn-embedding-cli-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Names in a folder; what was being written leaves none behind. */
export const namesIn = (folder: string) => readdirSync(folder).sort();
