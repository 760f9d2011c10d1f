import { decayRow, logistic } from "./exponential";
import { bytesOf } from "./lanes";

// softplus(x) = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which neither overflows nor loses small values.
// e^-|x| is put into out first, so out is none of the inputs.

/** out[j] = log(1 / (1 + e^-x[j])) = -softplus(-x[j]) */
export function logSigmoid(out: usize, x: usize, n: i32): void {
  decayRow(out, x, n, 1);
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4) {
    store<f32>(out, min<f32>(load<f32>(x), 0) - <f32>NativeMath.log1p(load<f32>(out)));
  }
}

/** out[j] = grad[j] * (1 - sigmoid(x[j])): the gradient of logSigmoid. */
export function logSigmoidBackward(out: usize, x: usize, grad: usize, n: i32): void {
  decayRow(out, x, n, 1);
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4, grad += 4) {
    store<f32>(out, load<f32>(grad) * logistic(-load<f32>(x), load<f32>(out)));
  }
}

/** out[j] = softplus(x[j]) - x[j] * target[j]: binary cross entropy of sigmoid(x) against target. */
export function crossEntropyWithLogits(out: usize, x: usize, target: usize, n: i32): void {
  decayRow(out, x, n, 1);
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4, target += 4) {
    const logit = load<f32>(x);
    // The small part comes last: beside a large logit that its target cancels it is all that remains.
    store<f32>(out, max<f32>(logit, 0) - logit * load<f32>(target) + <f32>NativeMath.log1p(load<f32>(out)));
  }
}

/** out[j] = grad[j] * (sigmoid(x[j]) - target[j]): the gradient of crossEntropyWithLogits. */
export function crossEntropyWithLogitsBackward(out: usize, x: usize, target: usize, grad: usize, n: i32): void {
  decayRow(out, x, n, 1);
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4, target += 4, grad += 4) {
    store<f32>(out, load<f32>(grad) * (logistic(load<f32>(x), load<f32>(out)) - load<f32>(target)));
  }
}
