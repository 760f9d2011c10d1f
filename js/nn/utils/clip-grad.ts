import { checkBoolean, checkNumber, checkOptions, describe, wrongKind } from "../../check.js";
import { clampGradient, gradientNorm, normOfNorms, scaleGradient } from "../../tensor/gradients.js";
import { checkRows } from "../../tensor/rows.js";
import { SparseTensor } from "../../tensor/sparse-tensor.js";
import { Tensor } from "../../tensor/tensor.js";

/** One parameter or several. */
export type Params = Tensor | Iterable<Tensor>;

/**
 * Multiplies all gradients by min(1, maxNorm / (norm + 1e-6)); norm is the norm of all their elements together and is returned.
 * normType: 2 unless given, 1, Infinity or any p > 0. A gradient that is not finite makes all of them 0 or NaN, or is an Error
 * with `errorIfNonfinite`. A gradient keeps its form: of sparse ones and of those of an Embedding only the rows present are
 * visited, but NaN goes into all rows of the latter. Error for a generator that is used up.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 */
export function clipGradNorm_(
  params: Params,
  maxNorm: number,
  options: { normType?: number; errorIfNonfinite?: boolean } = {},
): number {
  checkOptions("clipGradNorm_", options, ["normType", "errorIfNonfinite"]);
  const { normType = 2, errorIfNonfinite = false } = options;
  checkLimit("clipGradNorm_", "maxNorm", maxNorm);
  checkNumber("clipGradNorm_", "normType", normType);
  if (!(normType > 0)) throw new RangeError(`clipGradNorm_: normType must be > 0, but got ${normType}`);
  checkBoolean("clipGradNorm_", "errorIfNonfinite", errorIfNonfinite);
  const wanted = withGradients("clipGradNorm_", params);
  const total = normOfNorms(
    wanted.map(({ gradient }) => gradientNorm(gradient!, normType)),
    normType,
  );
  if (errorIfNonfinite && !Number.isFinite(total)) {
    const order = normType === Infinity ? "inf" : Number.isInteger(normType) ? `${normType}.0` : normType;
    throw new Error(
      `clipGradNorm_: The total norm of order ${order} for gradients from \`parameters\` is non-finite, so it cannot be ` +
        "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set errorIfNonfinite: false",
    );
  }
  const factor = maxNorm / (total + 1e-6);
  for (const param of factor >= 1 ? [] : wanted) {
    // NaN makes NaN of zeros too: reading the gradient of an Embedding writes those out.
    if (Number.isNaN(factor)) void param.grad;
    scaleGradient(param, factor);
  }
  return total;
}

/**
 * Brings every element of every gradient into [-clipValue, clipValue], clipValue >= 0. A sparse gradient is coalesced first.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
 */
export function clipGradValue_(params: Params, clipValue: number): void {
  checkLimit("clipGradValue_", "clipValue", clipValue);
  for (const param of withGradients("clipGradValue_", params)) clampGradient(param, clipValue);
}

function checkLimit(operation: string, argument: string, value: unknown): void {
  checkNumber(operation, argument, value);
  if (!(value >= 0)) throw new RangeError(`${operation}: ${argument} must be >= 0, but got ${value}`);
}

/** The parameters that have a gradient, each once, after all of them have been checked. */
function withGradients(operation: string, params: Params): Tensor[] {
  const several = params instanceof Tensor ? [params] : params;
  if (typeof several?.[Symbol.iterator] !== "function") {
    throw wrongKind(operation, "params", "a Tensor or an iterable of Tensors", params);
  }
  const all = new Set(several);
  // PyTorch warns: the optimizer, say, has used it up.
  if (all.size === 0 && (several as Partial<Iterator<Tensor>>).next) {
    throw new Error(`${operation}: \`parameters\` is an empty generator, no gradient clipping would occur`);
  }
  for (const param of all) {
    if (!(param instanceof Tensor)) {
      throw new TypeError(`${operation}: argument 'params' must contain Tensors, but found ${describe(param)}`);
    }
    const { gradient } = param;
    if (gradient instanceof SparseTensor) checkRows(operation, gradient.indices, param.shape[0]);
  }
  return [...all].filter((param) => param.gradient !== null);
}
