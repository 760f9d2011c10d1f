import { abs, each, fround, type Numbers, sqrt } from "./common.js";

// ---- elementwise: float64 results, one rounding away from float32 ----

/** a + b, a - b, a * b, a / b */
export const add = each((a: number, b: number) => a + b);
export const sub = each((a: number, b: number) => a - b);
export const mul = each((a: number, b: number) => a * b);
export const div = each((a: number, b: number) => a / b);

/** x * factor + term, the product rounded first. */
export const affine = (x: Numbers, factor: number, term: number) =>
  each((x: number) => fround(x * fround(factor)) + fround(term))(x);

/** x / divisor */
export const divideScalar = (x: Numbers, divisor: number) => each((x: number) => x / fround(divisor))(x);

/** The nearest number in [low, high]; NaN for NaN. */
export const clamp = (x: Numbers, low: number, high: number) =>
  each((x: number) => Math.min(Math.max(x, fround(low)), fround(high)))(x);

/** alpha * a + beta * b, both products rounded first. */
export const combine = (a: Numbers, b: Numbers, alpha: number, beta: number) =>
  each((a: number, b: number) => fround(fround(alpha) * a) + fround(fround(beta) * b))(a, b);

/** The square root, e^x, the natural logarithm. */
export const squareRoot = each(sqrt);
export const exp = each(Math.exp);
export const log = each(Math.log);

/** a + b, a - b, a * b, x * factor + term modulo 2^32. */
const int32 = (x: bigint) => Number(BigInt.asIntN(32, x));
export const addIntegers = each((a: number, b: number) => int32(BigInt(a) + BigInt(b)));
export const subIntegers = each((a: number, b: number) => int32(BigInt(a) - BigInt(b)));
export const mulIntegers = each((a: number, b: number) => int32(BigInt(a) * BigInt(b)));
export const affineIntegers = (x: Numbers, factor: number, term: number) =>
  each((x: number) => int32(BigInt(x) * BigInt(factor) + BigInt(term)))(x);

/** max(x, 0), and its gradient from its result. */
export const relu = each((x: number) => (x < 0 ? 0 : x));
export const reluBackward = each((y: number, grad: number) => (y <= 0 ? 0 : grad));

/** The logistic function and the hyperbolic tangent. */
export const sigmoids = each((x: number) => sigmoid(x));
export const tanh = each(Math.tanh);

/** out[i, :] = x[i, :] * scale[i] */
export const scaleRows = (x: Numbers, scale: Numbers, dim: number) =>
  Float64Array.from(x, (value, k) => value * scale[Math.floor(k / dim)]);

// ---- losses, in float64 ----

/** log(1 + e^x) without overflow. */
export const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-abs(x)));

/** 1 / (1 + e^-x) */
export const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** log sigmoid(x) = -softplus(-x), and its gradient grad * (1 - sigmoid(x)) = grad * sigmoid(-x). */
export const logSigmoid = each((x: number) => -softplus(-x));
export const logSigmoidBackward = each((x: number, grad: number) => grad * sigmoid(-x));

/** -(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))) = softplus(x) - x t, and its gradient grad * (sigmoid(x) - t). */
export const crossEntropyWithLogits = each((x: number, target: number) => softplus(x) - x * target);
export const crossEntropyWithLogitsBackward = each(
  (x: number, target: number, grad: number) => grad * (sigmoid(x) - target),
);
