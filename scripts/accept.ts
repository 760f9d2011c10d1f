// What `npm run vectors` writes and when it refuses to.

import { type Case, type Difference, type Output, type Vectors, verify } from "nn-embedding/verify";

/** PyTorch's answers, without hashes of ours. */
export type Answers = Omit<Vectors, "cases"> & {
  cases: (Omit<Case, "outputs"> & { outputs: Record<string, Omit<Output, "sha256" | "error">> })[];
};

/** The vectors that follow from PyTorch's answers and from what this build computes, and what is outside its tolerance. */
export function renewed({ cases, ...head }: Answers): { vectors: Vectors; outside: Difference[] } {
  const withoutHashes = cases.map((one) => ({ ...one, outputs: mapped(one.outputs, () => ({ sha256: "" })) }));
  const { differences } = verify({ ...head, cases: withoutHashes });
  const found = new Map(differences.map((difference) => [`${difference.name}: ${difference.output}`, difference]));
  const renewedCases = cases.map((one) => ({
    ...one,
    outputs: mapped(one.outputs, (output) => {
      const { actual, error } = found.get(`${one.name}: ${output}`)!;
      return { sha256: actual, ...(error > 0 ? { error } : {}) };
    }),
  }));
  return {
    vectors: { ...head, cases: renewedCases },
    outside: differences.filter(({ withinTolerance }) => !withinTolerance),
  };
}

/** Every output with more fields. */
function mapped<More>(outputs: Answers["cases"][number]["outputs"], more: (name: string) => More) {
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, { ...output, ...more(name) }]));
}

/** Outputs by "case: output". */
export interface Changes {
  added: string[];
  removed: string[];
  changed: string[];
  /** How many of those that changed did so in this: our result, PyTorch's, how near they have to be, or what was asked. */
  parts: Partial<Record<(typeof PARTS)[number]["name"], number>>;
}

const PARTS = [
  { name: "hash", several: "hashes", of: (_: object, { sha256 }: Output) => sha256 },
  {
    name: "expected result",
    several: "expected results",
    of: (_: object, { dtype, shape, values }: Output) => [dtype, shape, values],
  },
  {
    name: "tolerance",
    several: "tolerances",
    of: (_: object, { absolute, relative, start }: Output) => [absolute, relative, start],
  },
  { name: "question", several: "questions", of: (question: object) => question },
] as const;

/** What differs between two files of vectors. An output also changes with its case's operation, options and inputs. */
export function changesBetween(before: Vectors, after: Vectors): Changes {
  const [old, fresh] = [before, after].map(outputsOf);
  const names = [...fresh.keys()];
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const changed = names.filter((name) => old.has(name) && differs(old.get(name), fresh.get(name)));
  const parts = PARTS.map(({ name, of }) => [
    name,
    changed.filter((output) => differs(of(...old.get(output)!), of(...fresh.get(output)!))).length,
  ]);
  return {
    added: names.filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !fresh.has(name)),
    changed,
    parts: Object.fromEntries(parts.filter(([, count]) => count !== 0)),
  };
}

function outputsOf({ cases }: Vectors): Map<string, readonly [question: object, output: Output]> {
  return new Map(
    cases.flatMap(({ outputs, ...one }) =>
      Object.entries(outputs).map(([name, output]) => [`${one.name}: ${name}`, [one, output] as const] as const),
    ),
  );
}

const counted = (n: number, one: string, several: string) => `${n} ${n === 1 ? one : several}`;

/** "2 outputs changed (tanh) in 2 hashes and 1 tolerance", the names those of the first cases, or "" where nothing did. */
export function summary(changes: Changes): string {
  const parts = (["added", "changed", "removed"] as const).map((kind) => {
    const { length } = changes[kind];
    const names = [...new Set(changes[kind].map((name) => name.slice(0, name.lastIndexOf(":"))))];
    const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
    const shown = names.slice(0, 3).join("; ");
    const inWhat = kind === "changed" ? ` in ${partsText(changes.parts)}` : "";
    return length === 0 ? "" : `${counted(length, "output", "outputs")} ${kind} (${shown}${more})${inWhat}`;
  });
  return parts.filter((part) => part !== "").join(", ");
}

const partsText = (parts: Changes["parts"]) =>
  PARTS.flatMap(({ name, several }) => (parts[name] === undefined ? [] : [counted(parts[name], name, several)])).join(
    " and ",
  );

/** The change log with one more line at the end of "Unreleased". */
export function changelogWith(changelog: string, line: string): string {
  const start = changelog.indexOf("\n## Unreleased\n");
  if (start < 0) throw new Error('CHANGELOG.md has no section "## Unreleased"');
  const next = changelog.indexOf("\n## ", start + 1);
  const end = next < 0 ? changelog.length : next;
  const section = changelog.slice(0, end).trimEnd();
  return `${section}\n${section.endsWith("## Unreleased") ? "\n" : ""}- ${line}\n${changelog.slice(end)}`;
}

/** JSON with a line for each input and output, so that a difference can be read. */
export function textOf({ cases, ...head }: Vectors): string {
  const lines = (entries: object) =>
    Object.entries(entries).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  const block = (name: string, entries: object) => `,\n "${name}": {\n${lines(entries).join(",\n")}\n }`;
  const texts = cases.map(({ inputs, outputs, ...one }) => {
    const start = JSON.stringify(one).slice(0, -1);
    const given = inputs === undefined ? "" : block("inputs", inputs);
    return `${start}${given}${block("outputs", outputs)}}`;
  });
  return `${JSON.stringify(head).slice(0, -1)},"cases":[\n${texts.join(",\n")}\n]}\n`;
}
