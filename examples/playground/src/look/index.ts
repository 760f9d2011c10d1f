// The tab Look: a map of the words, the nearest words of one, sums of words, the numbers of a row.

import { announce, count, h, onShow } from "../dom.js";
import { sentence } from "../faults.js";
import type { Store, Vectors } from "../store.js";
import { sameTable, type Table, tableOf } from "../table/client.js";
import type { Projection } from "../table/protocol.js";
import { firstWord } from "../words.js";
import "./look.css";
import { MapFrame, type Method } from "./map-frame.js";
import { showFound } from "./results.js";
import { RowPlot } from "./row-plot.js";
import { startUmap, UMAP_ROWS } from "./umap.js";
import { WordSearch } from "./word-search.js";
import { WordSums } from "./word-sums.js";

/** More points cannot be drawn in the time of a frame. */
const MAP_ROWS = 20_000;
const NEIGHBOURS = 12;

export function mount(panel: HTMLElement, store: Store): void {
  const look = new Look(panel, store);
  store.subscribe(() => look.refresh());
  onShow(panel, () => look.refresh());
  look.refresh();
}

class Look {
  private readonly table: Table;
  private readonly frame = new MapFrame(
    (row) => this.choose(row, false),
    (method) => (method === "pca" ? this.toPca() : this.toUmap()),
  );
  private readonly search = new WordSearch((row, finished) => this.choose(row, finished));
  private readonly sums: WordSums;
  private readonly row = new RowPlot();
  private readonly heading = h("h2", {}, "Nearest words");
  private readonly rowHeading = h("h2", {}, "Its numbers");
  private readonly neighbours = h("ol", { id: "neighbours", "data-testid": "neighbours", class: "results" });
  private readonly empty = h(
    "p",
    { class: "box" },
    "There are no vectors yet: train some in the tab Train, or open a file in the tab Files. The map moves while they are trained.",
  );
  private readonly content: HTMLElement;

  /** What is on the screen. */
  private vectors: Vectors | null = null;
  private projection: Projection | null = null;
  private chosen = 0;
  /** What was asked for last stands out on the map. */
  private marked: "word" | "sum" = "word";
  private method: Method = "pca";
  private stopUmap: (() => void) | null = null;
  private refreshing = false;
  /** Whether there is more to do than to follow the store. */
  private stale = false;
  /** Whether the map has to be fitted into its frame anew. */
  private refit = false;
  private questions = 0;

  constructor(
    private readonly panel: HTMLElement,
    private readonly store: Store,
  ) {
    this.table = tableOf(store);
    this.sums = new WordSums(
      this.table,
      () => this.showSum(true).catch(this.fail),
      (row) => this.choose(row, true),
    );
    const side = [this.search.element, h("div", { class: "box" }, this.heading, this.neighbours), this.sums.element];
    this.content = h(
      "div",
      { class: "look" },
      h("div", { class: "look-map" }, this.frame.element),
      h("div", { class: "look-side" }, ...side),
      h("div", { class: "look-row box" }, this.rowHeading, this.row.element),
    );
    panel.append(this.empty, this.content);
  }

  /** Brings the tab up to date with the store, if it is in sight. */
  refresh(): void {
    const { vectors } = this.store;
    this.empty.hidden = vectors !== null;
    this.content.hidden = vectors === null;
    if (this.panel.hidden || vectors === null || (vectors === this.vectors && !this.stale)) return;
    // A newer state of the same words waits for its turn, other words do not.
    const same = sameTable(this.vectors, vectors);
    if (same && this.refreshing) return;
    this.refreshing = true;
    this.stale = false;
    const before = this.vectors;
    this.vectors = vectors;
    if (!same) this.begin(vectors, before?.words[this.chosen]);
    this.update(vectors).finally(() => {
      if (!sameTable(this.vectors, vectors)) return;
      this.refreshing = false;
      this.refresh();
    });
  }

  /** Takes away all that is said of other words, and shows what there is to show at once. */
  private begin({ words, label }: Vectors, word?: string): void {
    this.setMethod("pca");
    this.projection = null;
    this.frame.map.clear();
    this.frame.say(`Computing the map of ${label} …`);
    this.heading.textContent = "Nearest words";
    this.neighbours.replaceChildren();
    this.sums.clear();
    this.chosen = firstWord(words, word);
    this.search.setWords(words);
    this.search.show(words[this.chosen], true);
    this.search.say("");
    this.sums.offerExample(words);
  }

  /** The neighbours do not wait for the map, which may take long, nor need it. */
  private async update(vectors: Vectors): Promise<void> {
    await Promise.all([this.showWord(), this.showSum(false)]).catch(this.fail);
    await this.showMap(vectors).catch((error) => {
      if (vectors === this.vectors) this.showNoMap(vectors, error);
    });
  }

