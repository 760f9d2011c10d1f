import { type Quadtree, quadtree } from "d3-quadtree";
import type { Points } from "../table/align.js";

/** Milliseconds from one place to the next. */
const JOURNEY = 700;

/** Points on their way from where they were to where they shall be. */
export class MovingPoints {
  readonly length: number;
  /** Where they are. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  private start = 0;
  private from: Points;
  private to: Points;
  private tree: Quadtree<number> | null = null;

  constructor(points: Points) {
    this.length = points.x.length;
    this.x = points.x.slice();
    this.y = points.y.slice();
    this.from = this.to = points;
  }

  /** Sends them elsewhere. now: in milliseconds; null for at once. */
  send(to: Points, now: number | null): void {
    this.from = { x: this.x.slice() as Points["x"], y: this.y.slice() as Points["y"] };
    this.to = to;
    this.start = now ?? Number.NEGATIVE_INFINITY;
    this.tree = null;
    if (now === null) this.move(0);
  }

  /** Brings them to where they are at this time; whether they have further to go. */
  move(now: number): boolean {
    const { from, to, x, y } = this;
    if (from === to) return false;
    const part = Math.min(1, Math.max(0, (now - this.start) / JOURNEY));
    const way = part * part * (3 - 2 * part);
    for (let i = 0; i < this.length; i++) {
      x[i] = from.x[i] + (to.x[i] - from.x[i]) * way;
      y[i] = from.y[i] + (to.y[i] - from.y[i]) * way;
    }
    this.tree = null;
    if (part === 1) this.from = to;
    return part < 1;
  }

  /** The point nearest to a place, none beyond the radius. */
  find(x: number, y: number, radius: number): number | undefined {
    this.tree ??= quadtree<number>()
      .x((i) => this.x[i])
      .y((i) => this.y[i])
      .addAll(Array.from({ length: this.length }, (_, i) => i));
    return this.tree.find(x, y, radius);
  }
}
