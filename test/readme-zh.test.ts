// README.zh.md says in Chinese what README.md says: where one changes and the other does not, these tests fail.

import { existsSync, readFileSync } from "node:fs";
import { marked, type Token, type Tokens } from "marked";
import { describe, expect, test } from "vitest";

/** What a heading opens, up to the next one. Names in code and numbers are the same in every language. */
interface Section {
  level: number;
  /** Each with its language: "ts\nimport …". */
  blocks: string[];
  /** Rows and columns of each table. */
  tables: string[];
  links: string[];
  images: string[];
  codes: string[];
  numbers: string[];
}

const TWINS = ["README.md", "README.zh.md"];

/** The anchor that GitHub gives a heading. */
const anchor = (heading: string) =>
  `#${heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replaceAll(" ", "-")}`;

const unique = (list: string[]) => [...new Set(list)].sort();

/** A README as its sections; links are sorted, since sentences are built in another order. */
function outline(text: string): Section[] {
  const sections: Section[] = [];
  const anchors: string[] = [];
  const visit = (token: Token) => {
    const section = sections.at(-1)!;
    if (token.type === "code") section.blocks.push(`${token.lang ?? ""}\n${token.text}`);
    if (token.type === "table") section.tables.push(`${token.rows.length} x ${token.header.length}`);
    if (token.type === "link") section.links.push(token.href);
    if (token.type === "image") section.images.push(token.href);
    if (token.type === "codespan") section.codes.push(token.text);
    if (token.type === "text" && !(token as Tokens.Text).tokens) {
      section.numbers.push(...(token.text.match(/\d+(?:[.,]\d+)*(?:e-\d+)?/g) ?? []));
    }
  };
  for (const token of marked.lexer(text)) {
    if (token.type === "heading") {
      anchors.push(anchor(token.text));
      sections.push({ level: token.depth, blocks: [], tables: [], links: [], images: [], codes: [], numbers: [] });
    }
    marked.walkTokens([token], visit);
  }
  const target = (href: string) => {
    if (TWINS.includes(href)) return "the twin";
    return href.startsWith("#") ? `heading ${anchors.indexOf(href)}` : href;
  };
  return sections.map((section) => ({
    ...section,
    links: section.links.map(target).sort(),
    codes: unique(section.codes),
    numbers: unique(section.numbers),
  }));
}

const [english, chinese] = TWINS.map((file) => readFileSync(file, "utf8"));

describe("README.md and README.zh.md", () => {
  test("have the same headings, code, tables, links, images, names and numbers, section by section", () => {
    const expected = outline(english);
    const found = outline(chinese);
    for (const [i, section] of expected.entries()) expect([i, found[i]]).toEqual([i, section]);
    expect(found).toHaveLength(expected.length);
  });

  test("link to each other before the first chapter", () => {
    const [opening, translated] = [english, chinese].map((text) => text.split("\n## ")[0]);
    expect(opening).toContain("(README.zh.md)");
    expect(translated).toContain("(README.md)");
  });

  test("link only to headings and files that are there", () => {
    const targets = [english, chinese]
      .flatMap((text) => outline(text))
      .flatMap(({ links, images }) => [...links, ...images]);
    expect(targets).not.toContain("heading -1");
    const files = targets.filter((target) => !/^(https:|heading |the twin$)/.test(target));
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  // What falls behind when somebody changes one of the two: each is to be noticed.
  test.each([
    ["a paragraph with a number", "4,000,000", "8,000,000"],
    ["a line of code", "manualSeed(42);", "manualSeed(43);"],
    ["the language of a block", "```console", "```sh"],
    ["a formula", "mod 2^32  ", "mod 2^31  "],
    ["a row of a table", "| deno bundle |", "\n| deno bundle |"],
    ["a name in a sentence", "`setTransientBudget`", "`setBudget`"],
    ["a link", "(bench/RESULTS.md)", "(bench/RESULT.md)"],
    ["an anchor", "](#runtimes)", "](#runtime)"],
    ["an image", "(bench/growth.svg)", "(bench/ratios.svg)"],
    ["a heading", "\n## Speed", "\n### Speed"],
    ["a chapter", "\n## Licence", "\n## Another\n\n## Licence"],
  ])("differ when %s changes in one of them", (_, before, after) => {
    const changed = english.replace(before, after);
    expect(changed).not.toBe(english);
    expect(outline(changed)).not.toEqual(outline(chinese));
  });
});
