// The little that the page needs beside the DOM itself.

type Attribute = string | number | boolean | undefined | ((event: never) => unknown);
export type Child = Node | string | null | undefined | false;

/**
 * An element with attributes and children: true is an attribute without a value, false and undefined none, a function under
 * "on…" listens to that event.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, Attribute>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as (event: Event) => unknown);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child instanceof Node || Boolean(child)));
  return element;
}

/** The element with an id, which has to be there. */
export function $<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element #${id}`);
  return element as T;
}

/** A labelled form field; hint: what stands below it in small letters. */
export function field(label: string, input: HTMLElement, hint?: string): HTMLElement {
  const id = `${input.id}-hint`;
  if (hint !== undefined) input.setAttribute("aria-describedby", id);
  return h(
    "div",
    { class: "field" },
    h("label", { for: input.id }, label),
    input,
    hint !== undefined && h("small", { id }, hint),
  );
}

/** The value of a colour of style.css in the present theme, for canvases: colour("--accent"). */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Calls back after the theme has changed: canvases do not follow by themselves. */
export function onTheme(listener: () => void): void {
  document.addEventListener("themechange", listener);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
}

/** Calls back each time the panel comes into sight; before, it has no size. */
export function onShow(panel: HTMLElement, listener: () => void): void {
  panel.addEventListener("show", listener);
}

/** Reads something out to who does not see the page. */
export function announce(text: string): void {
  $("announcer").textContent = text;
}

/** 1234567 as "1,234,567". */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** 1 as "1 word", 2000 as "2,000 words". */
export function many(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Bytes as a number of MB with one digit. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`;
}
