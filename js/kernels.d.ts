/** The compiled kernels, inlined by the bundler; package.json's "imports" choose the debug or the release build. */
declare module "#kernels.wasm" {
  const bytes: Uint8Array;
  export default bytes;
}
