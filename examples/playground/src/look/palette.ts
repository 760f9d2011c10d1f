import { colour } from "../dom.js";

/** Shades of the points, for a light and for a dark page, each 3 : 1 or more on its background. */
const LIGHT = ["#0f766e", "#0369a1", "#4338ca", "#7e22ce", "#a21caf", "#be185d", "#c2410c"];
const DARK = ["#2dd4bf", "#38bdf8", "#818cf8", "#c084fc", "#e879f9", "#f472b6", "#fb923c"];

export const SHADES = LIGHT.length;

export interface Palette {
  readonly shades: readonly string[];
  readonly background: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
}

/** The colours of the present theme. */
export function paletteOf(element: HTMLElement): Palette {
  const dark = getComputedStyle(element).colorScheme === "dark";
  return {
    shades: dark ? DARK : LIGHT,
    background: colour("--bg"),
    text: colour("--fg"),
    muted: colour("--muted"),
    accent: colour("--accent"),
  };
}

/** A dot of a colour, to be drawn many times. */
export function dot(fill: string, edge: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const context = canvas.getContext("2d")!;
  context.arc(16, 16, 14, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 3;
  context.stroke();
  return canvas;
}
