// float16 and bfloat16, four at a time: a lane of 32 bits holds either a float32 or the 16 bits of a narrow number.

/** float32 from float16: exact. */
export function widenFloat16(h: v128): v128 {
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  // The exponent is 112 too small, with subnormals too: a product puts both right.
  const finite = f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(239 << 23)));
  const special = i32x4.gt_s(magnitude, i32x4.splat(0x7bff << 13));
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  return v128.or(v128.or(finite, sign), v128.and(special, i32x4.splat(0x7f800000)));
}

/** float32 from bfloat16, its upper half: exact. */
export function widenBfloat16(b: v128): v128 {
  return i32x4.shl(b, 16);
}

/** float16 from float32, to nearest and ties to even; NaN becomes 0x7e00 with its sign. */
export function narrowFloat16(x: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const rebiased = i32x4.sub(upperRounded(magnitude, 13), i32x4.splat(112 << 10));
  const normal = i32x4.min_u(rebiased, i32x4.splat(0x7c00));
  // Beside a half, float32 counts in steps of 2^-24, as the subnormals of float16 do.
  const half = f32x4.splat(0.5);
  const subnormal = i32x4.sub(f32x4.add(magnitude, half), half);
  const isSubnormal = i32x4.lt_s(magnitude, i32x4.splat(113 << 23));
  const finite = v128.bitselect(subnormal, normal, isSubnormal);
  const sign = v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000));
  return v128.or(sign, v128.bitselect(i32x4.splat(0x7e00), finite, isNaNMagnitude(magnitude)));
}

/** bfloat16 from float32, to nearest and ties to even; NaN becomes 0x7fc0. */
export function narrowBfloat16(x: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  return v128.bitselect(i32x4.splat(0x7fc0), upperRounded(x, 16), isNaNMagnitude(magnitude));
}

/** The bits from `drop` on, rounded to nearest by those below, ties to even. */
function upperRounded(x: v128, drop: i32): v128 {
  const odd = v128.and(i32x4.shr_u(x, drop), i32x4.splat(1));
  const halfway = i32x4.splat((1 << (drop - 1)) - 1);
  return i32x4.shr_u(i32x4.add(i32x4.add(x, halfway), odd), drop);
}

function isNaNMagnitude(magnitude: v128): v128 {
  return i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
}
