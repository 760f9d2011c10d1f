/** The test vectors, inlined by the bundler. */
declare module "#vectors.json" {
  const vectors: unknown;
  export default vectors;
}
