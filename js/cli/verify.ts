import { verify } from "nn-embedding/verify";

/** Prints how many test vectors are equal, and a line for each that is not. */
export function report(version: string): void {
  const { total, equal, differences } = verify();
  console.log(`nn-embedding ${version}: ${equal} of ${total} outputs are equal`);
  for (const { name, output, actual, error, withinTolerance } of differences) {
    const found = Number.isFinite(error)
      ? `off by ${error}, ${withinTolerance ? "within" : "outside"} tolerance`
      : actual;
    console.log(`${name}: ${output}: ${found}`);
  }
  if (differences.length > 0) process.exitCode = 1;
}
