import { h } from "../dom.js";
import type { Found } from "../table/protocol.js";

/** A list of words with their cosines, each a button that chooses the word. */
export function showFound(
  list: HTMLElement,
  found: readonly Found[],
  words: readonly string[],
  choose: (row: number) => void,
): void {
  // The focus stays in its place when the list moves on below it.
  const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(
    ...found.map(({ row, score }) => {
      const bar = h("span", { class: "score", "aria-hidden": "true" });
      bar.style.setProperty("--score", String(Math.max(0, Math.min(1, score))));
      return h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "result", onclick: () => choose(row) },
          h("span", { class: "word" }, words[row]),
          bar,
          h("span", { class: "number" }, score.toFixed(3)),
        ),
      );
    }),
  );
  if (focused >= 0) list.children[focused]?.querySelector("button")?.focus({ preventScroll: true });
}
