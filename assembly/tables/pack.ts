import { bytesOf } from "../lanes";
import { narrowBfloat16, narrowFloat16, widenFloat16 } from "./half-lanes";

// float32 rows become packed ones, with the bytes of PyTorch. Each kernel returns the first row that cannot be packed, -1 if
// all can: every number, and what is stored beside them, has to be finite.

/** What torch adds to a range before it divides by it: rows that vary by less than that come out coarse. */
const EPSILON: f32 = 1e-8;

/** q = rint((x - min) * (255 / (max - min + 1e-8))), scale = (max - min) / 255, bias = min; by row. */
export function packInt8(out: usize, x: usize, rows: i32, dim: i32): i32 {
  for (let r = 0; r < rows; r++, x += bytesOf(dim), out += <usize>dim + 8) {
    const low = leastOf(x, dim);
    const range = greatestOf(x, dim) - low;
    if (!(range < Infinity) || !isFiniteRow(x, dim)) return r;
    const inverse = <f32>255 / (range + EPSILON);
    for (let d = 0; d < dim; d++) {
      store<u8>(out + <usize>d, <i32>nearest<f32>((load<f32>(x + bytesOf(d)) - low) * inverse));
    }
    store<f32>(out + <usize>dim, range / 255);
    store<f32>(out + <usize>dim, low, 4);
  }
  return -1;
}

/** q = rint((x - bias) * (1 / scale)) in [0, 15], scale = (max - bias) / 15 and bias = min as float16; by row. */
export function packInt4(out: usize, x: usize, rows: i32, dim: i32): i32 {
  const bytes = <usize>dim >> 1;
  for (let r = 0; r < rows; r++, x += bytesOf(dim), out += bytes + 4) {
    const bias = toHalf(leastOf(x, dim));
    const low = halfValue(bias);
    const range = greatestOf(x, dim) - low;
    let scale = range == 0 ? ONE_HALF : toHalf(range / 15);
    if ((scale & 0x7fff) == 0) scale = ONE_HALF;
    if (isEndless(bias) || isEndless(scale) || !isFiniteRow(x, dim)) return r;
    const inverse = <f32>1 / halfValue(scale);
    for (let d = 0; d < dim; d += 2) {
      const even = fourBits((load<f32>(x + bytesOf(d)) - low) * inverse);
      const odd = fourBits((load<f32>(x + bytesOf(d), 4) - low) * inverse);
      store<u8>(out + (<usize>d >> 1), even | (odd << 4));
    }
    store<u16>(out + bytes, scale);
    store<u16>(out + bytes, bias, 2);
  }
  return -1;
}

/** Rounded to float16, ties to even; by row. */
export function packFloat16(out: usize, x: usize, rows: i32, dim: i32): i32 {
  for (let r = 0; r < rows; r++) {
    for (let d = 0; d < dim; d++, x += 4, out += 2) {
      const half = toHalf(load<f32>(x));
      if (isEndless(half)) return r;
      store<u16>(out, half);
    }
  }
  return -1;
}

/** Rounded to bfloat16, ties to even; by row. */
export function packBfloat16(out: usize, x: usize, rows: i32, dim: i32): i32 {
  for (let r = 0; r < rows; r++) {
    for (let d = 0; d < dim; d++, x += 4, out += 2) {
      const half: u32 = i32x4.extract_lane(narrowBfloat16(v128.load32_splat(x)), 0);
      if ((half & 0x7f80) == 0x7f80) return r;
      store<u16>(out, half);
    }
  }
  return -1;
}

/** 1 as float16. */
const ONE_HALF: u32 = 0x3c00;

/** The bits of x rounded to float16, ties to even; infinite from 65520. */
function toHalf(x: f32): u32 {
  return i32x4.extract_lane(narrowFloat16(f32x4.splat(x)), 0);
}

function halfValue(half: u32): f32 {
  return f32x4.extract_lane(widenFloat16(i32x4.splat(half)), 0);
}

function isEndless(half: u32): bool {
  return (half & 0x7c00) == 0x7c00;
}

function fourBits(x: f32): i32 {
  return <i32>max<f32>(0, min<f32>(15, nearest<f32>(x)));
}

function isFiniteRow(x: usize, dim: i32): bool {
  for (const end = x + bytesOf(dim); x < end; x += 4) if (!(abs(load<f32>(x)) < Infinity)) return false;
  return true;
}

/** The first of the smallest; 0 of none. */
function leastOf(x: usize, dim: i32): f32 {
  if (dim == 0) return 0;
  let least = load<f32>(x);
  for (const end = x + bytesOf(dim); x < end; x += 4) if (load<f32>(x) < least) least = load<f32>(x);
  return least;
}

function greatestOf(x: usize, dim: i32): f32 {
  if (dim == 0) return 0;
  let greatest = load<f32>(x);
  for (const end = x + bytesOf(dim); x < end; x += 4) if (load<f32>(x) > greatest) greatest = load<f32>(x);
  return greatest;
}
