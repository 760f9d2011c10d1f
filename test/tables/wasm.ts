// The kernels of nn-embedding/tables between canaries that stand at the very next byte: their buffers hold bytes and halves too.

import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import type { instantiate } from "../../build/table-kernels.js";
import { built, kernels } from "../kernels/wasm.js";

type TableKernels = Awaited<ReturnType<typeof instantiate>>;

/** Any typed array. */
export interface Buffer extends ArrayBufferView {
  readonly length: number;
  readonly BYTES_PER_ELEMENT: number;
}

/** They work in the memory of the kernels in test/kernels/wasm.ts. */
export const tableKernels: TableKernels = instantiateSync<TableKernels>(readFileSync(built("table-kernels.wasm")), {
  env: { memory: kernels.memory },
}).exports;

const CANARY = 0xa5;
const GUARD = 64;

export const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Puts every buffer into linear memory with canaries before and after, calls, demands that nothing but `outputs` changed, and
 * copies those back. Addresses are multiples of 16 with shift 0; otherwise each buffer is so many of its elements further on,
 * times its place in the list.
 */
export function guardedBytes<K extends string, R>(
  buffers: Record<K, Buffer>,
  outputs: NoInfer<K>[],
  call: (at: Record<K, number>) => R,
  shift = 0,
): R {
  const names = Object.keys(buffers) as K[];
  const starts = {} as Record<K, number>;
  let size = GUARD;
  names.forEach((name, k) => {
    starts[name] = ((size + 15) & ~15) + ((shift * (k + 1) * buffers[name].BYTES_PER_ELEMENT) & 15);
    size = starts[name] + buffers[name].byteLength + GUARD;
  });

  const block = kernels.allocate(size) >>> 0;
  if (block === 0) throw new Error(`no memory for ${size} bytes`);
  const before = new Uint8Array(size).fill(CANARY);
  for (const name of names) before.set(bytes(buffers[name]), starts[name]);
  new Uint8Array(kernels.memory.buffer, block, size).set(before);

  const result = call(Object.fromEntries(names.map((name) => [name, block + starts[name]])) as Record<K, number>);

  const after = new Uint8Array(kernels.memory.buffer, block, size);
  for (const name of outputs) {
    const written = after.subarray(starts[name], starts[name] + buffers[name].byteLength);
    bytes(buffers[name]).set(written);
    before.set(written, starts[name]);
  }
  const wrong = after.findIndex((value, k) => value !== before[k]);
  if (wrong >= 0) {
    const where = names.map((name) => `byte ${wrong - starts[name]} of the ${buffers[name].byteLength} of ${name}`);
    throw new Error(`the kernel wrote where it must not: ${where.join(", ")}`);
  }
  kernels.release(block, size);
  return result;
}
