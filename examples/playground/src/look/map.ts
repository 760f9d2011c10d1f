// The map of the words: points on a canvas, which is moved by pointer, fingers and keys.

import { select } from "d3-selection";
import "d3-transition";
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import { onTheme } from "../dom.js";
import type { Points } from "../table/align.js";
import { DotLayer, stampOf } from "./dots.js";
import { LabelGrid } from "./labels.js";
import { type Palette, paletteOf, SHADES } from "./palette.js";
import { MovingPoints } from "./points.js";

/** Pixels between the points and the edge. */
const MARGIN = 30;
/** Pixels around the pointer in which a point is found. */
const NEAR = 14;
/** A label for so many square pixels, and no more points asked for theirs than this. */
const LABEL_AREA = 6500;
const MOST_ASKED = 3000;
/** Signs alone say nothing on a map. */
const SPEAKING = /[\p{L}\p{N}]/u;
const FONT = "12px system-ui, sans-serif";
const STRONG = "600 13px system-ui, sans-serif";
type Font = typeof FONT | typeof STRONG;
/** Pixels of the square that a dot has for itself on a map of usual fullness; with more room dots are larger. */
const ROOM = 5;
/** Pixels of the corner in which the buttons lie. */
const TOOLS = { width: 250, height: 44 };
/** Pixels that a key moves the map. */
const STEP = 60;
/** So many of the most frequent words have dots that are larger and stronger. */
const FREQUENT = 1000;

/** What stands out: a row and its neighbours, or arrows between rows. */
export interface Marks {
  readonly chosen: readonly number[];
  readonly near: readonly number[];
  readonly arrows: readonly (readonly [from: number, to: number])[];
}

