// What is trained, and how.

import { MIN_COUNT } from "../../../skip-gram/sentences.js";
import { LEARNING_RATES, type OptimizerName } from "../../../skip-gram/settings.js";
import { $, field, h } from "../dom.js";
import type { CorpusChoice, Job } from "./protocol.js";

const BROWN = new URL("corpus/brown.bin", document.baseURI).href;

/** The form, and the job that it describes. */
export function jobForm(): { form: HTMLFormElement; job(): Job } {
  const number = (id: string, value: number | "", attributes: Record<string, number | string | boolean> = {}) =>
    h("input", { id, type: "number", value, min: 1, step: 1, required: true, ...attributes });
  const source = (value: string, text: string, checked: boolean) =>
    h("label", {}, h("input", { type: "radio", name: "corpus", id: `corpus-${value}`, value, checked }), ` ${text}`);

  const own = ownText();
  const first = number("limit", "", { required: false, placeholder: "all" });
  const limit = field("First words only", first);
  const corpus = h(
    "fieldset",
    {},
    h("legend", {}, "Text"),
    h("div", { class: "row" }, source("brown", "Brown corpus, a million words", true), source("own", "my own", false)),
    own.element,
  );
  const optimizer = h(
    "select",
    { id: "optimizer" },
    h("option", { value: "sgd" }, "SGD"),
    h("option", { value: "adagrad" }, "Adagrad"),
  );
  const rate = h("input", {
    id: "learning-rate",
    type: "number",
    value: LEARNING_RATES.sgd,
    min: 0.0001,
    max: 10,
    step: "any",
    required: true,
  });
  const form = h(
    "form",
    { id: "job", class: "box", "aria-label": "What to train" },
    corpus,
    h(
      "div",
      { class: "fields" },
      limit,
      field("Dimensions", number("dim", 100)),
      field("Epochs", number("epochs", 5)),
      field("Window", number("window", 5, { max: 100 }), "words to each side"),
      field("Negatives", number("negatives", 5, { max: 100 }), "drawn for each pair"),
      field("Optimizer", optimizer),
      field("Learning rate", rate),
      field("Seed", number("seed", 1, { min: 0, max: Number.MAX_SAFE_INTEGER })),
      field("Least count", number("min-count", MIN_COUNT), "of a word in the text"),
    ),
  );

  optimizer.addEventListener("change", () => {
    rate.value = String(LEARNING_RATES[optimizer.value as OptimizerName]);
  });
  const choose = () => {
    const chosen = new FormData(form).get("corpus");
    own.element.hidden = chosen !== "own";
    // What is hidden is not checked either: nobody would see what is wrong with it.
    limit.hidden = first.disabled = chosen === "own";
  };
  form.addEventListener("change", choose);
  choose();

  const numberIn = (id: string) => Number($<HTMLInputElement>(id).value);
  const chosenCorpus = (): CorpusChoice => {
    if (new FormData(form).get("corpus") === "own") return own.choice();
    return { kind: "brown", url: BROWN, limit: numberIn("limit") || Infinity };
  };
  const job = () => ({
    settings: {
      dim: numberIn("dim"),
      epochs: numberIn("epochs"),
      window: numberIn("window"),
      negatives: numberIn("negatives"),
      optimizer: optimizer.value as OptimizerName,
      learningRate: numberIn("learning-rate"),
      seed: numberIn("seed"),
    },
    minCount: numberIn("min-count"),
    corpus: chosenCorpus(),
  });
  return { form, job };
}

/** A text that is pasted, dropped or picked. */
function ownText(): { element: HTMLElement; choice(): CorpusChoice } {
  let file: File | null = null;
  const text = h("textarea", { id: "corpus-text", rows: 6, placeholder: "Some pages in any language" });
  const picker = h("input", { id: "corpus-file", type: "file", accept: "text/*,.txt,.md,.gz" });
  const element = h(
    "div",
    { class: "drop" },
    field("Paste a text", text),
    field("or drop or choose a file in UTF-8, also gzipped", picker),
  );
  picker.addEventListener("change", () => {
    file = picker.files?.[0] ?? null;
  });
  text.addEventListener("input", () => {
    file = null;
    picker.value = "";
  });
  // A text falls into the field as ever.
  const isFile = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;
  element.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    element.classList.add("over");
  });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    element.classList.remove("over");
    const dropped = event.dataTransfer;
    if (dropped === null || dropped.files.length === 0) return;
    picker.files = dropped.files;
    file = dropped.files[0];
  });
  return {
    element,
    choice: () =>
      file === null
        ? { kind: "text", name: "my text", text: text.value }
        : { kind: "text", name: file.name, text: file },
  };
}
