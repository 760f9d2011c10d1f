import { Presets, SingleBar } from "cli-progress";

/** Shows on the terminal how far something has come; a pipe or a file gets nothing. */
export async function withProgress<T>(
  what: string,
  run: (tell: (done: number, total: number | null, detail: string) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return run(() => {});
  const format = `${what} {bar} {percentage} % | {detail}`;
  const bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  bar.start(1, 0, { detail: "" });
  try {
    return await run((done, total, detail) => {
      bar.setTotal(total ?? done);
      bar.update(done, { detail });
    });
  } finally {
    bar.stop();
  }
}
