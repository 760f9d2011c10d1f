const worker = new Worker("/one-file/worker.js", { type: "module" });
worker.onerror = (event) => {
  throw new Error(`worker: ${event.message ?? "did not load"}`);
};
