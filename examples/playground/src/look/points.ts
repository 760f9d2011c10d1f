import type { Points } from "../table/align.js";

/** Milliseconds from one place to the next. */
const JOURNEY = 700;

export interface Box {
  /** The middle. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Points on their way from where they were to where they shall be. */
export class MovingPoints {
  readonly length: number;
  /** Where they are. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** What the picture shows, which travels with the points. */
  box: Box;
  private start = 0;
  private fromBox: Box;
  private toBox: Box;
  private from: Points;
  private to: Points;

  constructor(points: Points) {
    this.length = points.x.length;
    this.x = points.x.slice();
    this.y = points.y.slice();
    this.from = this.to = points;
    this.box = this.fromBox = this.toBox = around(points);
  }

  /** Sends them elsewhere. now: in milliseconds; null for at once. fit: the picture shall show where they go. */
  send(to: Points, now: number | null, fit: boolean): void {
    this.from = { x: this.x.slice() as Points["x"], y: this.y.slice() as Points["y"] };
    this.to = to;
    this.fromBox = this.box;
    this.toBox = fit ? around(to) : this.box;
    this.start = now ?? Number.NEGATIVE_INFINITY;
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
    const between = (side: keyof Box) => this.fromBox[side] + (this.toBox[side] - this.fromBox[side]) * way;
    this.box = { x: between("x"), y: between("y"), width: between("width"), height: between("height") };
    if (part === 1) this.from = to;
    return part < 1;
  }

  /** The point nearest to a place, none beyond the radius. Trying all of them is quicker than a tree, as they move. */
  find(x: number, y: number, radius: number): number | undefined {
    let best: number | undefined;
    let least = radius * radius;
    for (let i = 0; i < this.length; i++) {
      const [left, up] = [this.x[i] - x, this.y[i] - y];
      const distance = left * left + up * up;
      if (distance >= least) continue;
      least = distance;
      best = i;
    }
    return best;
  }

  /** The picture shows where they go. */
  fit(): void {
    this.box = this.fromBox = this.toBox = around(this.to);
  }
}

/** A box around points, without the one in five hundred farthest out on each side. */
function around({ x, y }: Points): Box {
  const [left, right] = span(x);
  const [bottom, top] = span(y);
  return { x: (left + right) / 2, y: (bottom + top) / 2, width: right - left, height: top - bottom };
}

function span(values: Float32Array): [least: number, most: number] {
  const sorted = values.slice().sort();
  const out = Math.floor(values.length / 500);
  return [sorted[out] ?? 0, sorted[values.length - 1 - out] ?? 0];
}
