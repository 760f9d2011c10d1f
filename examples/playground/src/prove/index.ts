// Tab Prove: the library's test vectors in this browser, and its speed.

import { announce, h } from "../dom.js";
import { sentence } from "../faults.js";
import type { Store } from "../store.js";
import { engine } from "./engine.js";
import { type Answer, CONTENDERS, type Line, type Order, OURS } from "./protocol.js";
import { SpeedChart } from "./speed-chart.js";

/** Of package.json, put in by the build. */
declare const VERSION: string;

export function mount(panel: HTMLElement, store: Store): void {
  panel.append(provePart(store), benchPart(store));
}

/** verify(): every output that is not the same to the last bit is named. */
function provePart(store: Store): HTMLElement {
  const verdict = h("p", { id: "prove-result" }, "Not run yet.");
  const text = h("pre", { id: "prove-text", hidden: true, tabindex: 0, "aria-label": "The result as text" });
  const copy = copyButton(text, "prove-copy");
  const button = h("button", { id: "prove-run", type: "button", class: "primary" }, "Check this browser");
  button.addEventListener("click", () => {
    button.disabled = true;
    text.hidden = copy.hidden = true;
    verdict.textContent = "Computing …";
    ask("verify", store, (answer) => {
      if (answer.type === "error") verdict.textContent = "It could not be run.";
      if (answer.type === "error") return true;
      if (answer.type !== "verified") return false;
      const { equal, total, seconds, differences } = answer;
      const line = `${equal} / ${total} outputs are equal, bit for bit`;
      verdict.textContent = `${line} — ${engine()}, in ${seconds.toFixed(2)} s.`;
      text.textContent = [
        `nn-embedding ${VERSION} in ${engine()}`,
        line,
        ...differences.map(({ name, output, actual }) => `differs: ${name}, ${output}: ${actual}`),
      ].join("\n");
      text.hidden = copy.hidden = false;
      announce(line);
      return true;
    }).finally(() => {
      button.disabled = false;
    });
  });
  return h(
    "div",
    { class: "box" },
    h("h2", {}, "The same bits everywhere"),
    h(
      "p",
      {},
      "Computes the test vectors of this version in your browser and compares every output, to the last bit, with what " +
        "all other engines have computed.",
    ),
    h("div", { class: "row" }, button, copy),
    verdict,
    text,
  );
}

/** A small benchmark, whose results are compared before the clock starts. */
function benchPart(store: Store): HTMLElement {
  const state = h("p", { id: "bench-state", class: "muted" }, "Takes about half a minute.");
  const chart = new SpeedChart();
  const table = h("div", { class: "scroll", role: "group", tabindex: 0, "aria-label": "Milliseconds", hidden: true });
  const text = h("pre", { id: "bench-result", hidden: true, tabindex: 0, "aria-label": "The results as text" });
  const copy = copyButton(text, "bench-copy");
  const button = h("button", { id: "bench-run", type: "button" }, "Measure");
  button.addEventListener("click", () => {
    const lines: Line[] = [];
    button.disabled = true;
    text.hidden = copy.hidden = table.hidden = true;
    chart.draw(lines);
    ask("bench", store, (answer) => {
      if (answer.type === "measuring") state.textContent = `Measuring: ${answer.title} …`;
      if (answer.type === "without tfjs") store.fail(`TensorFlow.js is left out. ${sentence(answer.message)}`);
      if (answer.type === "measured") {
        lines.push(answer.line);
        chart.draw(lines);
        table.replaceChildren(tableOf(lines));
        table.hidden = false;
      }
      if (answer.type === "error") state.textContent = "The benchmark has ended with an error.";
      if (answer.type === "finished") {
        state.textContent = `Measured in ${engine()}.`;
        announce("The benchmark is done.");
        text.textContent = textOf(lines);
        text.hidden = copy.hidden = false;
      }
      return answer.type === "finished" || answer.type === "error";
    }).finally(() => {
      button.disabled = false;
    });
  });
  return h(
    "div",
    { class: "box" },
    h("h2", {}, "How fast"),
    h(
      "p",
      {},
      "nn-embedding beside the same loops in plain JavaScript on typed arrays, and TensorFlow.js on its CPU backend, in a worker " +
        "of this browser. The results are compared before the clock starts.",
    ),
    h("div", { class: "row" }, button, copy),
    state,
    chart.element,
    table,
    text,
  );
}

/** Starts a worker, hands its answers to `take` until that returns true, and ends it. */
function ask(order: Order, store: Store, take: (answer: Answer) => boolean): Promise<void> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise<void>((resolve) => {
    const receive = (answer: Answer) => {
      if (answer.type === "error") store.fail(answer.message);
      if (take(answer)) resolve();
    };
    worker.onmessage = ({ data }: MessageEvent<Answer>) => receive(data);
    worker.onerror = ({ message }) => receive({ type: "error", message: message ?? "Failed to fetch the worker" });
    worker.postMessage(order);
  }).finally(() => worker.terminate());
}

function tableOf(lines: readonly Line[]): HTMLElement {
  const head = ["Operation, table, rows", ...CONTENDERS.map((name) => `${name}, ms`)];
  const cells = ({ title, milliseconds }: Line) => [
    h("th", { scope: "row" }, title),
    ...CONTENDERS.map((name) => h("td", { class: "number" }, name in milliseconds ? digits(milliseconds[name]) : "–")),
  ];
  return h(
    "table",
    { id: "bench-table" },
    h("thead", {}, h("tr", {}, ...head.map((text, i) => h("th", { scope: "col", class: i > 0 && "number" }, text)))),
    h("tbody", {}, ...lines.map((line) => h("tr", {}, ...cells(line)))),
  );
}

function textOf(lines: readonly Line[]): string {
  const rows = lines.map(({ title, milliseconds }) => {
    const times = Object.entries(milliseconds).map(([name, time]) => {
      const ratio = name === OURS ? "" : ` (${digits(time / milliseconds[OURS])} x ours)`;
      return `${name} ${digits(time)} ms${ratio}`;
    });
    return `${title}: ${times.join(", ")}`;
  });
  return [`nn-embedding ${VERSION} in ${engine()}`, ...rows].join("\n");
}

const digits = (time: number) => time.toLocaleString("en-US", { maximumSignificantDigits: 3 });

/** Copies a text and says so until there is another one; where that is forbidden it selects it instead. */
function copyButton(text: HTMLElement, id: string): HTMLButtonElement {
  const name = "Copy as text";
  const button = h("button", { id, type: "button", hidden: true }, name);
  new MutationObserver(() => {
    button.textContent = name;
  }).observe(text, { childList: true });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent ?? "");
      announce("Copied.");
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(text);
    }
  });
  return button;
}
