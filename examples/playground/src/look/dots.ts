// Dots by the ten thousands, written as pixels: a canvas's own circles and pictures take many times as long.

/** How much of each pixel a disc covers: [width, width], 0 to 255. */
export interface Stamp {
  readonly width: number;
  readonly cover: Uint8Array;
}

export class DotLayer {
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  private width = 0;
  private height = 0;

  /** An empty layer of so many pixels, all of a colour. */
  clear(context: CanvasRenderingContext2D, width: number, height: number, background: number): void {
    if (this.image === null || width !== this.width || height !== this.height) {
      this.image = context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.width = width;
      this.height = height;
    }
    this.pixels.fill(background);
  }

  /** A dot about a pixel: what of it lies in the picture. */
  dot(x: number, y: number, { width: side, cover }: Stamp, colour: number): void {
    const left = Math.round(x - side / 2);
    const top = Math.round(y - side / 2);
    const { pixels, width, height } = this;
    const [first, last] = [Math.max(0, -left), Math.min(side, width - left)];
    const [upper, lower] = [Math.max(0, -top), Math.min(side, height - top)];
    for (let row = upper; row < lower; row++) {
      let from = row * side + first;
      let at = (top + row) * width + left + first;
      for (let column = first; column < last; column++, from++, at++) {
        const part = cover[from];
        if (part > 0) pixels[at] = part === 255 ? colour : mixed(pixels[at], colour, part);
      }
    }
  }

  put(context: CanvasRenderingContext2D): void {
    if (this.image !== null) context.putImageData(this.image, 0, 0);
  }
}

/** A disc with soft edges; radius in pixels, opacity from 0 to 1. */
export function stampOf(radius: number, opacity: number): Stamp {
  const width = Math.ceil(2 * radius + 1);
  const cover = Uint8Array.from({ length: width * width }, (_, at) => {
    const [x, y] = [(at % width) + 0.5 - width / 2, Math.floor(at / width) + 0.5 - width / 2];
    const inside = Math.min(1, Math.max(0, radius + 0.5 - Math.sqrt(x * x + y * y)));
    return Math.round(255 * inside * opacity);
  });
  return { width, cover };
}

/** Two opaque pixels mixed: so much of the second, of 255. */
function mixed(below: number, above: number, part: number): number {
  const rest = 255 - part;
  const red = ((below & 255) * rest + (above & 255) * part) / 255;
  const green = (((below >>> 8) & 255) * rest + ((above >>> 8) & 255) * part) / 255;
  const blue = (((below >>> 16) & 255) * rest + ((above >>> 16) & 255) * part) / 255;
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

/** The pixel of a colour "#rrggbb". Machines on which a page runs have the low byte first. */
export function pixelOf(colour: string): number {
  const value = Number.parseInt(colour.slice(1), 16);
  return (0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >>> 16)) >>> 0;
}
