import source from "#table-kernels.wasm";
import type { instantiate } from "../../build/table-kernels.js";
import { kernels, start } from "../internals.js";

/** The kernels of tables that are not trained. They work in the memory of the others and check nothing either. */
export const tableKernels = /* @__PURE__ */ start<Awaited<ReturnType<typeof instantiate>>>(source, {
  memory: kernels.memory,
});
