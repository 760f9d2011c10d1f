// The row of tabs: one panel at a time, named by the address's hash; arrow keys go from tab to tab.

import { $ } from "./dom.js";

const NAMES = ["train", "look", "files", "prove"];

export function followTabs(): void {
  const tabs = NAMES.map((name) => $(`tab-${name}`));

  const show = (name: string) => {
    for (const other of NAMES) {
      const chosen = other === name;
      const tab = $(`tab-${other}`);
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      $(other).hidden = !chosen;
    }
    $(name).dispatchEvent(new Event("show"));
  };

  /** The address tells the tab, without a place in the history for each. */
  const choose = (name: string) => {
    history.replaceState(null, "", `#${name}`);
    show(name);
  };

  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(NAMES[i]));
    tab.addEventListener("keydown", (event) => {
      const places: Record<string, number> = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 };
      if (!(event.key in places)) return;
      event.preventDefault();
      const next = (places[event.key] + tabs.length) % tabs.length;
      tabs[next].focus();
      choose(NAMES[next]);
    });
  }

  const named = () => NAMES.find((name) => `#${name}` === location.hash) ?? NAMES[0];
  addEventListener("hashchange", () => show(named()));
  show(named());
}

/** Brings a tab to the front. */
export function openTab(name: "train" | "look" | "files" | "prove"): void {
  $(`tab-${name}`).click();
}
