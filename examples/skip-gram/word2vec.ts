// Vectors as text.

/** word2vec's text format: a line "V D", then a line for each word with nine digits a number. matrix: [V, D] */
export function* word2vecLines(words: readonly string[], matrix: Float32Array): Iterable<string> {
  const dim = matrix.length / words.length;
  yield `${words.length} ${dim}\n`;
  for (const [i, word] of words.entries()) {
    const numbers = Array.from(matrix.subarray(i * dim, (i + 1) * dim), (x) => x.toPrecision(9));
    yield `${word} ${numbers.join(" ")}\n`;
  }
}
