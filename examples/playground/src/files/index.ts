// The tab Files: vectors are opened and taken along.

import { h } from "../dom.js";
import type { Store } from "../store.js";
import "./files.css";
import { OpenForm } from "./open-form.js";
import { TakeForm } from "./take-form.js";

export function mount(panel: HTMLElement, store: Store): void {
  panel.append(h("div", { class: "files" }, new OpenForm(panel, store).element, new TakeForm(panel, store).element));
}
