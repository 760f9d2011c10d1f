import { nn } from "nn-embedding";
import { KeyedEmbedding } from "nn-embedding/tables";
import { train as trainSkipGram } from "../../examples/skip-gram/model.js";
import { readSentences, textOf } from "../../examples/skip-gram/text.js";
import { withInput } from "./files.js";
import { type DType, type Format, formatOf } from "./formats.js";
import { withProgress } from "./progress.js";
import { writeVectors } from "./vectors.js";

export interface TrainFlags {
  epochs: number;
  dim: number;
  minCount: number;
  seed: number;
  dtype: DType;
  to?: Format;
}

/** Learns vectors from a text, writes them, and says on stderr what they are of. */
export async function train(
  corpus: string,
  out: string,
  { minCount, dtype, to, ...settings }: TrainFlags,
): Promise<void> {
  const format = formatOf(out, to, dtype);
  const sentences = (await withInput(corpus, (input) => readSentences(textOf(input.stream())))).numbered(minCount);
  if (sentences.words.length < 2) {
    throw new Error(`${corpus}: ${sentences.words.length} words occur at least ${minCount} times: lower --min-count`);
  }
  const model = await withProgress(`Training on ${corpus}`, async (tell) =>
    trainSkipGram(sentences, settings, ({ words, total, loss }) => tell(words, total, `loss ${loss.toFixed(4)}`)),
  );
  const vectors = new KeyedEmbedding(sentences.words, nn.Embedding.fromPretrained(model.center.weight.detach()));
  await writeVectors(out, vectors, format, dtype);
  const read = sentences.size.toLocaleString("en");
  console.error(`${out === "-" ? "standard output" : out}: vectors of ${vectors.size} words out of ${read}`);
}
