import { checkBoolean } from "../check.js";
import { TouchedRows } from "../tensor/gradients.js";
import { tidy } from "../tensor/scope.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { keep, owned, type Tensor } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import { checkNotNegative, Optimizer, type Params } from "./optimizer.js";
import { decayed, denseGradient } from "./steps.js";

export interface AdagradOptions {
  /** Learning rate, >= 0. 0.01 unless given. */
  lr: number;
  lrDecay: number;
  weightDecay: number;
  /** What the sums of squares start from. */
  initialAccumulatorValue: number;
  eps: number;
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
  constructor(params: Params<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super("Adagrad", params, DEFAULTS, options);
  }

  protected override prepare(params: readonly Tensor[], { initialAccumulatorValue }: AdagradOptions): void {
    for (const param of params) {
      const sum = keep(owned(param.shape)).fill_(initialAccumulatorValue);
      this.state.set(param, { step: 0, sum });
    }
  }

  protected checkValues(options: AdagradOptions): void {
    checkNotNegative("learning rate", options.lr);
    checkNotNegative("lr_decay value", options.lrDecay);
    checkNotNegative("weight_decay value", options.weightDecay);
    checkNotNegative("initial_accumulator_value value", options.initialAccumulatorValue);
    checkNotNegative("epsilon value", options.eps);
    checkBoolean("Adagrad", "maximize", options.maximize);
  }

  protected checkGradient(param: Tensor, { weightDecay }: AdagradOptions): void {
    if (weightDecay !== 0 && param.gradient instanceof SparseTensor) {
      throw new Error("Adagrad: weight_decay option is not compatible with sparse gradients");
    }
  }

  protected update(param: Tensor, { lr, lrDecay, weightDecay, eps, maximize }: AdagradOptions): void {
    const state = this.state.get(param)!;
    state.step++;
    const rate = lr / (1 + (state.step - 1) * lrDecay);
    const { sum } = state;
    const gradient = param.gradient;
    const stepRows = (rows: Tensor, values: Tensor) => {
      const { address: p } = param;
      kernels.adagradRows(p, sum.address, values.address, rows.address, rows.numel, param.shape[1], rate, eps);
    };
    tidy(() => {
      if (gradient instanceof SparseTensor) {
        const { indices, values } = gradient.coalesce();
        stepRows(indices, decayed(values, values, 0, maximize));
      } else if (gradient instanceof TouchedRows && weightDecay === 0 && eps > 0 && !maximize) {
        // In the other rows zero would be divided by at least eps.
        stepRows(gradient.rows, gradient.sums);
      } else {
        const g = decayed(param, denseGradient(param), weightDecay, maximize);
        kernels.adagrad(param.address, sum.address, g.address, param.numel, rate, eps);
      }
    });
  }
}
