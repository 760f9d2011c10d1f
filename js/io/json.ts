// JSON that somebody else wrote.

import { describe } from "../internals.js";

/** A name in an error message: in quotes, and not longer than a line. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** A value in an error message. */
export function described(value: unknown): string {
  return typeof value === "string" ? quoted(value) : describe(value);
}

/** Whether a value is an object with names. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** UTF-8 as text. where: who reads what, for errors. */
export function decodeText(where: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TypeError(`${where} is not valid UTF-8`, { cause });
  }
}

/**
 * The value of a JSON text. JSON.parse keeps the last of several equal names and says nothing: here they are an error.
 * where: who reads what, for errors; kind: what the text was to be.
 */
export function parseJson(where: string, text: string, kind = "valid JSON"): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${where} is not ${kind}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const twice = repeatedName(text);
  if (twice !== null) throw new TypeError(`${where} has the name ${quoted(twice)} twice`);
  return value;
}

/** The first name that an object in a valid JSON text has twice, or null. */
function repeatedName(text: string): string | null {
  // One for each bracket that is open; null for an array.
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{") open.push(new Set());
    else if (char === "[") open.push(null);
    else if (char === "}" || char === "]") open.pop();
    if (char !== '"') continue;
    const start = at;
    at = endOfString(text, at);
    const names = open.at(-1);
    if (!names || !isName(text, at + 1)) continue;
    const name: string = JSON.parse(text.slice(start, at + 1));
    if (names.has(name)) return name;
    names.add(name);
  }
  return null;
}

/** The place of the quotation mark that ends the string begun at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** Whether a colon comes next: then the string before it is a name. */
function isName(text: string, at: number): boolean {
  while (" \t\n\r".includes(text[at])) at++;
  return text[at] === ":";
}
