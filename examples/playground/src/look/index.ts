import type { Store } from "../store.js";

export function mount(_panel: HTMLElement, _store: Store): void {}
