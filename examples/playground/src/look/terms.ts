/** Words to be added and words to be taken away. */
export interface Terms {
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

/**
 * "king - man + woman": words with + or - between them, the first one with or without a sign. Signs stand between blanks, as a
 * word may have a hyphen of its own; where `has` does not know such a word, its hyphens and pluses are signs too.
 * null for a text of another form.
 */
export function parseTerms(text: string, has: (word: string) => boolean): Terms | null {
  const pieces = text
    .replaceAll("\u2212", "-")
    .split(/\s+/)
    .filter((piece) => piece !== "")
    .flatMap((piece) =>
      piece.length > 1 && !has(piece) ? piece.split(/([-+])/).filter((part) => part !== "") : [piece],
    );
  const positive: string[] = [];
  const negative: string[] = [];
  let sign: string | null = "+";
  let signed = false;
  for (const piece of pieces) {
    const isSign = piece === "+" || piece === "-";
    if (isSign && !signed && (sign === null || positive.length + negative.length === 0)) {
      sign = piece;
      signed = true;
    } else if (!isSign && sign !== null) {
      (sign === "+" ? positive : negative).push(piece);
      sign = null;
      signed = false;
    } else return null;
  }
  return signed || positive.length + negative.length === 0 ? null : { positive, negative };
}
