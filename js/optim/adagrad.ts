import { checkBoolean, type Shape, sizeText } from "../check.js";
import { TouchedRows } from "../tensor/gradients.js";
import { tidy } from "../tensor/scope.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { keep, owned, type Tensor } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import { checkNotNegative, Optimizer } from "./optimizer.js";
import type { Slots } from "./state-dict.js";
import { decayed, denseGradient, spans, summedRows } from "./steps.js";

export interface AdagradOptions {
  /** Learning rate, >= 0. 0.01 unless given. */
  lr: number;
  /** lr / (1 + (t - 1) * lrDecay) is the rate of step t, >= 0. 0 unless given. */
  lrDecay: number;
  /** Adds weightDecay * p to the gradient, >= 0. 0 unless given. */
  weightDecay: number;
  /** What the sums of squares start from, >= 0. 0 unless given. */
  initialAccumulatorValue: number;
  /** >= 0. 1e-10 unless given. */
  eps: number;
  /** Climbs instead of descending. false unless given. */
  maximize: boolean;
}

const DEFAULTS: AdagradOptions = {
  lr: 1e-2,
  lrDecay: 0,
  weightDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
  maximize: false,
};

interface AdagradState {
  step: number;
  sum: Tensor;
}

/**
 * Adagrad: sum += g^2; p -= lr / (1 + (t - 1) * lrDecay) * g / (sqrt(sum) + eps), g = gradient + weightDecay * p.
 * Sparse gradients, and dense ones of an Embedding without weightDecay and maximize, cost what the batch touched.
 * weightDecay needs a dense gradient. https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
 */
export class Adagrad extends Optimizer<AdagradOptions, AdagradState> {
  protected typeName(): string {
    return "Adagrad";
  }

  protected usualOptions(): AdagradOptions {
    return DEFAULTS;
  }

  protected slots(param: Tensor, { initialAccumulatorValue: initial }: AdagradOptions): Slots {
    return { step: null, sum: { shape: this.sumShape(param), initial } };
  }

  protected sumShape(param: Tensor): Shape {
    return param.shape;
  }

  protected override prepare(params: readonly Tensor[], { initialAccumulatorValue }: AdagradOptions): void {
    for (const param of params) {
      const sum = keep(owned(this.sumShape(param))).fill_(initialAccumulatorValue);
      this.state.set(param, { step: 0, sum });
    }
  }

  protected checkValues(options: AdagradOptions): void {
    checkNotNegative("learning rate", options.lr);
    checkNotNegative("lr_decay value", options.lrDecay);
    checkNotNegative("weight_decay value", options.weightDecay);
    checkNotNegative("initial_accumulator_value value", options.initialAccumulatorValue);
    checkNotNegative("epsilon value", options.eps);
    checkBoolean(this.typeName(), "maximize", options.maximize);
  }

  protected checkGradient(param: Tensor, { weightDecay }: AdagradOptions): void {
    if (weightDecay !== 0 && param.gradient instanceof SparseTensor) {
      throw new Error(`${this.typeName()}: weight_decay option is not compatible with sparse gradients`);
    }
  }

  protected update(param: Tensor, { lr, lrDecay, weightDecay, eps, maximize }: AdagradOptions): void {
    const state = this.state.get(param)!;
    state.step++;
    const rate = lr / (1 + (state.step - 1) * lrDecay);
    const gradient = param.gradient;
    tidy(() => {
      if (gradient instanceof SparseTensor) {
        const { rows, sums } = summedRows(gradient);
        this.adaptRows(param, state.sum, decayed(sums, sums, 0, maximize), rows, rate, eps);
      } else if (gradient instanceof TouchedRows && weightDecay === 0 && eps > 0 && !maximize) {
        // In the other rows zero would be divided by at least eps.
        this.adaptRows(param, state.sum, gradient.sums, gradient.rows, rate, eps);
      } else {
        this.adapt(param, state.sum, decayed(param, denseGradient(param), weightDecay, maximize), rate, eps);
      }
    });
  }

  protected adapt(param: Tensor, sum: Tensor, grad: Tensor, rate: number, eps: number): void {
    for (const [first, n] of spans(param)) {
      kernels.adagrad(param.addressAt(first), sum.addressAt(first), grad.addressAt(first), n, rate, eps);
    }
  }

  /** The same for some rows. */
  protected adaptRows(param: Tensor, sum: Tensor, grad: Tensor, rows: Tensor, rate: number, eps: number): void {
    const { numel: n } = rows;
    kernels.adagradRows(param.address, sum.address, grad.address, rows.address, n, param.shape[1], rate, eps);
  }
}

/**
 * Adagrad with one sum a row, for tables: sum[r] += the mean of g[r, :]^2;
 * p[r, :] -= lr / (1 + (t - 1) * lrDecay) * g[r, :] / (sqrt(sum[r]) + eps). State of V floats for a table [V, D]; parameters
 * are matrices. Everything else is as in Adagrad. The formula is that of FBGEMM's exact row-wise Adagrad.
 */
export class RowwiseAdagrad extends Adagrad {
  protected override typeName(): string {
    return "RowwiseAdagrad";
  }

  protected override sumShape({ shape }: Tensor): Shape {
    if (shape.length !== 2) {
      throw new RangeError(`RowwiseAdagrad: parameters must be 2-D, but one of them is ${sizeText(shape)}`);
    }
    return [shape[0]];
  }

  protected override adapt(param: Tensor, sum: Tensor, grad: Tensor, rate: number, eps: number): void {
    const [, dim] = param.shape;
    for (const [first, n] of spans(param)) {
      const [row, rows] = [first / dim, n / dim];
      kernels.rowwiseAdagrad(param.addressAt(first), sum.addressAt(row), grad.addressAt(first), rows, dim, rate, eps);
    }
  }

  protected override adaptRows(p: Tensor, sum: Tensor, grad: Tensor, rows: Tensor, rate: number, eps: number): void {
    const { numel: n } = rows;
    kernels.rowwiseAdagradRows(p.address, sum.address, grad.address, rows.address, n, p.shape[1], rate, eps);
  }
}
