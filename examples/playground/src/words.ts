/** Words that are looked at first, where they are known. */
const FIRST_WORDS = ["water", "king", "money", "house", "war"];

/** The row of the word that is looked at first: of the one that was looked at before, or of a common noun. */
export function firstWord(words: readonly string[], before?: string): number {
  const wanted = before === undefined ? FIRST_WORDS : [before, ...FIRST_WORDS];
  const row = wanted.map((word) => words.indexOf(word)).find((place) => place >= 0);
  return row ?? Math.min(100, Math.max(0, words.length - 1));
}
