import type { Row } from "./matrix.js";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");

function vectors({ status, equal, total, note }: Row): string {
  if (status === "skipped") return `skipped: ${note}`;
  const counted = `${equal} / ${total}`;
  if (status === "failed") return `**failed** ${counted}: ${note.split("\n")[0]}`;
  return note === "" ? counted : `${counted}; ${note}`;
}

/** The rows in Markdown, as README shows them. */
export function table(rows: Row[]): string {
  const lines = rows.map((row) => [
    row.name,
    row.version,
    row.engine,
    vectors(row),
    row.status === "skipped" ? "" : row.seconds.toFixed(1),
  ]);
  return [["runtime", "version", "engine", "vectors equal / total", "seconds"], ["-", "-", "-", "-", "-:"], ...lines]
    .map((cells) => `| ${cells.map(cell).join(" | ")} |`)
    .join("\n");
}
