import type { Task } from "./measure.js";

/** results: what `run` leaves in its buffers. */
export function task(run: () => void, results: () => ArrayLike<number>[], prepare?: () => void): Task {
  return {
    run: () => {
      run();
      return results()[0][0];
    },
    prepare,
    outputs: () => {
      prepare?.();
      run();
      return results();
    },
  };
}
