// Two charts, drawn by Vega-Lite.

import { writeFileSync } from "node:fs";
import { OURS, TORCH } from "./contenders.js";
import { HEIGHTS, OPERATIONS, SHAPES, tableText } from "./lines.js";
import { importPeer } from "./peers.js";
import { type Run, ratioOf } from "./run.js";

interface Vega {
  parse(spec: object): object;
  View: new (runtime: object, options: { renderer: "none" }) => { toSVG(): Promise<string> };
}

interface VegaLite {
  compile(spec: object): { spec: object };
}

/** Writes ratios.svg and growth.svg into a folder, each if it was measured. Returns what it wrote. */
export async function draw(run: Run, folder: string): Promise<string[]> {
  const written: string[] = [];
  for (const [name, spec] of [
    ["ratios.svg", ratios(run)],
    ["growth.svg", growth(run)],
  ] as const) {
    if (spec === null) continue;
    writeFileSync(`${folder}${name}`, `${await svg(spec)}\n`);
    written.push(name);
  }
  return written;
}

async function svg(spec: object): Promise<string> {
  const vega = (await importPeer("vega")) as Vega;
  const lite = (await importPeer("vega-lite")) as VegaLite;
  const common = {
    background: "white",
    padding: 8,
    config: { font: "sans-serif", axis: { labelLimit: 0 }, legend: { labelLimit: 0 } },
  };
  const compiled = lite.compile({ ...common, ...spec }).spec;
  return new vega.View(vega.parse(compiled), { renderer: "none" }).toSVG();
}

/** A bar for each operation and table, from 1 to how many times as fast as one-thread PyTorch ours is. */
function ratios({ results }: Run): object | null {
  const bars = results.flatMap(({ line, times }) => {
    const ratio = ratioOf(times, TORCH, OURS);
    const shown = line.group === "operations" && (OPERATIONS as readonly string[]).includes(line.op) && line.N > 64;
    return shown && ratio !== null ? [{ operation: line.op, table: tableText(line), ratio, one: 1 }] : [];
  });
  if (bars.length === 0) return null;
  const tables = SHAPES.map(tableText);
  return {
    data: { values: bars },
    width: 520,
    height: { step: 7 },
    layer: [
      {
        mark: "bar",
        encoding: {
          y: { field: "operation", type: "nominal", sort: [...OPERATIONS], title: null, scale: { paddingInner: 0.25 } },
          yOffset: { field: "table", type: "nominal", sort: tables },
          x: {
            field: "ratio",
            type: "quantitative",
            scale: { type: "log" },
            title: "times as fast as PyTorch on one thread; left of 1 PyTorch is faster",
            axis: { values: [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100], format: "~g" },
          },
          x2: { field: "one" },
          color: { field: "table", type: "nominal", sort: tables, title: "table" },
        },
      },
      { mark: { type: "rule", color: "black" }, encoding: { x: { datum: 1 } } },
    ],
  };
}

/** Milliseconds of a step over the height of the table, both on logarithmic scales. */
function growth({ results }: Run): object | null {
  const points = results
    .filter(({ line }) => line.group === "growth")
    .flatMap(({ line, times }) =>
      [OURS, TORCH].flatMap((name) => {
        const time = times.get(name);
        const [, kind, optimizer] = line.op.split(" ");
        return time === undefined ? [] : [{ V: line.V, ms: time.median, who: `${name}, ${kind}`, optimizer }];
      }),
    );
  if (points.length === 0) return null;
  return {
    data: { values: points },
    facet: { column: { field: "optimizer", type: "nominal", sort: ["SGD", "Adagrad"], title: null } },
    spec: {
      width: 280,
      height: 260,
      mark: { type: "line", point: true },
      encoding: {
        x: {
          field: "V",
          type: "quantitative",
          scale: { type: "log" },
          title: "rows of the table",
          axis: { values: HEIGHTS, format: "~s" },
        },
        y: { field: "ms", type: "quantitative", scale: { type: "log" }, title: "ms of a step", axis: { format: "~g" } },
        color: { field: "who", type: "nominal", title: null },
      },
    },
  };
}
