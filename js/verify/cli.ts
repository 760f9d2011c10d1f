#!/usr/bin/env node
// npx nn-embedding verify

import { verify } from "./verify.js";

/** Of package.json, put in by the build. */
declare const VERSION: string;

const USAGE = `Usage: nn-embedding verify

Computes the test vectors of nn-embedding ${VERSION} in this runtime and tells which outputs differ.
Exit code: 0 when all are equal, 1 when some differ, 2 for a command that does not exist.`;

const [command, ...rest] = process.argv.slice(2);
if (command === "--help" || command === "-h") {
  console.log(USAGE);
} else if (command !== "verify" || rest.length > 0) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { total, equal, differences } = verify();
  console.log(`nn-embedding ${VERSION}: ${equal} of ${total} outputs are equal`);
  for (const { name, output, actual, error, withinTolerance } of differences) {
    const found = Number.isFinite(error)
      ? `off by ${error}, ${withinTolerance ? "within" : "outside"} tolerance`
      : actual;
    console.log(`${name}: ${output}: ${found}`);
  }
  if (differences.length > 0) process.exitCode = 1;
}
