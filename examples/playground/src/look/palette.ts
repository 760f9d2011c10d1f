import { colour } from "../dom.js";
import { pixelOf } from "./dots.js";

/** Shades of the points, for a light and for a dark page, each 3 : 1 or more on its background. */
const LIGHT = ["#0f766e", "#0369a1", "#4338ca", "#7e22ce", "#a21caf", "#be185d", "#c2410c"];
const DARK = ["#2dd4bf", "#38bdf8", "#818cf8", "#c084fc", "#e879f9", "#f472b6", "#fb923c"];

export const SHADES = LIGHT.length;

export interface Palette {
  /** Pixels of the points, and of what lies below them. */
  readonly shades: readonly number[];
  readonly ground: number;
  readonly background: string;
  readonly text: string;
  readonly accent: string;
}

/** The colours of the present theme. A canvas says every opaque colour as "#rrggbb". */
export function paletteOf(context: CanvasRenderingContext2D): Palette {
  context.fillStyle = colour("--bg");
  const background = String(context.fillStyle);
  const dark = background < "#8";
  return {
    shades: (dark ? DARK : LIGHT).map(pixelOf),
    ground: pixelOf(background),
    background,
    text: colour("--fg"),
    accent: colour("--accent"),
  };
}
