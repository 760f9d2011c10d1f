// Whether this browser can run the library at all, before anything is loaded that needs it.

/** A function that returns a vector: i32.const 0, i8x16.splat, i8x16.popcnt. */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

/** Throws what `sentence` knows. */
export function checkEngine(): void {
  if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly");
  if (!WebAssembly.validate(SIMD)) throw new Error("this browser has no WebAssembly SIMD");
  try {
    new WebAssembly.Module(SIMD);
  } catch (cause) {
    throw new Error("a content security policy has to allow 'wasm-unsafe-eval'", { cause });
  }
}
