// The picture of the map: dots, lines, what stands out, labels. The longer parts are done in slices.

import { DotLayer, stampOf } from "./dots.js";
import { LabelGrid } from "./labels.js";
import { type Palette, paletteOf } from "./palette.js";
import type { MovingPoints } from "./points.js";
import type { Viewport } from "./viewport.js";

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
const TOOLS = { width: 242, height: 44, margin: 8 };
/** So many of the most frequent words have dots that are larger and stronger. */
const FREQUENT = 1000;
/** So many dots, or points asked for a label, between two moments at which the page may do something else. */
const SLICE = 256;

/** What stands out: a row and its neighbours, or arrows between rows. */
export interface Marks {
  readonly chosen: readonly number[];
  readonly near: readonly number[];
  readonly arrows: readonly (readonly [from: number, to: number])[];
}

/** What there is to be seen. */
export interface Scene {
  readonly words: readonly string[];
  readonly points: MovingPoints;
  /** The shade of each point. */
  readonly shades: Uint8Array;
  readonly marks: Marks;
  readonly hovered: number | undefined;
}

/** A word to be written, from its left end. */
interface Label {
  readonly word: string;
  readonly x: number;
  readonly y: number;
}

export class Painter {
  private readonly context: CanvasRenderingContext2D;
  private readonly dots = new DotLayer();
  /** Widths of words in FONT and in STRONG. */
  private readonly widths = { [FONT]: new Map<string, number>(), [STRONG]: new Map<string, number>() };
  private palette: Palette;
  private scene!: Scene;
  private port!: Viewport;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d")!;
    this.palette = paletteOf(this.context);
  }

  /** Takes the colours of the present theme. */
  recolour(): void {
    this.palette = paletteOf(this.context);
  }

  /** Other words are to come. */
  forget(): void {
    for (const widths of Object.values(this.widths)) widths.clear();
  }

  /**
   * Draws. Yields wherever the page may do something else first; the canvas changes only at the end, all at once. A drawing has to
   * end before another one begins.
   */
  *drawing(scene: Scene, port: Viewport): Generator<void> {
    this.scene = scene;
    this.port = port;
    const { canvas, context, dots } = this;
    const [width, height] = [port.width, port.height].map((side) => Math.max(1, Math.round(side * devicePixelRatio)));
    const visible = yield* this.drawDots(width, height);
    const labels = yield* this.placeLabels(visible);
    // A size that is set empties the canvas.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    dots.put(context);
    context.setTransform(width / port.width, 0, 0, height / port.height, 0, 0);
    this.drawLinks();
    this.drawMarks();
    this.drawLabels(labels);
  }

  private has(row: number): boolean {
    return row < this.scene.points.length;
  }

  private screen(row: number): [x: number, y: number] {
    const { x, y } = this.scene.points;
    return this.port.screen(x[row], y[row]);
  }

  /** Draws the points into their layer, the most frequent words last; returns those in sight, the most frequent first. */
  private *drawDots(width: number, height: number): Generator<void, number[]> {
    const { context, dots, palette, port } = this;
    const { points, shades } = this.scene;
    const { x, y, length } = points;
    const ratio = width / port.width;
    const { scale } = port;
    const [left, top] = port.screen(0, 0);
    const grown = Math.min(2.2, Math.sqrt(Math.sqrt(port.view.k))) * ratio;
    const room = Math.sqrt((port.width * port.height) / Math.max(1, length));
    const size = Math.min(1.5, Math.max(0.6, room / ROOM)) * grown;
    const stamps = [stampOf(2.2 * size, 1), stampOf(1.4 * size, 0.6)];
    const visible: number[] = [];
    dots.clear(context, width, height, palette.ground);
    for (let row = length - 1; row >= 0; row--) {
      if (row % SLICE === 0) yield;
      const atX = left + x[row] * scale;
      const atY = top - y[row] * scale;
      if (atX < 0 || atY < 0 || atX > port.width || atY > port.height) continue;
      dots.dot(atX * ratio, atY * ratio, stamps[row < FREQUENT ? 0 : 1], palette.shades[shades[row]]);
      visible.push(row);
    }
    return visible.reverse();
  }

  /** Lines to the neighbours, arrows of an analogy. */
  private drawLinks(): void {
    const { context, palette } = this;
    const { marks } = this.scene;
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
    const { palette } = this;
    const { marks, hovered } = this.scene;
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

  /** Words where there is room, by font: what stands out first, then by frequency. */
  private *placeLabels(visible: readonly number[]): Generator<void, Record<Font, Label[]>> {
    const { context } = this;
    const { marks, hovered, words } = this.scene;
    const { width, height } = this.port;
    const grid = new LabelGrid(width, height);
    grid.claim(width - TOOLS.width - TOOLS.margin, 0, TOOLS.width, TOOLS.height);
    const labels: Record<Font, Label[]> = { [STRONG]: [], [FONT]: [] };
    /** To the right of its point, or to the left. */
    const place = (row: number, distance: number, font: Font) => {
      const [x, y] = this.screen(row);
      const word = words[row];
      const length = this.textWidth(word, font);
      const left = [x + distance, x - distance - length].find((left) => grid.claim(left, y - 7, length, 14));
      if (left !== undefined) labels[font].push({ word, x: left, y });
    };
    const strong = new Set([...(hovered === undefined ? [] : [hovered]), ...marks.chosen, ...marks.near]);
    context.font = STRONG;
    for (const row of strong) if (this.has(row)) place(row, 8, STRONG);
    context.font = FONT;
    const room = Math.floor((width * height) / LABEL_AREA);
    for (const [asked, row] of visible.slice(0, MOST_ASKED).entries()) {
      if (asked % SLICE === 0) yield;
      if (labels[FONT].length === room) break;
      if (!strong.has(row) && SPEAKING.test(words[row])) place(row, 5, FONT);
    }
    return labels;
  }

  private drawLabels(labels: Readonly<Record<Font, readonly Label[]>>): void {
    const { context, palette } = this;
    context.strokeStyle = palette.background;
    context.fillStyle = palette.text;
    context.lineJoin = "round";
    context.textBaseline = "middle";
    for (const font of [STRONG, FONT] as const) {
      context.font = font;
      context.lineWidth = font === STRONG ? 5 : 4;
      for (const { word, x, y } of labels[font]) {
        context.strokeText(word, x, y);
        context.fillText(word, x, y);
      }
    }
  }

  /** The font is that of the context. */
  private textWidth(word: string, font: Font): number {
    const widths = this.widths[font];
    const width = widths.get(word) ?? this.context.measureText(word).width;
    widths.set(word, width);
    return width;
  }
}
