// The loss of a pair over the words seen.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, onTheme } from "../dom.js";

/** More points than a screen has columns are of no use: then every second one goes. */
const MOST = 2000;
const HEIGHT = 220;
/** Milliseconds between two drawings. */
const PACE = 250;

export class LossCurve {
  private words: number[] = [];
  private losses: number[] = [];
  private readonly chart: uPlot;
  private drawing = false;

  constructor(private readonly holder: HTMLElement) {
    const muted = () => colour("--muted");
    const grid = { stroke: () => colour("--line"), width: 1 };
    this.chart = new uPlot(
      {
        width: 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false } },
        axes: [
          { stroke: muted, grid, label: "words seen", values: (_, splits) => splits.map(short) },
          { stroke: muted, grid, label: "loss a pair" },
        ],
        series: [{}, { stroke: () => colour("--accent"), width: 2, points: { show: false } }],
      },
      [[], []],
      holder,
    );
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width > 0) this.chart.setSize({ width: contentRect.width, height: HEIGHT });
    }).observe(holder);
    onTheme(() => this.chart.redraw());
    holder.setAttribute("role", "img");
    this.clear();
  }

  clear(): void {
    this.words = [];
    this.losses = [];
    this.holder.hidden = true;
  }

  add(words: number, loss: number): void {
    this.holder.hidden = false;
    this.words.push(words);
    this.losses.push(loss);
    if (this.words.length > MOST) {
      this.words = this.words.filter((_, i) => i % 2 === 1);
      this.losses = this.losses.filter((_, i) => i % 2 === 1);
    }
    this.draw();
  }

  private draw(): void {
    if (this.drawing) return;
    this.drawing = true;
    setTimeout(() => {
      this.drawing = false;
      this.chart.setData([this.words, this.losses]);
      this.describe();
    }, PACE);
  }

  private describe(): void {
    const { losses } = this;
    if (losses.length === 0) return;
    const course = `from ${losses[0].toFixed(3)} to ${losses[losses.length - 1].toFixed(3)}`;
    this.holder.setAttribute("aria-label", `Curve of the loss: ${course}`);
  }
}

/** 1500000 as "1.5 M". */
function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1e3 ? `${value / 1e3} k` : String(value);
}
