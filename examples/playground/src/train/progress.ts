// How far the training is: numbers, a bar, the curve, and in the end the hash.

import { MIN_COUNT } from "../../../skip-gram/sentences.js";
import { count, h, megabytes } from "../dom.js";
import { LossCurve } from "./loss-curve.js";
import type { Answer, Job } from "./protocol.js";

type Report = Extract<Answer, { type: "progress" }>;

export class ProgressView {
  readonly element: HTMLElement;
  private readonly state = h("p", { id: "train-state" }, "Nothing has been trained yet.");
  private readonly bar = h("progress", { id: "train-progress", max: 1, value: 0, "aria-label": "Words seen" });
  private readonly facts: Record<string, HTMLElement> = {};
  private readonly curve: LossCurve;
  private readonly sha256 = h("output", { id: "sha256", class: "mono" });
  private readonly command = h("code", { id: "start-command" });
  private readonly hash: HTMLElement;

  constructor() {
    const fact = (id: string, name: string) => {
      this.facts[id] = h("dd", { id }, "–");
      return h("div", {}, h("dt", {}, name), this.facts[id]);
    };
    const chart = h("div", { class: "chart", id: "loss-curve" });
    this.hash = h(
      "div",
      { hidden: true },
      h("h3", {}, "SHA-256 of the vectors as a word2vec file"),
      this.sha256,
      h("p", { id: "start-command-line" }, "Node writes the same file, byte for byte, with ", this.command),
    );
    this.element = h(
      "div",
      { class: "box" },
      h("h2", {}, "Progress"),
      this.state,
      this.bar,
      h(
        "dl",
        { class: "facts" },
        fact("words-per-second", "Words a second"),
        fact("eta", "Time left"),
        fact("words-seen", "Words seen"),
        fact("epochs-done", "Epochs done"),
        fact("loss", "Loss a pair"),
        fact("memory", "Memory held"),
      ),
      chart,
      this.hash,
    );
    this.curve = new LossCurve(chart);
  }

  say(text: string): void {
    this.state.textContent = text;
  }

  /** On a phone it stands below the form. */
  comeIntoView(): void {
    if (this.state.getBoundingClientRect().top < innerHeight) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.element.scrollIntoView({ behavior: still ? "instant" : "smooth", block: "start" });
  }

  clear(): void {
    for (const fact of Object.values(this.facts)) fact.textContent = "–";
    this.bar.value = 0;
    this.hash.hidden = true;
    this.sha256.value = "";
    this.curve.clear();
  }

  show({ words, total, loss, wordsPerSecond, bytes, epochs }: Report): void {
    this.bar.value = words / total;
    this.facts["words-per-second"].textContent = count(wordsPerSecond);
    this.facts.eta.textContent = duration((total - words) / wordsPerSecond);
    this.facts["words-seen"].textContent = `${count(words)} of ${count(total)}`;
    this.facts["epochs-done"].textContent = String(epochs);
    this.facts.loss.textContent = loss.toFixed(4);
    this.facts.memory.textContent = megabytes(bytes);
    this.curve.add(words, loss);
  }

  /** It will not go on. */
  stop(): void {
    this.facts.eta.textContent = "–";
  }

  finish(sha256: string | null, job: Job): void {
    this.bar.value = 1;
    this.facts.eta.textContent = duration(0);
    this.facts["epochs-done"].textContent = String(job.settings.epochs);
    this.sha256.value = sha256 ?? "";
    this.hash.hidden = sha256 === null;
    const command = startCommand(job);
    this.command.textContent = command;
    this.command.parentElement!.hidden = command === null;
  }
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** The command on Node that trains the same; null for a text of one's own. */
function startCommand({ settings, corpus, minCount }: Job): string | null {
  if (corpus.kind !== "brown" || minCount !== MIN_COUNT) return null;
  const { dim, epochs, window, negatives, optimizer, learningRate, seed } = settings;
  const limit = corpus.limit === Infinity ? "" : ` --words ${corpus.limit}`;
  return `npm start --${limit} --dim ${dim} --epochs ${epochs} --window ${window} --negatives ${negatives} --optimizer ${optimizer} --learning-rate ${learningRate} --seed ${seed}`;
}
