import { checkBoolean, checkNumber } from "../check.js";
import { TouchedRows } from "../tensor/gradients.js";
import { tidy } from "../tensor/scope.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { keep, owned, type Tensor, transient } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import { checkNotNegative, Optimizer } from "./optimizer.js";
import type { Slots } from "./state-dict.js";
import { decayed, denseGradient, spans } from "./steps.js";

export interface SGDOptions {
  /** Learning rate, >= 0. 0.001 unless given. */
  lr: number;
  /** The share of the buffer that stays, >= 0. 0, no buffer, unless given. */
  momentum: number;
  /** What the buffer takes of a gradient is 1 - dampening. 0 unless given. */
  dampening: number;
  /** Adds weightDecay * p to the gradient, >= 0. 0 unless given. */
  weightDecay: number;
  /** Steps ahead along the buffer; needs momentum and no dampening. false unless given. */
  nesterov: boolean;
  /** Climbs instead of descending. false unless given. */
  maximize: boolean;
}

const DEFAULTS: SGDOptions = {
  lr: 1e-3,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
};

interface SGDState {
  momentumBuffer: Tensor;
}

/**
 * Stochastic gradient descent.
 * d = gradient + weightDecay * p; buffer = momentum * buffer + (1 - dampening) * d, d at first;
 * p -= lr * (nesterov ? d + momentum * buffer : momentum ? buffer : d). A sparse gradient without momentum, and a dense one
 * of an Embedding without momentum, decay and maximize, cost what the batch touched. weightDecay needs a dense gradient.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer<SGDOptions, SGDState> {
  protected typeName(): string {
    return "SGD";
  }

  protected usualOptions(): SGDOptions {
    return DEFAULTS;
  }

  protected slots({ shape }: Tensor): Slots {
    return { momentumBuffer: { shape, optional: true } };
  }

  protected checkValues({ lr, momentum, dampening, weightDecay, nesterov, maximize }: SGDOptions): void {
    checkNotNegative("learning rate", lr);
    checkNotNegative("momentum value", momentum);
    checkNotNegative("weight_decay value", weightDecay);
    checkNumber("SGD", "dampening", dampening);
    checkBoolean("SGD", "nesterov", nesterov);
    checkBoolean("SGD", "maximize", maximize);
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      throw new RangeError("Nesterov momentum requires a momentum and zero dampening");
    }
  }

  protected checkGradient(param: Tensor, { weightDecay }: SGDOptions): void {
    if (weightDecay !== 0 && param.gradient instanceof SparseTensor) {
      throw new Error(
        "SGD: add(sparse, dense) is not supported. Use add(dense, sparse) instead: weightDecay needs a dense gradient",
      );
    }
  }

  protected update(param: Tensor, options: SGDOptions): void {
    const { lr, momentum, weightDecay, maximize } = options;
    const gradient = param.gradient;
    if (momentum === 0 && gradient instanceof SparseTensor) {
      stepRows(param, gradient.indices, gradient.values, maximize ? -lr : lr);
    } else if (momentum === 0 && weightDecay === 0 && !maximize && gradient instanceof TouchedRows) {
      // The other rows would have zero subtracted.
      stepRows(param, gradient.rows, gradient.sums, lr);
    } else {
      tidy(() => {
        const d = decayed(param, denseGradient(param), weightDecay, maximize);
        const step = momentum === 0 ? d : this.withMomentum(param, d, options);
        for (const [first, n] of spans(param)) kernels.sgd(param.addressAt(first), step.addressAt(first), n, lr);
      });
    }
  }

  private withMomentum(param: Tensor, d: Tensor, { momentum, dampening, nesterov }: SGDOptions): Tensor {
    const kept = this.state.get(param);
    const buffer = kept?.momentumBuffer ?? keep(owned(param.shape)).zero_();
    // At first the buffer is d itself: minus zero times zero adds nothing to either zero.
    const [old, fresh] = kept === undefined ? [-0, 1] : [momentum, 1 - dampening];
    if (kept === undefined) this.state.set(param, { momentumBuffer: buffer });
    for (const [first, n] of spans(param)) {
      const at = buffer.addressAt(first);
      kernels.combine(at, at, d.addressAt(first), n, old, fresh);
    }
    if (!nesterov) return buffer;
    const step = transient(param.shape);
    kernels.combine(step.address, d.address, buffer.address, step.numel, 1, momentum);
    return step;
  }
}

function stepRows(param: Tensor, rows: Tensor, values: Tensor, lr: number): void {
  kernels.sgdRows(param.address, values.address, rows.address, rows.numel, param.shape[1], lr);
}
