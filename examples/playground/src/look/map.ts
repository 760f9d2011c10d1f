// The map of the words: points on a canvas, which is moved by pointer, fingers and keys.

import { select } from "d3-selection";
import "d3-transition";
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import { onTheme } from "../dom.js";
import { inSlices } from "../slices.js";
import type { Points } from "../table/align.js";
import { type Marks, Painter } from "./painter.js";
import { SHADES } from "./palette.js";
import { MovingPoints } from "./points.js";
import { Viewport } from "./viewport.js";

/** Pixels around the pointer in which a point is found. */
const NEAR = 14;
/** Pixels that a key moves the map. */
const STEP = 60;

export class WordMap {
  private readonly painter: Painter;
  private readonly selection;
  private readonly zoom = zoom<HTMLCanvasElement, unknown>().scaleExtent([0.4, 400]);
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private view: ZoomTransform = zoomIdentity;
  private width = 0;
  private height = 0;
  private words: readonly string[] = [];
  private points = new MovingPoints({ x: new Float32Array(0), y: new Float32Array(0) });
  private shades = new Uint8Array(0);
  private marks: Marks = { chosen: [], near: [], arrows: [] };
  private hovered: number | undefined;
  private drawing = false;
  /** Whether what is drawn, or about to be, is no longer all. */
  private outdated = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    pick: (row: number) => void,
  ) {
    this.painter = new Painter(canvas);
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
    onTheme(() => {
      this.painter.recolour();
      this.redraw();
    });
  }

  /**
   * Shows the first of these words at these points; those of before go there, if they are the same words.
   * fit: the picture shows all of where they go, which it also does while nobody has moved it.
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
    if (!same) this.painter.forget();
    if (fit) this.selection.interrupt().call(this.zoom.transform, zoomIdentity);
    this.words = words;
    this.shades = Uint8Array.from(shade, (value) => Math.min(SHADES - 1, Math.floor(value * SHADES)));
    this.canvas.dataset.points = String(this.points.length);
    this.redraw();
  }

  /** Takes all points away. */
  clear(): void {
    const none = new Float32Array(0);
    this.show([], { x: none, y: none }, none, { same: false, fit: true });
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
    const port = this.port();
    const places = here.map((row) => port.base(this.points.x[row], this.points.y[row]));
    const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
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
    const port = this.port();
    return this.points.find(...port.place(offsetX, offsetY), NEAR / port.scale);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (clientWidth === 0 || clientHeight === 0 || (clientWidth === this.width && clientHeight === this.height)) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.zoom.extent([
      [0, 0],
      [clientWidth, clientHeight],
    ]);
    this.redraw();
  }

  /** Draws with the next picture of the page, or once the drawing that goes on has ended. */
  private redraw(): void {
    if (this.width === 0) return;
    this.outdated = true;
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(async () => {
      this.outdated = false;
      const moving = this.points.move(performance.now());
      const { words, points, shades, marks, hovered } = this;
      try {
        await inSlices(this.painter.drawing({ words, points, shades, marks, hovered }, this.port()));
      } finally {
        // After an error the map is drawn when it next changes, and not over and over.
        this.drawing = false;
      }
      if (this.outdated) this.redraw();
      // Every second picture is enough for slow points, and leaves the other half of the time to who trains.
      else if (moving) requestAnimationFrame(() => this.redraw());
    });
  }

  private port(): Viewport {
    return new Viewport(this.width, this.height, this.points.box, this.view);
  }
}
