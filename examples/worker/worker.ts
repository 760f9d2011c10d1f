// A Cloudflare Worker that answers from a table of int8 rows in its bundle:
//   GET /nearest?word=king&k=5                the words nearest to king
//   GET /analogy?a=man&b=king&c=woman&k=1     man is to king as woman is to what?
//
// npm run glove -- --out glove.txt && npx nn-embedding convert glove.txt examples/worker/vectors.safetensors --dtype int8
// cd examples/worker && npx wrangler dev

import { readKeyedEmbedding } from "nn-embedding/tables";
import file from "./vectors.safetensors";

const vectors = await readKeyedEmbedding(file);

/** At most so many neighbours in an answer. */
const MOST = 100;

/** Something that the caller can mend. */
class Refused extends Error {
  constructor(
    readonly status: 400 | 404,
    message: string,
  ) {
    super(message);
  }
}

export default {
  fetch({ url, method }: Request): Response {
    const { pathname, searchParams } = new URL(url);
    if (method !== "GET") return Response.json({ error: "only GET" }, { status: 405, headers: { allow: "GET" } });
    try {
      return Response.json(answer(pathname, searchParams));
    } catch (error) {
      if (error instanceof Refused) return Response.json({ error: error.message }, { status: error.status });
      throw error;
    }
  },
};

function answer(path: string, query: URLSearchParams): object {
  if (path === "/nearest") {
    const word = wordOf(query, "word");
    return { word, nearest: vectors.mostSimilar({ positive: word, k: countOf(query) }) };
  }
  if (path === "/analogy") {
    const [a, b, c] = ["a", "b", "c"].map((name) => wordOf(query, name));
    return { a, b, c, nearest: vectors.analogy(a, b, c, { k: countOf(query) }) };
  }
  throw new Refused(404, "there are /nearest?word= and /analogy?a=&b=&c=");
}

function wordOf(query: URLSearchParams, name: string): string {
  const word = query.get(name);
  if (!word) throw new Refused(400, `'${name}' is missing`);
  if (!vectors.has(word)) throw new Refused(404, `there is no vector of ${JSON.stringify(word)}`);
  return word;
}

function countOf(query: URLSearchParams): number {
  const text = query.get("k") ?? "10";
  const k = Number(text);
  if (/^\d+$/.test(text) && k >= 1 && k <= MOST) return k;
  throw new Refused(400, `'k' must be a whole number from 1 to ${MOST}`);
}
