import type { ZoomTransform } from "d3-zoom";
import type { Box } from "./points.js";

/** Pixels between the points and the edge. */
const MARGIN = 30;

/** Where on the screen a point lies: the box fills the picture, and the view moves that. */
export class Viewport {
  /** Pixels of a unit before the view enlarges them. */
  private readonly unit: number;

  constructor(
    readonly width: number,
    readonly height: number,
    private readonly box: Box,
    readonly view: ZoomTransform,
  ) {
    const fitting = Math.min((width - 2 * MARGIN) / box.width, (height - 2 * MARGIN) / box.height);
    this.unit = Number.isFinite(fitting) && fitting > 0 ? fitting : 1;
  }

  /** Pixels of a unit. */
  get scale(): number {
    return this.unit * this.view.k;
  }

  /** Before the view. */
  base(x: number, y: number): [x: number, y: number] {
    return [this.width / 2 + (x - this.box.x) * this.unit, this.height / 2 - (y - this.box.y) * this.unit];
  }

  screen(x: number, y: number): [x: number, y: number] {
    return this.view.apply(this.base(x, y));
  }

  /** The place of the plane at a pixel. */
  place(pixelX: number, pixelY: number): [x: number, y: number] {
    const [x, y] = this.view.invert([pixelX, pixelY]);
    return [this.box.x + (x - this.width / 2) / this.unit, this.box.y + (this.height / 2 - y) / this.unit];
  }
}
