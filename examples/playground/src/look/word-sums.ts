import { field, h } from "../dom.js";
import type { Vectors } from "../store.js";
import type { Table } from "../table/client.js";
import { later } from "./later.js";
import type { Marks } from "./painter.js";
import { showFound } from "./results.js";
import { parseTerms } from "./terms.js";

const RESULTS = 5;
const EXAMPLE = "king - man + woman";

/** A field for sums of words and the words nearest to what is written there. */
export class WordSums {
  readonly element: HTMLElement;
  private readonly input = h("input", {
    id: "analogy",
    "data-testid": "analogy",
    type: "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: EXAMPLE,
  });
  private readonly status = h("p", { id: "analogy-status", class: "muted small", role: "status" });
  private readonly results = h("ol", { id: "analogy-results", "data-testid": "analogy-results", class: "results" });

  /** asked: the user has written something else. choose: a result was picked. */
  constructor(
    private readonly table: Table,
    asked: () => void,
    private readonly choose: (row: number) => void,
  ) {
    this.element = h(
      "div",
      { class: "box" },
      field("Analogy, or any sum of words", this.input),
      this.status,
      this.results,
    );
    this.input.addEventListener("input", later(asked));
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") asked();
    });
  }

  /** Writes an example into an empty field, where all its words are known. */
  offerExample(words: readonly string[]): void {
    if (this.input.value === "" && EXAMPLE.split(/ [-+] /).every((word) => words.includes(word))) {
      this.input.value = EXAMPLE;
    }
  }

  /** Shows what the sum comes to; what of it stands out on the map, null if it comes to nothing. */
  async show(vectors: Vectors): Promise<Marks | null> {
    const { words } = vectors;
    const text = this.input.value.trim();
    const terms = parseTerms(text, (word) => words.includes(word));
    if (terms === null) return this.nothing(text === "" ? "" : `Words with + and - between them, such as ${EXAMPLE}.`);
    const unknown = [...terms.positive, ...terms.negative].find((word) => !words.includes(word));
    if (unknown !== undefined) return this.nothing(`“${unknown}” is not among the words.`);
    const [positive, negative] = [terms.positive, terms.negative].map((list) =>
      list.map((word) => words.indexOf(word)),
    );
    const found = await this.table.ask(vectors, "nearest", { positive, negative, k: RESULTS, packed: false });
    if (found === null || text !== this.input.value.trim()) return null;
    if (found.length === 0) return this.nothing("There is no other word that it could come to.");
    const [{ row: best }] = found;
    this.status.textContent = `${text} ≈ ${words[best]}`;
    showFound(this.results, found, words, this.choose);
    const chosen = [...positive, ...negative];
    if (positive.length !== 2 || negative.length !== 1) {
      return { chosen, near: found.map(({ row }) => row), arrows: [] };
    }
    // As man is to king, so is woman to queen.
    const arrows: Marks["arrows"] = [
      [negative[0], positive[0]],
      [positive[1], best],
    ];
    return { chosen, near: [best], arrows };
  }

  /** Takes the results away: other words are to come. */
  clear(): void {
    this.nothing("");
  }

  private nothing(why: string): null {
    this.status.textContent = why;
    this.results.replaceChildren();
    return null;
  }
}
