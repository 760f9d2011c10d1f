/** The compiled kernels: bytes where the build inlines them, a module where the runtime compiles them (scripts/build.mjs). */
declare module "#*kernels.wasm" {
  const source: Uint8Array<ArrayBuffer> | WebAssembly.Module;
  export default source;
}
