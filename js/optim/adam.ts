import { checkBoolean, checkNumber, wrongKind } from "../check.js";
import { tidy } from "../tensor/scope.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { keep, owned, type Tensor } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import { checkNotNegative, Optimizer } from "./optimizer.js";
import type { Slots } from "./state-dict.js";
import { decayed, denseGradient, spans, summedRows } from "./steps.js";

export interface AdamOptions {
  /** Learning rate, >= 0. 0.001 unless given. */
  lr: number;
  /** Of the averages of the gradient and of its square, each in [0, 1). [0.9, 0.999] unless given. */
  betas: readonly [number, number];
  /** 1e-8 unless given. */
  eps: number;
  /** 0 for Adam and 0.01 for AdamW unless given. */
  weightDecay: number;
  /** Divides by the largest average square so far. false unless given. */
  amsgrad: boolean;
  /** Climbs instead of descending. false unless given. */
  maximize: boolean;
  /** The decay shrinks the parameter instead of joining the gradient; AdamW is Adam with this. false for Adam unless given. */
  decoupledWeightDecay: boolean;
}

const DEFAULTS: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
  decoupledWeightDecay: false,
};

interface AdamState {
  step: number;
  expAvg: Tensor;
  expAvgSq: Tensor;
  /** Once amsgrad has been on. */
  maxExpAvgSq?: Tensor;
}

/**
 * Adam: m += (1 - beta1) * (g - m); v = beta2 * v + (1 - beta2) * g^2; p -= lr * m' / (sqrt(v') + eps) with m' = m / (1 - beta1^t)
 * and v' = v / (1 - beta2^t), with amsgrad the largest v so far. g = gradient + weightDecay * p, or the decay is decoupled:
 * p *= 1 - lr * weightDecay. Every row moves, looked up or not: a large table learns faster with SparseAdam.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends Optimizer<AdamOptions, AdamState> {
  protected typeName(): string {
    return "Adam";
  }

  protected usualOptions(): AdamOptions {
    return DEFAULTS;
  }

  protected slots({ shape }: Tensor, { amsgrad }: AdamOptions): Slots {
    return { step: null, expAvg: { shape }, expAvgSq: { shape }, maxExpAvgSq: { shape, optional: !amsgrad } };
  }

  protected checkValues({ lr, eps, betas, weightDecay, ...switches }: AdamOptions): void {
    checkNotNegative("learning rate", lr);
    checkNotNegative("epsilon value", eps);
    checkBetas(this.typeName(), betas);
    checkNotNegative("weight_decay value", weightDecay);
    checkBoolean(this.typeName(), "amsgrad", switches.amsgrad);
    checkBoolean(this.typeName(), "maximize", switches.maximize);
    checkBoolean(this.typeName(), "decoupledWeightDecay", switches.decoupledWeightDecay);
  }

  protected checkGradient(param: Tensor): void {
    if (param.gradient instanceof SparseTensor) {
      throw new Error("Adam does not support sparse gradients, please consider SparseAdam instead");
    }
  }

  protected update(param: Tensor, options: AdamOptions): void {
    const { lr, betas, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay: decoupled } = options;
    const [beta1, beta2] = betas;
    tidy(() => {
      const g = decayed(param, denseGradient(param), decoupled ? 0 : weightDecay, maximize);
      const state: AdamState = this.state.get(param) ?? firstState(param);
      this.state.set(param, state);
      if (amsgrad) state.maxExpAvgSq ??= zeros(param);
      const { expAvg: m, expAvgSq: v, maxExpAvgSq: highest } = state;
      const peak = amsgrad ? highest! : v;
      state.step++;
      const decay = decoupled ? 1 - lr * weightDecay : 1;
      const rate = lr / (1 - power(beta1, state.step));
      const correction = Math.sqrt(1 - power(beta2, state.step));
      for (const [first, n] of spans(param)) {
        const [p, average, square, top, grad] = [param, m, v, peak, g].map((tensor) => tensor.addressAt(first));
        kernels.adam(p, average, square, top, grad, n, decay, 1 - beta1, beta2, 1 - beta2, rate, correction, eps);
      }
    });
  }
}

/**
 * Adam with decoupled weight decay, 0.01 unless given: p *= 1 - lr * weightDecay before each step.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export class AdamW extends Adam {
  protected override typeName(): string {
    return "AdamW";
  }

  protected override usualOptions(): AdamOptions {
    return { ...DEFAULTS, weightDecay: 1e-2, decoupledWeightDecay: true };
  }

  protected override checkValues(options: AdamOptions): void {
    super.checkValues(options);
    if (!options.decoupledWeightDecay) {
      throw new Error(
        "AdamW: decoupled_weight_decay is false, but AdamW decays apart from the gradient; Adam does not",
      );
    }
  }
}

export interface SparseAdamOptions {
  /** Learning rate, > 0. 0.001 unless given. */
  lr: number;
  /** Of the averages of the gradient and of its square, each in [0, 1). [0.9, 0.999] unless given. */
  betas: readonly [number, number];
  /** > 0. 1e-8 unless given. */
  eps: number;
  /** Climbs instead of descending. false unless given. */
  maximize: boolean;
  /** Not in PyTorch: rows shrink by 1 - lr * weightDecay whenever they are touched. 0 unless given. */
  weightDecay: number;
}

