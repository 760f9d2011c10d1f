// Taking: what there is, as a file; float32 or int8, and what the second one changes.

import { announce, type Child, count, field, h, many, megabytes, onShow } from "../dom.js";
import { sentence, withoutOperation } from "../faults.js";
import type { Store, Vectors } from "../store.js";
import { type Table, tableOf } from "../table/client.js";
import type { FileFormat, Found } from "../table/protocol.js";
import { firstWord } from "../words.js";
import { download } from "./download.js";

const NEIGHBOURS = 10;
const FORMATS: readonly (readonly [FileFormat, string, string])[] = [
  ["safetensors", "safetensors", "words and table in one file, which Python reads too"],
  ["word2vec", "word2vec text", "for gensim, spaCy and fastText"],
  ["projector", "TensorBoard projector", "a zip of tensors.tsv, metadata.tsv and their configuration"],
];

export class TakeForm {
  readonly element = h("div", { class: "box" });
  private readonly table: Table;
  private readonly heading = h("h2", {}, "Take vectors along");
  private readonly what = h("p", { id: "files-what" });
  private readonly content = h("div", {});
  private readonly int8 = h("input", { id: "int8", "data-testid": "int8", type: "checkbox", role: "switch" });
  private readonly sizes = h("p", { id: "int8-sizes", "data-testid": "int8-sizes", role: "status" });
  private readonly comparison = h("div", { hidden: true });
  private readonly word = h("input", {
    id: "int8-word",
    type: "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
  private readonly wordStatus = h("p", { class: "muted small", role: "status" });
  private readonly rows = h("tbody", { id: "int8-neighbours", "data-testid": "int8-neighbours" });
  private readonly status = h("p", { id: "download-status", class: "muted small", role: "status" });
  private readonly problem = h("p", { id: "download-problem", class: "problem", role: "alert", hidden: true });
  private shown: Vectors | null = null;
  private questions = 0;

  constructor(
    private readonly panel: HTMLElement,
    private readonly store: Store,
  ) {
    this.table = tableOf(store);
    this.build();
    this.int8.addEventListener("change", () => this.compare());
    this.word.addEventListener("input", () => this.compare());
    store.subscribe(() => this.refresh());
    onShow(panel, () => this.refresh());
    this.refresh();
  }

  private refresh(): void {
    const { vectors } = this.store;
    // What went wrong with the ones before is no news of these.
    if (vectors !== this.shown) this.problem.hidden = true;
    this.content.hidden = vectors === null;
    if (vectors === null) {
      this.what.textContent = "There are no vectors yet: train some in the tab Train, or open a file.";
      return;
    }
    if (this.panel.hidden || vectors === this.shown) return;
    this.shown = vectors;
    const { label, words, dim, matrix, done } = vectors;
    this.what.textContent =
      `${label}${done ? "" : ", as learnt so far"}: ${many(words.length, "word")} of ${many(dim, "number")}, ` +
      `${megabytes(matrix.byteLength)} as float32.`;
    if (!words.includes(this.word.value)) this.word.value = words[firstWord(words)];
    this.compare();
  }

  private compare(): void {
    this.problem.hidden = true;
    this.comparison.hidden = !this.int8.checked;
    this.sizes.textContent = "";
    if (this.int8.checked) this.showComparison().catch((error) => this.fail(error));
  }

  private async showComparison(): Promise<void> {
    const { vectors } = this.store;
    if (vectors === null) return;
    const question = ++this.questions;
    const sizes = await this.table.ask(vectors, "sizes", {});
    if (question !== this.questions || sizes === null) return;
    const { float32, int8 } = sizes;
    this.sizes.textContent =
      `float32: ${count(float32)} bytes. int8: ${count(int8)} bytes, ` +
      `${((100 * int8) / float32).toFixed(1)} % of it: a byte for each number, and a scale and an offset for each row.`;
    const row = vectors.words.indexOf(this.word.value.trim());
    if (row < 0) {
      this.wordStatus.textContent = "This is not among the words.";
      this.rows.replaceChildren();
      return;
    }
    const ask = { positive: [row], negative: [], k: NEIGHBOURS };
    const exact = await this.table.ask(vectors, "nearest", { ...ask, packed: false });
    const packed = await this.table.ask(vectors, "nearest", { ...ask, packed: true });
    if (question !== this.questions || exact === null || packed === null) return;
    const before = new Set(exact.map((found) => found.row));
    const kept = packed.filter((found) => before.has(found.row)).length;
    this.wordStatus.textContent = `${kept} of the ${exact.length} nearest words stay.`;
    this.rows.replaceChildren(...exact.map((found, i) => comparisonRow(vectors.words, i, found, packed[i], before)));
  }

  private async take(format: FileFormat, name: string): Promise<void> {
    this.problem.hidden = true;
    this.status.textContent = `Writing ${name} …`;
    try {
      const file = await download(this.store, format, this.int8.checked);
      this.status.textContent = `${file.name}: ${count(file.bytes)} bytes.`;
    } catch (error) {
      this.status.textContent = "";
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    const text = this.unpackable(error) ?? sentence(withoutOperation(error));
    this.problem.textContent = text;
    this.problem.hidden = false;
    announce(text);
  }

  /** The library names the row that int8 cannot hold; here it has a word. */
  private unpackable(error: unknown): string | null {
    const [, row] = /weight\[(\d+)\] .*cannot hold/.exec(String(error)) ?? [];
    const word = this.store.vectors?.words[Number(row)];
    return word === undefined ? null : `The vector of “${word}” has a number that int8 cannot hold.`;
  }

  private build(): void {
    const downloads = FORMATS.map(([format, name, hint]) =>
      h(
        "li",
        {},
        h(
          "button",
          {
            id: `download-${format}`,
            "data-testid": `download-${format}`,
            type: "button",
            "aria-describedby": `download-${format}-hint`,
            onclick: () => this.take(format, name),
          },
          name,
        ),
        h("small", { id: `download-${format}-hint` }, hint),
      ),
    );
    const table = h(
      "table",
      { class: "comparison" },
      h("caption", { class: "unseen" }, "Nearest words with float32 and with int8"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head(h("span", { class: "unseen" }, "place"), "number"),
          head("float32"),
          head("cosine", "number"),
          head("int8"),
          head("cosine", "number"),
        ),
      ),
      this.rows,
    );
    this.comparison.append(field("Nearest words of", this.word), this.wordStatus, table);
    this.content.append(
      h("div", { class: "switch" }, this.int8, h("label", { for: "int8" }, "int8: pack the table to about a quarter")),
      this.sizes,
      this.comparison,
      h("h3", {}, "Download"),
      h("ul", { class: "downloads" }, ...downloads),
      this.status,
      this.problem,
    );
    this.element.append(this.heading, this.what, this.content);
  }
}

function head(text: Child, kind = ""): HTMLElement {
  return h("th", { scope: "col", class: kind }, text);
}

/** The i-th neighbours side by side; a word that is not among those of float32 stands out. */
function comparisonRow(
  words: readonly string[],
  i: number,
  exact: Found,
  packed: Found,
  before: ReadonlySet<number>,
): HTMLElement {
  const name = words[packed.row];
  return h(
    "tr",
    {},
    h("td", { class: "number muted" }, String(i + 1)),
    h("td", {}, words[exact.row]),
    h("td", { class: "number muted" }, exact.score.toFixed(3)),
    h("td", {}, before.has(packed.row) ? name : h("strong", {}, `${name} (new)`)),
    h("td", { class: "number muted" }, packed.score.toFixed(3)),
  );
}
