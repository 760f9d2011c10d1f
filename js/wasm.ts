// The one door to linear memory. Everything that knows an address, a view or the engine's WebAssembly is in this file.

import source from "#kernels.wasm";
import type { instantiate } from "../build/kernels.js";

/** The kernels, as the compiler declares them. Addresses and counts are numbers; a kernel checks nothing. */
export const kernels = /* @__PURE__ */ start<Awaited<ReturnType<typeof instantiate>>>(source);

/**
 * Compiles and instantiates at once, so that importing the library is enough. Says what an engine lacks that cannot.
 * env: what the kernels import; none unless given.
 */
export function start<Kernels>(
  source: Uint8Array<ArrayBuffer> | WebAssembly.Module,
  env: WebAssembly.ModuleImports = {},
): Kernels {
  if (typeof WebAssembly === "undefined") throw new Error("nn-embedding: this engine has no WebAssembly");
  try {
    // Bytes are this realm's own, a module may be another's: Next.js compiles outside the context that it runs the code in.
    const module = source instanceof Uint8Array ? new WebAssembly.Module(source) : source;
    return new WebAssembly.Instance(module, { env }).exports as Kernels;
  } catch (cause) {
    let reason = "cannot start the kernels";
    // No memory is a RangeError, and a module cannot be forbidden any more, only be none.
    if (source instanceof Uint8Array && !(cause instanceof RangeError)) {
      reason = WebAssembly.validate(source)
        ? "may not compile WebAssembly: a content security policy has to allow 'wasm-unsafe-eval'"
        : "has no WebAssembly SIMD";
    }
    throw new Error(`nn-embedding: this engine ${reason}: ${cause}`, { cause });
  }
}

/** Linear memory ends one page before 4 GiB, so that the end of no block wraps round to 0. */
export const LIMIT_BYTES = 0xffff0000;

/** A piece of linear memory. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** A block of uninitialised memory, or null when there is no room. bytes: at most LIMIT_BYTES. */
export function tryAllocate(bytes: number): Block | null {
  const address = kernels.allocate(bytes) >>> 0;
  return address === 0 ? null : { address, bytes };
}

export function free(block: Block): void {
  kernels.release(block.address, block.bytes);
}

/** Address of the element `offset` words into a block. */
export function addressOf(block: Block, offset: number): number {
  return block.address + 4 * offset;
}

/** Live view of `length` floats; it dies when memory grows, so it is used at once and dropped. */
export function floatsAt(block: Block, offset: number, length: number): Float32Array {
  return new Float32Array(kernels.memory.buffer, addressOf(block, offset), length);
}

/** Live view of `length` 32-bit integers, with the same short life. */
export function integersAt(block: Block, offset: number, length: number): Int32Array {
  return new Int32Array(kernels.memory.buffer, addressOf(block, offset), length);
}

/** Live view of the bytes under another view, with the same short life. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A typed array whose values the next allocation cannot take away: a copy, if it is a live view. */
export function lasting<T extends ArrayBufferView & { slice(): T }>(view: T): T {
  return view.buffer === kernels.memory.buffer ? view.slice() : view;
}

/** Bytes of linear memory claimed from the engine. */
export function reservedBytes(): number {
  return kernels.memory.buffer.byteLength;
}