/**
 * Adam for sparse gradients, on the rows touched: m += (1 - beta1) * (g - m); v += (1 - beta2) * (g^2 - v);
 * p -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps), where t counts all steps. The other rows and their
 * averages stay. weightDecay is decoupled and lazy: p *= 1 - lr * weightDecay on the rows touched, before the update.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html
 */
export class SparseAdam extends Optimizer<SparseAdamOptions, AdamState> {
  protected typeName(): string {
    return "SparseAdam";
  }

  protected usualOptions(): SparseAdamOptions {
    return { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, maximize: false, weightDecay: 0 };
  }

  protected slots({ shape }: Tensor): Slots {
    return { step: null, expAvg: { shape }, expAvgSq: { shape } };
  }

  protected checkValues({ lr, eps, betas, maximize, weightDecay }: SparseAdamOptions): void {
    checkPositive("learning rate", lr);
    checkPositive("epsilon value", eps);
    checkBetas("SparseAdam", betas);
    checkBoolean("SparseAdam", "maximize", maximize);
    checkNotNegative("weight_decay value", weightDecay);
  }

  protected checkGradient(param: Tensor): void {
    if (!(param.gradient instanceof SparseTensor)) {
      throw new Error("SparseAdam does not support dense gradients, please consider Adam instead");
    }
  }

  protected update(param: Tensor, { lr, betas, eps, maximize, weightDecay }: SparseAdamOptions): void {
    const [beta1, beta2] = betas;
    tidy(() => {
      const { rows, sums } = summedRows(param.gradient as SparseTensor);
      const g = decayed(sums, sums, 0, maximize);
      const state = this.state.get(param) ?? firstState(param);
      this.state.set(param, state);
      state.step++;
      const rate = (lr * Math.sqrt(1 - power(beta2, state.step))) / (1 - power(beta1, state.step));
      kernels.sparseAdam(
        param.address,
        state.expAvg.address,
        state.expAvgSq.address,
        g.address,
        rows.address,
        rows.numel,
        param.shape[1],
        1 - lr * weightDecay,
        1 - beta1,
        1 - beta2,
        rate,
        eps,
      );
    });
  }
}

function firstState(param: Tensor): AdamState {
  return { step: 0, expAvg: zeros(param), expAvgSq: zeros(param) };
}

/** Zeros that stay. */
function zeros({ shape }: Tensor): Tensor {
  return keep(owned(shape)).zero_();
}

function checkPositive(name: string, value: unknown): void {
  checkNotNegative(name, value);
  if (value === 0) throw new RangeError(`Invalid ${name}: 0`);
}

function checkBetas(operation: string, betas: unknown): void {
  if (!Array.isArray(betas) || betas.length !== 2) {
    throw wrongKind(operation, "betas", "an array of two numbers", betas);
  }
  betas.forEach((beta: unknown, i) => {
    checkNumber(operation, `betas[${i}]`, beta);
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`Invalid beta parameter at index ${i}: ${beta}`);
  });
}

/** x^n for a whole n >= 0, by repeated squaring: engines disagree on their own power function. */
function power(x: number, n: number): number {
  let product = 1;
  for (let square = x, rest = n; rest > 0; square *= square, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product *= square;
  }
  return product;
}
