// Tab Train: a job, a worker that does it, and what is seen of it.

import { type About, forgetTraining, keptTraining } from "../checkpoint.js";
import { announce, count, h } from "../dom.js";
import { sentence } from "../faults.js";
import type { Store, Vectors } from "../store.js";
import { openTab } from "../tabs.js";
import { jobForm } from "./form.js";
import { ProgressView } from "./progress.js";
import { type Answer, type Job, labelOf, type Order } from "./protocol.js";

type State = "idle" | "running" | "paused";

export function mount(panel: HTMLElement, store: Store): void {
  const { form, job } = jobForm();
  const view = new ProgressView();
  const start = h("button", { id: "start", type: "submit", class: "primary" }, "Start");
  const pause = h("button", { id: "pause", type: "button", onclick: () => order("pause") }, "Pause");
  const resume = h("button", { id: "resume", type: "button", onclick: () => order("resume") }, "Resume");
  const stop = h("button", { id: "stop", type: "button", onclick: () => order("stop") }, "Stop");
  const offer = h("div", { id: "kept-training", class: "box", hidden: true });
  form.append(h("div", { class: "row" }, start, pause, resume, stop));
  panel.append(offer, h("div", { class: "columns" }, form, view.element));

  let worker: Worker | null = null;
  let current: Job | null = null;
  let words: string[] = [];
  /** What is said while it trains. */
  let about = "";
  /** What this tab gave to the others last, and at first what they had. */
  let shown: Vectors | null = null;
  /** The result, where another file was opened meanwhile. */
  let aside: Vectors | null = null;
  const look = h(
    "button",
    { id: "train-look", type: "button", hidden: true, onclick: showAside },
    "Look at its vectors",
  );
  view.element.append(look);

  function enter(state: State): void {
    start.disabled = state !== "idle";
    pause.disabled = state !== "running";
    resume.disabled = state !== "paused";
    stop.disabled = state === "idle";
  }

  function say(text: string): void {
    view.say(text);
    announce(text);
  }

  /** Every training has a worker of its own: with it goes its memory. */
  function begin(first: Order): void {
    offer.hidden = true;
    shown = store.vectors;
    look.hidden = true;
    view.clear();
    about = "Reading the text …";
    say(about);
    enter("running");
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => receive(data);
    worker.onerror = (event) => fail(event.message ?? "Failed to fetch the worker");
    worker.postMessage(first);
  }

  function end(text: string): void {
    worker?.terminate();
    worker = null;
    enter("idle");
    say(text);
  }

  function fail(message: string): void {
    // What came last is all there will be.
    if (shown !== null && !shown.done) give(shown.matrix, true);
    view.stop();
    end("The training has ended with an error.");
    store.fail(message);
    offerKept();
  }

  function order(type: "pause" | "resume" | "stop"): void {
    worker?.postMessage({ type } satisfies Order);
    if (type === "stop") return;
    enter(type === "pause" ? "paused" : "running");
    say(type === "pause" ? "Paused." : about);
  }

  /** Shows the vectors in all tabs. Whoever has opened a file meanwhile looks at that, and is offered the result. */
  function give(matrix: Float32Array, done: boolean): void {
    const label = labelOf(current!.corpus);
    const vectors: Vectors = { words, dim: current!.settings.dim, matrix, from: "training", label, done };
    if (store.vectors === shown) {
      shown = vectors;
      store.set(vectors);
    } else if (done) {
      aside = vectors;
      look.hidden = false;
    }
  }

  function showAside(): void {
    store.set(aside);
    look.hidden = true;
    openTab("look");
  }

  function receive(answer: Answer): void {
    switch (answer.type) {
      case "corpus":
        current = answer.job;
        words = answer.words.split("\n");
        about = `Training on ${count(answer.read)} words, ${count(words.length)} different ones …`;
        if (resume.disabled) say(about);
        break;
      case "progress":
        view.show(answer);
        break;
      case "vectors":
        give(answer.matrix, false);
        break;
      case "unkept":
        store.fail(answer.message);
        break;
      case "done":
        give(answer.matrix, true);
        view.finish(answer.sha256, current!);
        end(`Done: vectors of ${count(words.length)} words.`);
        break;
      case "stopped":
        give(answer.matrix, true);
        view.stop();
        end("Stopped. The vectors are as far as they came.");
        break;
      case "error":
        fail(answer.message);
        break;
    }
  }

  function offerToContinue({ label, words, total, at }: About): void {
    const share = Math.floor((100 * words) / total);
    const text = `A training on ${label} was interrupted at ${share} % on ${new Date(at).toLocaleString()}.`;
    const decline = () => {
      offer.hidden = true;
      forgetTraining().catch((error) => store.fail(error));
    };
    offer.replaceChildren(
      h("p", {}, text),
      h("p", { class: "muted small" }, "Start forgets it."),
      h(
        "div",
        { class: "row" },
        h(
          "button",
          { id: "continue", type: "button", class: "primary", onclick: () => begin({ type: "continue" }) },
          "Go on",
        ),
        h("button", { id: "forget", type: "button", onclick: decline }, "Forget it"),
      ),
    );
    offer.hidden = false;
    announce(text);
  }

  /** What is kept is still there when a training has failed before its first epoch. */
  function offerKept(): void {
    keptTraining()
      .then((about) => about !== null && worker === null && offerToContinue(about))
      .catch((error) => console.warn(sentence(error)));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin({ type: "start", ...job() });
    view.comeIntoView();
  });
  enter("idle");
  offerKept();
}
