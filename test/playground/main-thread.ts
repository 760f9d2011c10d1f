// How long the page's main thread was busy at a stretch.

import type { Page } from "puppeteer-core";

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds on the clock and on the processor. */
  dur?: number;
  tdur?: number;
  args?: { name?: string; data?: { frames?: { url: string; processId: number }[] } };
}

export interface Busy {
  /** Milliseconds of the longest task on the clock: where the machine is busy, other programs' time is in it. */
  clock: number;
  /** Of the longest on the processor. */
  processor: number;
  /** The browser's own long-task entries, 50 ms and more. */
  long: number[];
}

/** Watches the main thread while something is done. */
export async function busyWhile(page: Page, work: () => Promise<unknown>): Promise<Busy> {
  await page.evaluate(() => {
    const durations: number[] = [];
    const observer = new PerformanceObserver((list) => {
      durations.push(...list.getEntries().map(({ duration }) => duration));
    });
    observer.observe({ type: "longtask" });
    Object.assign(window, { longTasks: durations });
  });
  // What it records by default takes the main thread's time itself.
  await page.tracing.start({ categories: ["devtools.timeline", "disabled-by-default-devtools.timeline"] });
  await work();
  const trace = await page.tracing.stop();
  const long = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
  const events: TraceEvent[] = JSON.parse(Buffer.from(trace!).toString()).traceEvents;
  // Chromium has pages of its own, in other processes.
  const frames = events.find(({ name }) => name === "TracingStartedInBrowser")!.args!.data!.frames!;
  const { processId } = frames.find(({ url }) => url.split("#")[0] === page.url().split("#")[0])!;
  const main = events.find(
    ({ name, pid, args }) => name === "thread_name" && pid === processId && args?.name === "CrRendererMain",
  )!;
  const tasks = events.filter(({ name, pid, tid }) => name === "RunTask" && pid === main.pid && tid === main.tid);
  const longest = (durations: (number | undefined)[]) =>
    durations.reduce<number>((most, duration = 0) => Math.max(most, duration), 0) / 1000;
  return {
    clock: longest(tasks.map(({ dur }) => dur)),
    processor: longest(tasks.map(({ tdur }) => tdur)),
    long,
  };
}
