import { bytesOf } from "./lanes";

// softplus(x) = log(1 + e^x), written so that it neither overflows nor loses small values.

/** out[j] = log(1 / (1 + e^-x[j])) = -softplus(-x[j]) */
export function logSigmoid(out: usize, x: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4) store<f32>(out, -softplus(-load<f32>(x)));
}

/** out[j] = grad[j] * (1 - sigmoid(x[j])): the gradient of logSigmoid. */
export function logSigmoidBackward(out: usize, x: usize, grad: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4, grad += 4) {
    store<f32>(out, load<f32>(grad) * sigmoid(-load<f32>(x)));
  }
}

/** out[j] = softplus(x[j]) - x[j] * target[j]: binary cross entropy of sigmoid(x) against target. */
export function crossEntropyWithLogits(out: usize, x: usize, target: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4, target += 4) {
    const logit = load<f32>(x);
    // The small part comes last: beside a large logit that its target cancels it is all that remains.
    store<f32>(out, max<f32>(logit, 0) - logit * load<f32>(target) + excess(logit));
  }
}

/** out[j] = grad[j] * (sigmoid(x[j]) - target[j]): the gradient of crossEntropyWithLogits. */
export function crossEntropyWithLogitsBackward(out: usize, x: usize, target: usize, grad: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4, target += 4, grad += 4) {
    store<f32>(out, load<f32>(grad) * (sigmoid(load<f32>(x)) - load<f32>(target)));
  }
}

function softplus(x: f32): f32 {
  return max<f32>(x, 0) + excess(x);
}

/** softplus(x) - max(x, 0) = log(1 + e^-|x|) */
function excess(x: f32): f32 {
  return Mathf.log1p(Mathf.exp(-abs(x)));
}

/** 1 / (1 + e^-x) from an exponential that cannot overflow. */
function sigmoid(x: f32): f32 {
  const e = Mathf.exp(-abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}
