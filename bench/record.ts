// The file that keeps the runs.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { NOTES } from "./notes.js";

const TITLE = "# Benchmark\n\nWritten by `npm run bench`, newest run first.";
const CHARTS = "![How many times as fast as PyTorch](ratios.svg)\n\n![A step over ever larger tables](growth.svg)";
const REFUSED = "## Refused ideas\n\nVersions that did not win 20 % anywhere that matters, with their numbers.\n";

/** Puts a run above the older ones and "Refused ideas"; what stands before the first run is written anew. */
export function record(path: string, report: string): void {
  const file = existsSync(path) ? readFileSync(path, "utf8") : "";
  const first = file.search(/^## /m);
  const older = first < 0 ? REFUSED : file.slice(first);
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  writeFileSync(
    path,
    `${TITLE}\n\n${CHARTS}\n\n${NOTES}\n\n## ${date} UTC, commit ${commit()}\n\n${report}\n\n${older}`,
  );
}

/** Short hash; "dirty" when anything but the results themselves has been changed since. */
function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
  const results = ["RESULTS.md", "ratios.svg", "growth.svg"].map((name) => `:(top,exclude)bench/${name}`);
  try {
    const changes = git("status", "--porcelain", "--", ":/", ...results);
    return git("rev-parse", "--short", "HEAD") + (changes === "" ? "" : ", dirty");
  } catch {
    return "unknown";
  }
}
