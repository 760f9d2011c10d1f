import { h } from "../dom.js";
import { WordMap } from "./map.js";

export type Method = "pca" | "umap";

/** The map with its buttons, and what it says of itself. */
export class MapFrame {
  readonly element: HTMLElement;
  readonly map: WordMap;
  private readonly canvas = h("canvas", {
    id: "map",
    "data-testid": "map",
    tabindex: 0,
    role: "application",
    "aria-label": "Map of the words",
    "aria-describedby": "map-help",
  });
  private readonly status = h("p", { id: "map-status", class: "muted small" });
  private readonly methods: Record<Method, HTMLElement>;

  constructor(pick: (row: number) => void, choose: (method: Method) => void) {
    const method = (name: Method, text: string) =>
      h("button", { id: `map-${name}`, type: "button", onclick: () => choose(name) }, text);
    this.methods = { pca: method("pca", "PCA"), umap: method("umap", "UMAP") };
    const zoom = (label: string, text: string, press: () => void) =>
      h("button", { type: "button", "aria-label": label, title: label, onclick: press }, text);
    const group = (label: string, ...buttons: HTMLElement[]) =>
      h("div", { class: "joined", role: "group", "aria-label": label }, ...buttons);
    const tools = h(
      "div",
      { class: "map-tools" },
      group("Kind of map", this.methods.pca, this.methods.umap),
      group(
        "Zoom",
        zoom("Zoom in", "+", () => this.map.zoomBy(1.6)),
        zoom("Zoom out", "\u2212", () => this.map.zoomBy(1 / 1.6)),
        zoom("Show all", "All", () => this.map.reset()),
      ),
    );
    this.element = h(
      "div",
      {},
      h("div", { class: "map-frame" }, this.canvas, tools),
      this.status,
      h(
        "p",
        { id: "map-help", class: "muted small" },
        "Drag to move, scroll or pinch to zoom, click a word. With the keyboard: arrows, + and \u2212, 0 for all.",
      ),
    );
    this.map = new WordMap(this.canvas, pick);
    this.setMethod("pca");
  }

  say(text: string): void {
    this.status.textContent = text;
  }

  setMethod(method: Method): void {
    for (const [name, button] of Object.entries(this.methods))
      button.setAttribute("aria-pressed", String(name === method));
    this.canvas.dataset.method = method;
  }
}
