// Work in slices, so that who waits for the page or for a worker is let in between.

/** Milliseconds of a slice: a page that is busy for more than 50 at a time is felt to be stuck. */
const SLICE = 8;

const channel = new MessageChannel();
channel.port1.start();

/** Lets in what has arrived. A timeout would wait for 4 ms each time. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.addEventListener("message", () => resolve(), { once: true });
    channel.port2.postMessage(null);
  });
}

/** Does what goes on between two values, as many as are done in the time of a slice, then lets in what has arrived. */
export async function inSlices(work: Iterable<unknown>): Promise<void> {
  let start = performance.now();
  for (const _ of work) {
    if (performance.now() - start < SLICE) continue;
    await nextTask();
    start = performance.now();
  }
}
