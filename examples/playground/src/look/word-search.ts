import { count, field, h } from "../dom.js";
import { later } from "./later.js";

const SUGGESTIONS = 10;

/** A field in which a word is looked for; suggestions are the words that begin so, the most frequent first. */
export class WordSearch {
  readonly element: HTMLElement;
  private readonly input = h("input", {
    id: "search",
    "data-testid": "search",
    type: "search",
    list: "search-words",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "a word",
  });
  private readonly suggestions = h("datalist", { id: "search-words" });
  private readonly status = h("p", { id: "search-status", class: "muted small", role: "status" });
  private words: readonly string[] = [];
  /** A text that was finished before its typing had paused: then it is not looked for again. */
  private settled: string | null = null;

  /** choose: called with the row that was found; finished: the word is whole, and not one on the way to another. */
  constructor(private readonly choose: (row: number, finished: boolean) => void) {
    this.element = h("div", { class: "box" }, field("Find a word", this.input), this.suggestions, this.status);
    const typed = later(() => this.find(false));
    this.input.addEventListener("input", (event) => {
      this.settled = null;
      this.suggest();
      this.say("");
      // A suggestion that was taken is no edit, or one that replaces all.
      const { inputType } = event as InputEvent;
      if (inputType === undefined || inputType === "insertReplacementText") this.find(true);
      else typed();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.find(true);
    });
  }

  setWords(words: readonly string[]): void {
    this.words = words;
    this.suggest();
  }

  /** Shows the word that is looked at; who is typing goes on typing. */
  show(word: string, finished: boolean): void {
    if (finished || document.activeElement !== this.input) this.input.value = word;
  }

  say(text: string): void {
    this.status.textContent = text;
  }

  private find(finished: boolean): void {
    const text = this.input.value.trim();
    const { words } = this;
    if (text === "" || (!finished && text === this.settled)) return;
    if (finished) this.settled = text;
    const exact = [text, text.toLowerCase()].map((word) => words.indexOf(word)).find((row) => row >= 0);
    const row = exact ?? (finished ? words.findIndex((word) => word.startsWith(text)) : -1);
    if (row >= 0) this.choose(row, finished);
    else if (finished) this.say(`“${text}” is not among the ${count(words.length)} words.`);
  }

  private suggest(): void {
    const text = this.input.value.trim();
    const found: string[] = [];
    for (const word of text === "" ? [] : this.words) {
      if (word.startsWith(text) && found.push(word) === SUGGESTIONS) break;
    }
    this.suggestions.replaceChildren(...found.map((value) => h("option", { value })));
  }
}
