// Packed rows by their definition, a number at a time.

const { fround } = Math;

export type Kind = "float32" | "float16" | "bfloat16" | "int8" | "int4";

export const rowBytes = (kind: Kind, dim: number) =>
  ({ float32: 4 * dim, float16: 2 * dim, bfloat16: 2 * dim, int8: dim + 8, int4: dim / 2 + 4 })[kind];

/** To the nearest whole number, of two as near to the even one. */
function roundEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** The nearest number with so many bits behind the first, which is worth 2^least or more. */
function rounded(x: number, bits: number, least: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), least) - bits);
  return roundEven(x / unit) * unit;
}

/** x as float16: 65520 and more are infinite. */
export const half = (x: number) => (Math.abs(x) >= 65520 ? Math.sign(x) * Infinity : rounded(x, 10, -14));

function halfBits(x: number): number {
  const size = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (size < 2 ** -14) return sign + size * 2 ** 24;
  const exponent = Math.floor(Math.log2(size));
  return sign + ((exponent + 15) << 10) + size * 2 ** (10 - exponent) - 1024;
}

function halfOf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

const clamp = (x: number, most: number) => Math.max(0, Math.min(most, x));

/** The first of the smallest, and the largest; 0 of none. */
function ends(row: readonly number[]): [low: number, high: number] {
  if (row.length === 0) return [0, 0];
  return [row.reduce((a, b) => (b < a ? b : a)), row.reduce((a, b) => (b > a ? b : a))];
}

function packInt8(out: DataView, row: readonly number[]): boolean {
  const [low, high] = ends(row);
  const range = fround(high - low);
  const inverse = fround(255 / fround(range + fround(1e-8)));
  for (const [d, value] of row.entries()) out.setUint8(d, roundEven(fround(fround(value - low) * inverse)));
  out.setFloat32(row.length, range / 255, true);
  out.setFloat32(row.length + 4, low, true);
  return Number.isFinite(range);
}

function packInt4(out: DataView, row: readonly number[]): boolean {
  const [low, high] = ends(row);
  const bias = half(low);
  const scale = half(fround(fround(high - bias) / 15)) || 1;
  if (!Number.isFinite(bias) || !Number.isFinite(scale)) return false;
  const inverse = fround(1 / scale);
  const q = row.map((value) => clamp(roundEven(fround(fround(value - bias) * inverse)), 15));
  for (let d = 0; d < row.length; d += 2) out.setUint8(d / 2, q[d] + 16 * q[d + 1]);
  out.setUint16(row.length / 2, halfBits(scale), true);
  out.setUint16(row.length / 2 + 2, halfBits(bias), true);
  return true;
}

function packFloat16(out: DataView, row: readonly number[]): boolean {
  const halves = row.map(half);
  if (!halves.every(Number.isFinite)) return false;
  for (const [d, value] of halves.entries()) out.setUint16(2 * d, halfBits(value), true);
  return true;
}

function packBfloat16(out: DataView, row: readonly number[]): boolean {
  const narrow = Float32Array.from(row, (value) => rounded(value, 7, -126));
  for (const [d, bits] of new Uint32Array(narrow.buffer).entries()) out.setUint16(2 * d, bits >>> 16, true);
  return narrow.every(Number.isFinite);
}

const pack = { int8: packInt8, int4: packInt4, float16: packFloat16, bfloat16: packBfloat16 };

/** The bytes of a row, or null where it cannot be packed. */
export function packRow(kind: keyof typeof pack, x: ArrayLike<number>): Uint8Array | null {
  const row = Array.from(x);
  const out = new DataView(new ArrayBuffer(rowBytes(kind, row.length)));
  return row.every(Number.isFinite) && pack[kind](out, row) ? new Uint8Array(out.buffer) : null;
}

/** A packed row's numbers; q * scale rounded before bias is added unless `once`. */
export function unpackRow(kind: Kind, bytes: Uint8Array, dim: number, once = false): Float32Array {
  const row = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Float32Array(dim).map((_, d) => {
    if (kind === "float32") return row.getFloat32(4 * d, true);
    if (kind === "float16") return halfOf(row.getUint16(2 * d, true));
    if (kind === "bfloat16") return new Float32Array(Uint32Array.of(row.getUint16(2 * d, true) << 16).buffer)[0];
    if (kind === "int4") {
      const q = (row.getUint8(d >> 1) >> (4 * (d & 1))) & 15;
      return fround(q * halfOf(row.getUint16(dim / 2, true)) + halfOf(row.getUint16(dim / 2 + 2, true)));
    }
    const [q, scale, bias] = [row.getUint8(d), row.getFloat32(dim, true), row.getFloat32(dim + 4, true)];
    return once ? exactSum(q, scale, bias) : fround(fround(q * scale) + bias);
  });
}

/** q * scale + bias rounded once, in whole numbers of the smallest unit. */
function exactSum(q: number, scale: number, bias: number): number {
  const sum = BigInt(q) * units(scale) + units(bias);
  const size = sum < 0n ? -sum : sum;
  // Beyond 53 bits only whether something is left counts, in a last bit that is odd.
  const drop = Math.max(size.toString(2).length - 40, 0);
  const kept = size >> BigInt(drop);
  const odd = kept << BigInt(drop) === size ? kept : kept | 1n;
  const float = fround(Number(odd) * 2 ** (drop - 149));
  if (sum === 0n) return fround(q * scale + bias);
  return sum < 0n ? -float : float;
}

/** A finite float in units of 2^-149. */
function units(x: number): bigint {
  const [bits] = new Uint32Array(Float32Array.of(x).buffer);
  const exponent = (bits >>> 23) & 255;
  const mantissa = BigInt(bits & 0x7fffff) + (exponent > 0 ? 0x800000n : 0n);
  const size = mantissa << BigInt(Math.max(exponent - 1, 0));
  return bits >>> 31 ? -size : size;
}

/** A score as it is added up: column d in sum d % 4, but what is behind the last four in sum 0. */
export function score(metric: "dot" | "l2", query: ArrayLike<number>, row: ArrayLike<number>): number {
  const sums = [0, 0, 0, 0];
  for (let d = 0; d < row.length; d++) {
    const lane = d < (row.length & ~3) ? d % 4 : 0;
    const difference = fround(query[d] - row[d]);
    const term = metric === "dot" ? fround(query[d] * row[d]) : fround(difference * difference);
    sums[lane] = fround(sums[lane] + term);
  }
  const total = fround(fround(sums[0] + sums[2]) + fround(sums[1] + sums[3]));
  return metric === "dot" ? total : -fround(Math.sqrt(total));
}

/** The places of the k largest scores, the lower of equals first; NaN is the smallest. */
export function best(scores: ArrayLike<number>, k: number): number[] {
  const order = Array.from(scores, (value) => (Number.isNaN(value) ? -Infinity : value));
  return [...order.keys()].sort((a, b) => (order[a] === order[b] ? a - b : order[a] < order[b] ? 1 : -1)).slice(0, k);
}
