// Opening: drop, choose, or give an address; how far it is; what went wrong.

import { announce, field, h, many, megabytes } from "../dom.js";
import type { Store } from "../store.js";
import { openTab } from "../tabs.js";
import { type Opening, openVectors } from "./open.js";
import type { OpenProgress } from "./protocol.js";

export class OpenForm {
  readonly element: HTMLElement;
  private readonly file = h("input", { id: "open-file", "data-testid": "open-file", type: "file" });
  private readonly address = h("input", {
    id: "open-url",
    "data-testid": "open-url",
    type: "text",
    inputmode: "url",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "https://…/vectors.safetensors",
  });
  private readonly limit = h("input", { id: "open-limit", type: "number", min: 1, step: 1, placeholder: "all" });
  private readonly bar = h("progress", { id: "open-progress", "aria-label": "Reading" });
  private readonly progress = h("p", { id: "open-progress-text", class: "muted small" });
  private readonly cancel = h("button", { id: "open-cancel", type: "button" }, "Cancel");
  private readonly busy = h("div", { hidden: true }, this.bar, this.progress, h("div", { class: "row" }, this.cancel));
  private readonly problem = h("p", { id: "open-problem", class: "problem", role: "alert", hidden: true });
  private readonly note = h("p", { id: "open-note", class: "muted small", role: "status" });
  private readonly look = h(
    "button",
    { id: "open-look", type: "button", class: "primary", hidden: true, onclick: () => openTab("look") },
    "Look at them",
  );
  private opening: Opening | null = null;

  constructor(
    panel: HTMLElement,
    private readonly store: Store,
  ) {
    this.element = this.build();
    this.cancel.addEventListener("click", () => this.opening?.cancel());
    this.file.addEventListener("change", () => {
      const [file] = this.file.files ?? [];
      if (file !== undefined) void this.open(file);
      // The same file can be chosen again.
      this.file.value = "";
    });
    this.listenForDrops(panel);
  }

  private async open(source: File | string): Promise<void> {
    if (!this.limit.reportValidity()) return;
    this.opening?.cancel();
    this.problem.hidden = true;
    this.note.textContent = "";
    this.look.hidden = true;
    let opening: Opening | null = null;
    try {
      opening = openVectors(source, Number(this.limit.value) || Number.POSITIVE_INFINITY, (at) => this.tell(at));
      this.opening = opening;
      this.tell({ rows: 0, bytes: 0, total: null });
      this.busy.hidden = false;
      const opened = await opening.result;
      if (opened === null) {
        if (this.opening === opening) this.note.textContent = "Cancelled. The vectors are those of before.";
        return;
      }
      this.store.set(opened.vectors);
      const { label, words, dim } = opened.vectors;
      this.note.textContent = `Opened ${label}: ${many(words.length, "word")} of ${many(dim, "number")}. ${opened.note}`;
      this.look.hidden = false;
    } catch (error) {
      this.problem.textContent = (error as Error).message;
      this.problem.hidden = false;
    } finally {
      if (this.opening === opening) {
        this.opening = null;
        this.busy.hidden = true;
      }
    }
  }

  private tell({ rows, bytes, total }: OpenProgress): void {
    const of = total === null ? "" : ` of ${megabytes(total)}`;
    this.progress.textContent = `${rows > 0 ? `${many(rows, "row")}, ` : ""}${megabytes(bytes)}${of}`;
    if (total === null) this.bar.removeAttribute("value");
    else this.bar.value = total === 0 ? 1 : bytes / total;
  }

  /** Files may be dropped anywhere on the tab. */
  private listenForDrops(panel: HTMLElement): void {
    const over = (is: boolean) => this.element.querySelector(".drop")?.classList.toggle("over", is);
    panel.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    panel.addEventListener("dragleave", (event) => {
      if (!panel.contains(event.relatedTarget as Node | null)) over(false);
    });
    panel.addEventListener("drop", (event) => {
      over(false);
      const [file] = event.dataTransfer?.files ?? [];
      if (file === undefined) return;
      event.preventDefault();
      announce(`Opening ${file.name}`);
      void this.open(file);
    });
  }

  private build(): HTMLElement {
    const form = h(
      "form",
      {
        class: "open-url",
        onsubmit: (event: SubmitEvent) => {
          event.preventDefault();
          if (this.address.value.trim() !== "") void this.open(this.address.value.trim());
        },
      },
      field("Or from an address", this.address, "Its server has to allow other pages to read it (CORS)."),
      h("button", { id: "open-url-go", type: "submit" }, "Open the address"),
    );
    return h(
      "div",
      { class: "box" },
      h("h2", {}, "Open vectors"),
      h(
        "div",
        { class: "drop" },
        field("Drop a file here, or choose one", this.file),
        h("p", { class: "muted small" }, "safetensors, word2vec (text or binary), GloVe, fastText .vec; also gzipped."),
      ),
      h("div", { class: "opening" }, this.busy, this.problem, this.note, this.look),
      form,
      field("Rows at most", this.limit, "The first ones are the most frequent words in most files."),
    );
  }
}
