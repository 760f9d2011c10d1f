// Numbers of 16 bits by their definition: a sign, an exponent and a fraction of `fractionBits`.

/** A format with so many bits of fraction, whose exponents begin at `least`. */
export interface Narrow {
  readonly fractionBits: number;
  readonly least: number;
}

export const FLOAT16: Narrow = { fractionBits: 10, least: -14 };
export const BFLOAT16: Narrow = { fractionBits: 7, least: -126 };

/** The number with these 16 bits. */
export function widened(bits: number, { fractionBits, least }: Narrow): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** (15 - fractionBits) - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** least;
  return sign * (1 + fraction) * 2 ** (exponent - 1 + least);
}

/** The 16 bits of the number of the format nearest to x, of two equally near the one with an even fraction. x: not NaN. */
export function narrowed(x: number, { fractionBits, least }: Narrow): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const infinite = 0x8000 - 2 ** fractionBits;
  if (Math.abs(x) === Infinity) return sign | infinite;
  const exponent = x === 0 ? least : Math.max(Math.floor(Math.log2(Math.abs(x))), least);
  const steps = Math.abs(x) / 2 ** (exponent - fractionBits);
  const below = Math.floor(steps);
  const up = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1);
  // A step counts on from one exponent to the next.
  const magnitude = below + Number(up) + (exponent - least) * 2 ** fractionBits;
  return sign | Math.min(magnitude, infinite);
}
