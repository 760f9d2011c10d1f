// How many times as fast as plain JavaScript everybody is: groups of bars.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, h, onTheme } from "../dom.js";
import { CONTENDERS, type Line, PLAIN } from "./protocol.js";

const HEIGHT = 280;
/** Pixels. */
const NARROW = 600;
const COLOURS = ["--accent", "--second", "--third"];
/** Bars of a group and the gap behind it. */
const STRIDE = CONTENDERS.length + 1;

export class SpeedChart {
  readonly element = h("div", {});
  private chart: uPlot | null = null;
  private lines: readonly Line[] = [];

  constructor() {
    let drawn = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === drawn) return;
      drawn = contentRect.width;
      this.draw(this.lines);
    }).observe(this.element);
    onTheme(() => this.draw(this.lines));
  }

  draw(lines: readonly Line[]): void {
    this.lines = lines;
    this.chart?.destroy();
    this.chart = null;
    this.element.replaceChildren();
    if (lines.length === 0) return;
    const holder = h("div", {
      class: "chart",
      role: "img",
      "aria-label": "Speed by operation; the table has the numbers",
    });
    this.element.append(legend(), holder);
    this.chart = new uPlot(this.options(), this.data(), holder);
  }

  private data(): uPlot.AlignedData {
    const x = this.lines.flatMap((_, i) => CONTENDERS.map((_, k) => STRIDE * i + k));
    const ratios = CONTENDERS.map((_, which) =>
      this.lines.flatMap(({ milliseconds }) =>
        CONTENDERS.map((name, k) =>
          k === which && name in milliseconds ? milliseconds[PLAIN] / milliseconds[name] : null,
        ),
      ),
    );
    return [x, ...ratios] as uPlot.AlignedData;
  }

  private options(): uPlot.Options {
    const middles = this.lines.map((_, i) => STRIDE * i + (CONTENDERS.length - 1) / 2);
    const muted = () => colour("--muted");
    const grid = { stroke: () => colour("--line"), width: 1 };
    const width = this.element.clientWidth || 300;
    // Names stand side by side where there is room.
    const slant = width < NARROW ? { rotate: -45, size: 90 } : {};
    const bars = uPlot.paths.bars!({ size: [0.9, 60] });
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-1, STRIDE * this.lines.length - 1] }, y: { distr: 3 } },
      axes: [
        {
          stroke: muted,
          ...slant,
          grid: { show: false },
          splits: () => middles,
          values: () => this.lines.map(({ title }) => title.split(",")[0].replace("step: ", "")),
        },
        {
          stroke: muted,
          label: "times as fast as plain JavaScript",
          size: 70,
          grid: { ...grid, filter: (_, splits) => splits.map((split) => (isPowerOfTen(split) ? split : null)) },
          values: (_, splits) => splits.map((split) => (split === null ? null : String(Number(split.toPrecision(1))))),
        },
      ],
      series: [
        {},
        ...CONTENDERS.map((label, i) => ({
          label,
          stroke: () => colour(COLOURS[i]),
          fill: () => colour(COLOURS[i]),
          paths: bars,
          points: { show: false },
          fillTo: (u: uPlot) => u.scales.y.min ?? 0,
        })),
      ],
    };
  }
}

function legend(): HTMLElement {
  const entries = CONTENDERS.map((name, i) =>
    h("span", { class: "legend" }, h("span", { class: `swatch swatch-${i}` }), name),
  );
  return h("div", { class: "row" }, ...entries);
}

const isPowerOfTen = (value: number) => /^(10*|0\.0*1|1e-\d+)$/.test(String(Number(value.toPrecision(6))));
