import { Binary, binary, plain, Unary } from "./each";
import { bySign, decayRow, logistic } from "./exponential";
import { bytesOf } from "./lanes";

/** out[j] = max(x[j], 0); -0 and NaN stay what they are. out may be x. */
export function relu(out: usize, x: usize, n: i32): void {
  plain<Relu>(out, x, n);
}

/** out[j] = grad[j] unless y[j] = relu(x[j]) is 0, then 0. */
export function reluBackward(out: usize, y: usize, grad: usize, n: i32): void {
  binary<ReluBackward>(out, y, grad, n);
}

class Relu implements Unary {
  of(x: v128, u: v128, v: v128): v128 {
    return f32x4.pmax(x, f32x4.splat(0));
  }
}

class ReluBackward implements Binary {
  of(y: v128, grad: v128): v128 {
    return v128.andnot(grad, f32x4.le(y, f32x4.splat(0)));
  }
}

/** out[j] = 1 / (1 + e^-x[j]) */
export function sigmoid(out: usize, x: usize, n: i32): void {
  decayRow(out, x, n, 1);
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4) {
    store<f32>(out, logistic(load<f32>(x), load<f32>(out)));
  }
}

/** out[j] = the hyperbolic tangent of x[j] */
export function tanh(out: usize, x: usize, n: i32): void {
  decayRow(out, x, n, 2);
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4) {
    store<f32>(out, tangent(load<f32>(x), load<f32>(out)));
  }
}

/** From x and e = e^-2|x|: 1 - 2 e / (1 + e), or near 0, where that loses digits, |x| + |x|^3 P(x^2), with the sign of x. */
function tangent(x: f32, e: f32): f32 {
  const a = abs(x);
  const z = a * a;
  const p: f32 = (((-0.005704985 * z + 0.020639086) * z - 0.053739715) * z + 0.13331442) * z - 0.3333328;
  return copysign<f32>(bySign(a - 0.625, a + a * z * p, 1 - (e + e) / (1 + e)), x);
}
