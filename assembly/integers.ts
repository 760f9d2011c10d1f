import { Binary, binary, Unary, unary } from "./each";

// int32 arithmetic wraps around, as PyTorch's does. out may be an input.

/** out[j] = a[j] + b[j] */
export function addIntegers(out: usize, a: usize, b: usize, n: i32): void {
  binary<Add>(out, a, b, n);
}

/** out[j] = a[j] - b[j] */
export function subIntegers(out: usize, a: usize, b: usize, n: i32): void {
  binary<Sub>(out, a, b, n);
}

/** out[j] = a[j] * b[j] */
export function mulIntegers(out: usize, a: usize, b: usize, n: i32): void {
  binary<Mul>(out, a, b, n);
}

/** out[j] = x[j] * factor + term */
export function affineIntegers(out: usize, x: usize, n: i32, factor: i32, term: i32): void {
  unary<Affine>(out, x, n, i32x4.splat(factor), i32x4.splat(term));
}

class Add implements Binary {
  of(a: v128, b: v128): v128 {
    return i32x4.add(a, b);
  }
}

class Sub implements Binary {
  of(a: v128, b: v128): v128 {
    return i32x4.sub(a, b);
  }
}

class Mul implements Binary {
  of(a: v128, b: v128): v128 {
    return i32x4.mul(a, b);
  }
}

class Affine implements Unary {
  of(x: v128, u: v128, v: v128): v128 {
    return i32x4.add(i32x4.mul(x, u), v);
  }
}
