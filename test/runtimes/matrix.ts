// The loop over runtimes. It knows none of them, and believes only a whole report with every vector equal.

import { Skip } from "./install.js";
import type { Report } from "./project/smoke.js";

export interface Context {
  /** The folder with the library installed. */
  project: string;
  /** Aborted when time is up. */
  signal: AbortSignal;
}

/** What a runtime printed, and its version and engine if the program inside cannot tell. */
export interface Answer {
  output: string;
  version?: string;
  engine?: string;
  note?: string;
}

export interface Entry {
  name: string;
  /** Part of --fast. */
  fast?: boolean;
  /** Outside the time that is measured and limited. Throws Skip for what this machine cannot have. */
  install?(): Promise<unknown>;
  run(context: Context): Promise<Answer>;
  /** Seconds; 60 unless given. */
  limit?: number;
}

export interface Row {
  name: string;
  status: "ok" | "failed" | "skipped";
  version: string;
  engine: string;
  equal: number;
  total: number;
  seconds: number;
  /** Why it failed or was skipped. */
  note: string;
  differences: Report["differences"];
}

/** The report in the last line of what a runtime printed. Throws when that is no report. */
export function parseReport(output: string): Report {
  const line = output.trimEnd().split("\n").at(-1)!;
  let report: Report & { error?: string };
  try {
    report = JSON.parse(line);
  } catch {
    throw new Error(`no report, but: ${line.slice(0, 200)}`);
  }
  if (report?.error !== undefined) throw new Error(report.error);
  const { total, equal, differences, trained, fault } = report ?? {};
  const lists = Array.isArray(differences) && Array.isArray(trained);
  if (Number.isInteger(total) && Number.isInteger(equal) && lists && typeof fault === "string") return report;
  throw new Error(`no report, but: ${line.slice(0, 200)}`);
}

/** Every vector is equal, they are as many as in the package, and the smoke program trained to the same bits. */
function judge(report: Report, expected: Report): string {
  const { total, equal, differences, fault } = report;
  if (total !== expected.total || total === 0) return `${total} vectors of ${expected.total} ran`;
  if (equal !== total || differences.length > 0) return `${total - equal} vectors differ`;
  if (fault !== "") return `the smoke program: ${fault}`;
  if (JSON.stringify(report.trained) !== JSON.stringify(expected.trained))
    return "the smoke program trained to other bits";
  return "";
}

/** One entry, in time. */
async function attempt(entry: Entry, project: string, expected: Report): Promise<Row> {
  const row: Row = {
    name: entry.name,
    status: "failed",
    version: "",
    engine: "",
    equal: 0,
    total: 0,
    seconds: 0,
    note: "",
    differences: [],
  };
  const time = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let begin = performance.now();
  try {
    await entry.install?.();
    begin = performance.now();
    const late = new Promise<never>((_, reject) => {
      const limit = entry.limit ?? 60;
      timer = setTimeout(() => {
        reject(new Error(`no answer in ${limit} s`));
        time.abort();
      }, 1000 * limit);
    });
    const answer = await Promise.race([entry.run({ project, signal: time.signal }), late]);
    row.version = answer.version ?? "";
    row.engine = answer.engine ?? "";
    row.note = answer.note ?? "";
    const report = parseReport(answer.output);
    row.version ||= report.version;
    row.engine ||= report.engine;
    row.equal = report.equal;
    row.total = report.total;
    row.differences = report.differences;
    const fault = judge(report, expected);
    row.status = fault === "" ? "ok" : "failed";
    row.note = fault || row.note;
  } catch (error) {
    if (error instanceof Skip) row.status = "skipped";
    row.note = error instanceof Error ? error.message : String(error);
  }
  row.seconds = (performance.now() - begin) / 1000;
  clearTimeout(timer);
  time.abort();
  return row;
}

/** All entries, one after the other: two cores would disturb each other's times. */
export async function matrix(
  entries: Entry[],
  project: string,
  expected: Report,
  say: (row: Row) => void = () => {},
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const entry of entries) {
    rows.push(await attempt(entry, project, expected));
    say(rows.at(-1)!);
  }
  return rows;
}

/** Where a fast run is asked for, what was skipped was not proven. */
export const isRed = (rows: Row[], fast: boolean) =>
  rows.some(({ status }) => status === "failed" || (fast && status === "skipped"));
