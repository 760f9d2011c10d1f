// A loop over floats is written once, as a step over Lanes: Four for the body of a row, One for what is left of it.
// The type parameter is resolved at compile time; no Lanes object ever exists.

/** How a step touches memory: four floats at once, or one float in lane 0 (the other lanes read as 0). */
export interface Lanes {
  load(at: usize): v128;
  store(at: usize, x: v128): void;
}

export class Four implements Lanes {
  load(at: usize): v128 {
    return v128.load(at);
  }
  store(at: usize, x: v128): void {
    v128.store(at, x);
  }
}

export class One implements Lanes {
  load(at: usize): v128 {
    return v128.load32_zero(at);
  }
  store(at: usize, x: v128): void {
    v128.store32_lane(at, x, 0);
  }
}

/** Bytes of n floats. */
export function bytesOf(n: i32): usize {
  return (<usize>n) << 2;
}

/** Bytes of the floats that come in fours. */
export function bytesOfFours(n: i32): usize {
  return (<usize>(n & ~3)) << 2;
}

/** a * b + c rounded once: f64 holds the product of two floats exactly. */
export function fma(a: v128, b: v128, c: v128): v128 {
  const low = f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)), f64x2.promote_low_f32x4(c));
  const high = f64x2.add(f64x2.mul(promoteHigh(a), promoteHigh(b)), promoteHigh(c));
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** Lanes 2 and 3 as doubles. */
export function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 0));
}
