import { bytesOf } from "./lanes";
import { power } from "./math";
import { norm } from "./norm";

/** out[i] = the p-norm of x[i, :]; x is rows x dim. */
export function rowNorms(out: usize, x: usize, rows: i32, dim: i32, p: f64): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += 4, x += rowBytes) store<f32>(out, <f32>norm(x, dim, p));
}

/** out[i, :] = grad[i] * (|x[i, :]| / norms[i])^(p - 1) with the sign of x, 0 where the norm is 0: for finite p except 0. */
export function rowNormsBackward(out: usize, x: usize, norms: usize, grad: usize, rows: i32, dim: i32, p: f64): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, norms += 4, grad += 4) {
    const length = <f64>load<f32>(norms);
    const factor = <f64>load<f32>(grad);
    for (const end = out + rowBytes; out < end; out += 4, x += 4) {
      const value = <f64>load<f32>(x);
      const ratio = length == 0 ? 0 : abs(value) / length;
      const slope = ratio > 0 ? power(ratio, p - 1) : ratio;
      store<f32>(out, <f32>(factor * copysign<f64>(slope, value)));
    }
  }
}
