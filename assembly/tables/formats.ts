import { bytesOf } from "../lanes";
import { widenBfloat16, widenFloat16 } from "./half-lanes";

// How the numbers of a row lie in memory: Plain as float32, the others packed. Resolved at compile time like Lanes.
// A number is q * scale + bias, product and sum each rounded; halves are numbers by themselves.

export interface Format {
  rowBytes(dim: i32): usize;
  /** The factors of four neighbours. */
  scale(row: usize, dim: i32): v128;
  bias(row: usize, dim: i32): v128;
  /** The numbers d .. d + 3 of a row, d a multiple of 4. */
  four(row: usize, d: i32, scale: v128, bias: v128): v128;
  /** Number d in lane 0, beside zeros. */
  one(row: usize, d: i32, scale: v128, bias: v128): v128;
}

/** Numbers without factors. */
class Bare {
  scale(row: usize, dim: i32): v128 {
    return i64x2.splat(0);
  }
  bias(row: usize, dim: i32): v128 {
    return i64x2.splat(0);
  }
}

export class Plain extends Bare implements Format {
  rowBytes(dim: i32): usize {
    return bytesOf(dim);
  }
  four(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return v128.load(row + bytesOf(d));
  }
  one(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return v128.load32_zero(row + bytesOf(d));
  }
}

/** IEEE half precision. */
export class Float16 extends Bare implements Format {
  rowBytes(dim: i32): usize {
    return (<usize>dim) << 1;
  }
  four(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return widenFloat16(v128.load16x4_u(row + ((<usize>d) << 1)));
  }
  one(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return widenFloat16(inLane0(load<u16>(row + ((<usize>d) << 1))));
  }
}

/** The upper half of a float32. */
export class Bfloat16 extends Bare implements Format {
  rowBytes(dim: i32): usize {
    return (<usize>dim) << 1;
  }
  four(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return widenBfloat16(v128.load16x4_u(row + ((<usize>d) << 1)));
  }
  one(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return widenBfloat16(inLane0(load<u16>(row + ((<usize>d) << 1))));
  }
}

/** dim bytes, then scale and bias as float32. */
export class Int8 implements Format {
  rowBytes(dim: i32): usize {
    return <usize>dim + 8;
  }
  scale(row: usize, dim: i32): v128 {
    return v128.load32_splat(row + <usize>dim);
  }
  bias(row: usize, dim: i32): v128 {
    return v128.load32_splat(row + <usize>dim, 4);
  }
  four(row: usize, d: i32, scale: v128, bias: v128): v128 {
    return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(fourBytes(row + <usize>d)), scale), bias);
  }
  one(row: usize, d: i32, scale: v128, bias: v128): v128 {
    const q = f32x4.convert_i32x4_s(inLane0(load<u8>(row + <usize>d)));
    return v128.and(f32x4.add(f32x4.mul(q, scale), bias), inLane0(-1));
  }
}

/** dim / 2 bytes, the even column in the lower four bits, then scale and bias as float16. The product is exact. */
export class Int4 implements Format {
  rowBytes(dim: i32): usize {
    return (<usize>dim >> 1) + 4;
  }
  /** Four numbers lie in 16 bits and are taken where they stand: 16, 256 and 4096 times too large. */
  scale(row: usize, dim: i32): v128 {
    return f32x4.mul(halfSplat(row + (<usize>dim >> 1)), f32x4(1, 0.0625, 0.00390625, 0.000244140625));
  }
  bias(row: usize, dim: i32): v128 {
    return halfSplat(row + (<usize>dim >> 1) + 2);
  }
  four(row: usize, d: i32, scale: v128, bias: v128): v128 {
    const q = v128.and(v128.load16_splat(row + (<usize>d >> 1)), i32x4(0xf, 0xf0, 0xf00, 0xf000));
    return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(q), scale), bias);
  }
  one(row: usize, d: i32, scale: v128, bias: v128): v128 {
    const q = (<i32>load<u8>(row + (<usize>d >> 1)) >> ((d & 1) << 2)) & 15;
    return v128.and(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(inLane0(q)), scale), bias), inLane0(-1));
  }
}

/** Four bytes as integers. */
function fourBytes(at: usize): v128 {
  return i8x16.swizzle(v128.load32_zero(at), i8x16(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1));
}

function inLane0(x: i32): v128 {
  return i32x4.replace_lane(i64x2.splat(0), 0, x);
}

function halfSplat(at: usize): v128 {
  return widenFloat16(i32x4.splat(load<u16>(at)));
}
