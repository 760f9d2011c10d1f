import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, h, onTheme } from "../dom.js";

const HEIGHT = 150;

/** The numbers of a row as bars. */
export class RowPlot {
  readonly element: HTMLElement;
  private readonly chart = h("div", { class: "chart", role: "img" });
  private readonly text = h("p", { class: "muted small" });
  private plot: uPlot | null = null;
  private values = new Float32Array(0);

  constructor() {
    this.element = h("div", { id: "row-plot", "data-testid": "row-plot" }, this.chart, this.text);
    new ResizeObserver(() => {
      const { clientWidth } = this.chart;
      if (clientWidth === 0) return;
      if (this.plot === null) this.build();
      else this.plot.setSize({ width: clientWidth, height: HEIGHT });
    }).observe(this.chart);
    onTheme(() => this.build());
  }

  show(word: string, values: Float32Array): void {
    const sameWidth = values.length === this.values.length;
    this.values = values.slice() as Float32Array<ArrayBuffer>;
    if (this.plot === null || !sameWidth) this.build();
    else this.plot.setData(this.data());
    // Too many numbers for the arguments of Math.min.
    const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const summary = `${values.length} numbers from ${least.toFixed(3)} to ${most.toFixed(3)}, length ${length.toFixed(3)}`;
    this.text.textContent = summary;
    this.chart.setAttribute("aria-label", `The row of “${word}”: ${summary}`);
  }

  private data(): uPlot.AlignedData {
    return [Array.from(this.values.keys()), this.values];
  }

  private build(): void {
    this.plot?.destroy();
    this.plot = null;
    const width = this.chart.clientWidth;
    if (width === 0 || this.values.length === 0) return;
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    this.plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 4, 0, 0],
        scales: {
          x: { time: false, range: (_, first, last) => [first - 0.5, last + 0.5] },
          y: { range: (_, least, most) => symmetric(least, most) },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 28 },
          { ...axis, size: 44 },
        ],
        series: [
          {},
          {
            stroke: colour("--accent"),
            fill: colour("--accent"),
            width: 0,
            points: { show: false },
            paths: uPlot.paths.bars!({ size: [0.75, 20] }),
          },
        ],
      },
      this.data(),
      this.chart,
    );
  }
}

/** Zero in the middle, with some room. */
function symmetric(least: number | null, most: number | null): [number, number] {
  const reach = 1.05 * Math.max(Math.abs(least ?? 0), Math.abs(most ?? 0), 1e-6);
  return [-reach, reach];
}