export class WordMap {
  private readonly context: CanvasRenderingContext2D;
  private readonly selection;
  private readonly zoom = zoom<HTMLCanvasElement, unknown>().scaleExtent([0.4, 400]);
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** Widths of words in FONT and in STRONG. */
  private readonly widths = { [FONT]: new Map<string, number>(), [STRONG]: new Map<string, number>() };
  private view: ZoomTransform = zoomIdentity;
  private width = 0;
  private height = 0;
  private palette!: Palette;
  private readonly dots = new DotLayer();
  private words: readonly string[] = [];
  private points = new MovingPoints({ x: new Float32Array(0), y: new Float32Array(0) });
  private shades = new Uint8Array(0);
  private marks: Marks = { chosen: [], near: [], arrows: [] };
  private hovered: number | undefined;
  private drawing = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    pick: (row: number) => void,
  ) {
    this.context = canvas.getContext("2d")!;
    this.selection = select(canvas);
    this.zoom.on("zoom", ({ transform }: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
      this.view = transform;
      this.redraw();
    });
    this.selection.call(this.zoom).on("dblclick.zoom", null);
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("click", (event) => {
      const row = this.rowAt(event);
      if (row !== undefined) pick(row);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.recolour();
    onTheme(() => this.recolour());
  }

  /**
   * Shows the first of these words at these points; those of before go there, if they are the same words.
   * fit: the picture shows where they go, which it also does while nobody has moved it.
   */
  show(
    words: readonly string[],
    points: Points,
    shade: Float32Array,
    { same, fit }: { same: boolean; fit: boolean },
  ): void {
    if (same && this.points.length === points.x.length) {
      const { k, x, y } = this.view;
      const unmoved = k === 1 && x === 0 && y === 0;
      this.points.send(points, this.calm.matches ? null : performance.now(), fit || unmoved);
    } else {
      this.points = new MovingPoints(points);
      this.hovered = undefined;
    }
    if (!same) for (const widths of Object.values(this.widths)) widths.clear();
    this.words = words;
    this.shades = Uint8Array.from(shade, (value) => Math.min(SHADES - 1, Math.floor(value * SHADES)));
    this.canvas.dataset.points = String(this.points.length);
    this.redraw();
  }

  mark(marks: Marks): void {
    this.marks = marks;
    this.redraw();
  }

  /** Whether a row has a point. */
  has(row: number): boolean {
    return row < this.points.length;
  }

  /** Brings rows into sight: one with what lies about it, several together. */
  flyTo(rows: readonly number[]): void {
    const here = rows.filter((row) => this.has(row));
    if (here.length === 0 || this.width === 0) return;
    const [xs, ys] = [
      here.map((row) => this.baseX(this.points.x[row])),
      here.map((row) => this.baseY(this.points.y[row])),
    ];
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const fitting = Math.min(this.width / Math.max(right - left, 1), this.height / Math.max(bottom - top, 1)) * 0.6;
    const scale = here.length === 1 ? Math.max(this.view.k, 6) : Math.min(fitting, 24);
    this.go(
      zoomIdentity
        .translate(this.width / 2, this.height / 2)
        .scale(scale)
        .translate(-(left + right) / 2, -(top + bottom) / 2),
    );
  }

  /** All of the map. */
  reset(): void {
    this.points.fit();
    this.go(zoomIdentity);
  }

  zoomBy(factor: number): void {
    this.selection.transition().duration(this.duration(200)).call(this.zoom.scaleBy, factor);
  }

  private go(view: ZoomTransform): void {
    this.selection.transition().duration(this.duration(800)).call(this.zoom.transform, view);
  }

  private duration(milliseconds: number): number {
    return this.calm.matches ? 0 : milliseconds;
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [STEP, 0],
      ArrowRight: [-STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) {
      const [x, y] = steps[event.key];
      this.selection.call(this.zoom.translateBy, x / this.view.k, y / this.view.k);
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.5);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / 1.5);
    else if (event.key === "0" || event.key === "Home") this.reset();
    else return;
    event.preventDefault();
  }

  private hover(event: PointerEvent | null): void {
    const row = event === null || event.pointerType === "touch" || event.buttons > 0 ? undefined : this.rowAt(event);
    if (row === this.hovered) return;
    this.hovered = row;
    this.canvas.style.cursor = row === undefined ? "" : "pointer";
    this.redraw();
  }

  private rowAt({ offsetX, offsetY }: MouseEvent): number | undefined {
    const [x, y] = this.view.invert([offsetX, offsetY]);
    const unit = this.unit();
    const { points } = this;
    const { box } = points;
    return points.find(
      box.x + (x - this.width / 2) / unit,
      box.y + (this.height / 2 - y) / unit,
      NEAR / (unit * this.view.k),
    );
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === 0 || (clientWidth === this.width && clientHeight === this.height)) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.zoom.extent([
      [0, 0],
      [clientWidth, clientHeight],
    ]);
    this.draw();
  }

  private recolour(): void {
    this.palette = paletteOf(this.context);
    this.redraw();
  }

  private redraw(): void {
    if (this.drawing || this.width === 0) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      const moving = this.points.move(performance.now());
      this.draw();
      // Every second picture is enough for slow points, and leaves the other half of the time to who trains.
      if (moving) requestAnimationFrame(() => this.redraw());
    });
  }

  /** Pixels of a unit before zooming. */
  private unit(): number {
    const { width, height } = this.points.box;
    const fitting = Math.min((this.width - 2 * MARGIN) / width, (this.height - 2 * MARGIN) / height);
    return Number.isFinite(fitting) && fitting > 0 ? fitting : 1;
  }

  private baseX(x: number): number {
    return this.width / 2 + (x - this.points.box.x) * this.unit();
  }

  private baseY(y: number): number {
    return this.height / 2 - (y - this.points.box.y) * this.unit();
  }

  private screen(row: number): [x: number, y: number] {
    return this.view.apply([this.baseX(this.points.x[row]), this.baseY(this.points.y[row])]);
  }

  private draw(): void {
    const visible = this.drawDots();
    const { width, height } = this.canvas;
    this.context.setTransform(width / this.width, 0, 0, height / this.height, 0, 0);
    this.drawLinks();
    this.drawMarks();
    this.drawLabels(visible);
  }

  /** Draws the points, the most frequent words last; returns those in sight, the most frequent first. */
  private drawDots(): number[] {
    const { context, canvas, dots, shades, view, palette } = this;
    const { x, y, length, box } = this.points;
    const ratio = canvas.width / this.width;
    const unit = this.unit() * view.k;
    const [middleX, middleY] = view.apply([this.width / 2, this.height / 2]);
    const [left, top] = [middleX - box.x * unit, middleY + box.y * unit];
    const grown = Math.min(2.2, Math.sqrt(Math.sqrt(view.k))) * ratio;
    const room = Math.sqrt((this.width * this.height) / Math.max(1, length));
    const size = Math.min(1.8, Math.max(0.6, room / ROOM)) * grown;
    const stamps = [stampOf(2.2 * size, 1), stampOf(1.4 * size, 0.6)];
    const visible: number[] = [];
    dots.clear(context, canvas.width, canvas.height, palette.ground);
    for (let row = length - 1; row >= 0; row--) {
      const atX = left + x[row] * unit;
      const atY = top - y[row] * unit;
      if (atX < 0 || atY < 0 || atX > this.width || atY > this.height) continue;
      dots.dot(atX * ratio, atY * ratio, stamps[row < FREQUENT ? 0 : 1], palette.shades[shades[row]]);
      visible.push(row);
    }
    dots.put(context);
    return visible.reverse();
  }

  /** Lines to the neighbours, arrows of an analogy. */
  private drawLinks(): void {
    const { context, marks, palette } = this;
    context.strokeStyle = context.fillStyle = palette.accent;
    context.lineWidth = 1;
    context.globalAlpha = 0.45;
    const from = marks.arrows.length === 0 ? marks.chosen[0] : undefined;
    for (const to of marks.near) if (from !== undefined && this.has(from) && this.has(to)) this.line(from, to);
    context.globalAlpha = 1;
    context.lineWidth = 2;
    for (const [start, end] of marks.arrows) if (this.has(start) && this.has(end)) this.arrow(start, end);
  }

  private line(from: number, to: number): void {
    this.context.beginPath();
    this.context.moveTo(...this.screen(from));
    this.context.lineTo(...this.screen(to));
    this.context.stroke();
  }

  private arrow(from: number, to: number): void {
    const { context } = this;
    const [startX, startY] = this.screen(from);
    const [endX, endY] = this.screen(to);
    const length = Math.sqrt((endX - startX) * (endX - startX) + (endY - startY) * (endY - startY));
    if (length < 20) return;
    const [alongX, alongY] = [(endX - startX) / length, (endY - startY) / length];
    const [tipX, tipY] = [endX - 9 * alongX, endY - 9 * alongY];
    context.beginPath();
    context.moveTo(startX + 9 * alongX, startY + 9 * alongY);
    context.lineTo(tipX - 6 * alongX, tipY - 6 * alongY);
    context.stroke();
    context.beginPath();
    context.moveTo(tipX, tipY);
    context.lineTo(tipX - 10 * alongX + 5 * alongY, tipY - 10 * alongY - 5 * alongX);
    context.lineTo(tipX - 10 * alongX - 5 * alongY, tipY - 10 * alongY + 5 * alongX);
    context.fill();
  }

  private drawMarks(): void {
    const { marks, palette, hovered } = this;
    for (const row of marks.near) this.disc(row, 4, palette.accent, palette.background);
    for (const row of marks.chosen) this.disc(row, 6, palette.accent, palette.text);
    if (hovered !== undefined) this.disc(hovered, 5, palette.background, palette.text);
  }

  private disc(row: number, radius: number, fill: string, edge: string): void {
    if (!this.has(row)) return;
    const { context } = this;
    context.beginPath();
    context.arc(...this.screen(row), radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = edge;
    context.lineWidth = 2;
    context.stroke();
  }

  /** Words where there is room: what stands out first, then by frequency. */
  private drawLabels(visible: readonly number[]): void {
    const { context, marks, palette, hovered } = this;
    const grid = new LabelGrid(this.width, this.height);
    grid.claim(this.width - TOOLS.width, 0, TOOLS.width - 1, TOOLS.height);
    context.strokeStyle = palette.background;
    context.lineJoin = "round";
    context.textBaseline = "middle";
    const strong = new Set([...(hovered === undefined ? [] : [hovered]), ...marks.chosen, ...marks.near]);
    context.font = STRONG;
    context.fillStyle = palette.text;
    context.lineWidth = 5;
    for (const row of strong) if (this.has(row)) this.label(grid, row, 8, STRONG);
    context.font = FONT;
    context.lineWidth = 4;
    let room = Math.floor((this.width * this.height) / LABEL_AREA);
    for (const row of visible.slice(0, MOST_ASKED)) {
      if (room === 0) break;
      if (!strong.has(row) && SPEAKING.test(this.words[row]) && this.label(grid, row, 5, FONT)) room--;
    }
  }

  /** To the right of its point, or to the left. */
  private label(grid: LabelGrid, row: number, distance: number, font: Font): boolean {
    const { context } = this;
    const [x, y] = this.screen(row);
    const width = this.textWidth(this.words[row], font);
    for (const left of [x + distance, x - distance - width]) {
      if (!grid.claim(left, y - 7, width, 14)) continue;
      context.strokeText(this.words[row], left, y);
      context.fillText(this.words[row], left, y);
      return true;
    }
    return false;
  }

  /** The font is that of the context. */
  private textWidth(word: string, font: Font): number {
    const widths = this.widths[font];
    const width = widths.get(word) ?? this.context.measureText(word).width;
    widths.set(word, width);
    return width;
  }
}