  private async showMap(vectors: Vectors): Promise<void> {
    if (this.method !== "pca") return;
    const rows = Math.min(MAP_ROWS, vectors.words.length);
    const projection = await this.table.ask(vectors, "project", { rows });
    // Meanwhile there may be other words, or their UMAP.
    if (projection === null || vectors !== this.vectors || this.method !== "pca") return;
    const same = this.projection !== null;
    const fit = !same || this.refit;
    this.projection = projection;
    this.refit = false;
    this.frame.map.show(vectors.words, projection, projection.shade, { same, fit });
    this.frame.say(descriptionOf(vectors, projection));
  }

  private showNoMap({ words }: Vectors, error: unknown): void {
    this.projection = null;
    this.frame.map.clear();
    const why = sentence(error).replace(/\brow (\d+)/, (_, row) => `“${words[row]}”`);
    this.frame.say(`There is no map of these vectors: ${why[0].toLowerCase()}${why.slice(1).replace(/\.?$/, ".")}`);
  }

  /** A word has been picked; fly: the map goes there. */
  private choose(row: number, fly: boolean): void {
    if (this.vectors === null) return;
    this.chosen = row;
    this.marked = "word";
    this.search.show(this.vectors.words[row], fly);
    const drawn = this.projection === null || this.frame.map.has(row);
    this.search.say(drawn ? "" : "This word is not on the map, which shows the first ones.");
    if (fly) this.frame.map.flyTo([row]);
    this.showWord().then(announce, this.fail);
  }

  /** Shows the chosen word, its neighbours and its numbers; returns a sentence to be read out. */
  private async showWord(): Promise<string> {
    const { vectors, chosen } = this;
    if (vectors === null) return "";
    const question = ++this.questions;
    const { words, dim, matrix } = vectors;
    this.rowHeading.textContent = `The numbers of “${words[chosen]}”`;
    this.row.show(words[chosen], matrix.subarray(chosen * dim, (chosen + 1) * dim));
    const ask = { positive: [chosen], negative: [], k: NEIGHBOURS, packed: false };
    const found = await this.table.ask(vectors, "nearest", ask);
    if (found === null || question !== this.questions) return "";
    this.heading.textContent = `Nearest to “${words[chosen]}”`;
    showFound(this.neighbours, found, words, (row) => this.choose(row, true));
    const near = found.map(({ row }) => row);
    if (this.marked === "word") this.frame.map.mark({ chosen: [chosen], near, arrows: [] });
    const spoken = near.slice(0, 5).map((row) => words[row]);
    return `Nearest to ${words[chosen]}: ${spoken.join(", ")}`;
  }

  /** asked: by the user, and not by new vectors. */
  private async showSum(asked: boolean): Promise<void> {
    if (this.vectors === null) return;
    const marks = await this.sums.show(this.vectors);
    if (marks === null) return;
    if (asked) this.marked = "sum";
    if (this.marked === "sum") this.frame.map.mark(marks);
    if (asked) this.frame.map.flyTo([...marks.chosen, ...marks.near]);
  }

  private setMethod(method: Method): void {
    this.stopUmap?.();
    this.stopUmap = null;
    this.method = method;
    this.frame.setMethod(method);
  }

  private toPca(): void {
    this.setMethod("pca");
    this.stale = this.refit = true;
    this.refresh();
  }

  private toUmap(): void {
    const { vectors, projection } = this;
    // It starts from the principal components, which may still be on their way.
    if (vectors === null || projection === null || !sameTable(vectors, this.store.vectors)) return;
    const rows = Math.min(UMAP_ROWS, projection.x.length);
    if (rows < 3) {
      this.frame.say("UMAP needs at least three words.");
      return;
    }
    this.setMethod("umap");
    const { map } = this.frame;
    const shade = projection.shade.slice(0, rows);
    const start = { x: projection.x.slice(0, rows), y: projection.y.slice(0, rows) };
    const which = `the first ${count(rows)} words`;
    map.show(vectors.words, start, shade, { same: true, fit: true });
    this.frame.say(`UMAP of ${which} begins.`);
    this.stopUmap = startUmap(vectors, start, {
      progress: (text) => this.frame.say(`${text}, of ${which}`),
      points: (points, done) => {
        map.show(vectors.words, points, shade, { same: true, fit: false });
        if (!done) return;
        this.stopUmap = null;
        this.frame.say(
          `${vectors.label}: UMAP of ${which}, begun at their principal components and coloured by the third.` +
            (vectors.done ? "" : " It stays as it is while training goes on."),
        );
        announce("The map by UMAP is ready.");
      },
      fail: (error) => {
        this.toPca();
        this.fail(error);
      },
    });
  }

  private readonly fail = (error: unknown): void => this.store.fail(error);
}

function descriptionOf({ words, label, done }: Vectors, { x, share }: Projection): string {
  const all = count(words.length);
  const which = x.length < words.length ? `the first ${count(x.length)} of ${all} words` : `${all} words`;
  return (
    `${label}${done ? "" : ", still learning"}: ${which}. The axes are the first two principal components of the unit vectors, ` +
    `${(100 * share).toFixed(1)} % of their variance; the colour is the third.`
  );
}
