// The operations in plain JavaScript. Every buffer is made beforehand and used again, so this is its best case.

import { MersenneTwister } from "../test/reference/index.js";
import { BAG, BETAS, type Data, LEARNING_RATE, type Operation, SEED } from "./lines.js";
import type { Task } from "./measure.js";
import {
  adagrad,
  adagradRows,
  adam,
  adamRows,
  bagMax,
  bagSum,
  clipRows,
  fillNormal,
  gather,
  matmul,
  matmulTransposed,
  scatterAdd,
  sgd,
  sgdRows,
  transpose,
  transposedMatmul,
} from "./plain-kernels.js";
import { packedBag, packedLookUp, search } from "./plain-packed.js";
import { task } from "./plain-task.js";

export const plain: Record<Operation, (data: Data) => Task> = {
  "look-up": lookUp,
  "look-up of an Int32Array": lookUp,
  "dense backward": denseBackward,
  "dense backward, grad read": denseBackward,
  "sparse backward + coalesce": sparseBackward,
  renorm,
  "step: sparse SGD": sgdSparse,
  "step: dense SGD": sgdDense,
  "step: dense SGD, grad read": sgdDense,
  "step: sparse Adagrad": adagradSparse,
  "step: dense Adagrad": adagradDense,
  "step: SparseAdam": adamSparse,
  "step: dense Adam": adamDense,
  "bag sum": (data) => bag(data, 1),
  "bag mean": (data) => bag(data, BAG),
  "bag max": bagLargest,
  "bag sum backward": bagBackward,
  "bag max backward": bagLargestBackward,
  normal_: normal,
  "copy to a new array": copy,
  "look-up, int8": packedLookUp,
  "bag sum, int8": packedBag,
  nearest: (data) => search(data, "float32"),
  "nearest, int8": (data) => search(data, "int8"),
  "one-hot product": oneHotProduct,
  matmul: product,
  "linear + backward": linearBackward,
};

/** The look-up into a buffer of its own. */
function forward({ N, D, weight, index }: Data): { out: Float32Array; run(): void } {
  const out = new Float32Array(N * D);
  return { out, run: () => gather(out, weight, index, D) };
}

function lookUp(data: Data): Task {
  const { out, run } = forward(data);
  return task(run, () => [out]);
}

/** Adds the result's gradient to a fresh one of V x D. */
function denseGradient({ D, weight, index, gradient }: Data): { grad: Float32Array; run(): void } {
  const grad = new Float32Array(weight.length);
  const run = () => {
    grad.fill(0);
    scatterAdd(grad, gradient, index, D);
  };
  return { grad, run };
}

function denseBackward(data: Data): Task {
  const { grad, run } = denseGradient(data);
  return task(run, () => [grad]);
}

/** Adds up the gradients of equal rows; one word for each row of the table finds the place of its sum. */
class Coalescer {
  private readonly placeOf: Int32Array;
  private readonly places: Int32Array;
  private readonly allRows: Int32Array;
  private readonly allSums: Float32Array;
  private count = 0;

  constructor(private readonly data: Data) {
    const { V, D, N } = data;
    this.placeOf = new Int32Array(V).fill(-1);
    this.places = new Int32Array(N);
    this.allRows = new Int32Array(N);
    this.allSums = new Float32Array(N * D);
  }

  get rows(): Int32Array {
    return this.allRows.subarray(0, this.count);
  }

  get sums(): Float32Array {
    return this.allSums.subarray(0, this.count * this.data.D);
  }

  /** sort: the rows ascending, as `coalesce()` gives them. */
  run(sort: boolean): void {
    const { placeOf, places, allRows } = this;
    const { index, gradient, D } = this.data;
    let count = 0;
    for (let i = 0; i < index.length; i++) {
      if (placeOf[index[i]] >= 0) continue;
      placeOf[index[i]] = count;
      allRows[count++] = index[i];
    }
    this.count = count;
    if (sort) {
      this.rows.sort();
      for (let k = 0; k < count; k++) placeOf[allRows[k]] = k;
    }
    for (let i = 0; i < index.length; i++) places[i] = placeOf[index[i]];
    this.sums.fill(0);
    scatterAdd(this.allSums, gradient, places, D);
    for (let k = 0; k < count; k++) placeOf[allRows[k]] = -1;
  }
}

function sparseBackward(data: Data): Task {
  const coalescer = new Coalescer(data);
  return task(
    () => coalescer.run(true),
    () => [coalescer.rows, coalescer.sums],
  );
}

function renorm({ N, D, weight: original, index }: Data): Task {
  const weight = original.slice();
  const out = new Float32Array(N * D);
  const run = () => {
    clipRows(weight, index, D);
    gather(out, weight, index, D);
  };
  return task(
    run,
    () => [out, weight],
    () => weight.set(original),
  );
}

function sgdSparse({ N, D, weight: original, index, gradient }: Data): Task {
  const weight = original.slice();
  const out = new Float32Array(N * D);
  const run = () => {
    gather(out, weight, index, D);
    sgdRows(weight, gradient, index, D);
  };
  return task(run, () => [weight]);
}

function sgdDense(original: Data): Task {
  const data = { ...original, weight: original.weight.slice() };
  const { grad, run: backward } = denseGradient(data);
  const { run: lookUp } = forward(data);
  const run = () => {
    lookUp();
    backward();
    sgd(data.weight, grad);
  };
  return task(run, () => [data.weight]);
}

function adagradSparse(original: Data): Task {
  const data = { ...original, weight: original.weight.slice() };
  const sum = new Float32Array(data.weight.length);
  const coalescer = new Coalescer(data);
  const { run: lookUp } = forward(data);
  const run = () => {
    lookUp();
    coalescer.run(false);
    adagradRows(data.weight, sum, coalescer.sums, coalescer.rows, data.D);
  };
  return task(run, () => [data.weight]);
}

function adagradDense(original: Data): Task {
  const data = { ...original, weight: original.weight.slice() };
  const sum = new Float32Array(data.weight.length);
  const { grad, run: backward } = denseGradient(data);
  const { run: lookUp } = forward(data);
  const run = () => {
    lookUp();
    backward();
    adagrad(data.weight, sum, grad);
  };
  return task(run, () => [data.weight]);
}

function adamDense(original: Data): Task {
  const data = { ...original, weight: original.weight.slice() };
  const [average, square] = [new Float32Array(data.weight.length), new Float32Array(data.weight.length)];
  const { grad, run: backward } = denseGradient(data);
  const { run: lookUp } = forward(data);
  let t = 0;
  const run = () => {
    t++;
    const [b1, b2] = BETAS.map((beta) => 1 - beta ** t);
    lookUp();
    backward();
    adam(data.weight, average, square, grad, LEARNING_RATE / b1, Math.sqrt(b2));
  };
  return task(run, () => [data.weight]);
}

function adamSparse(original: Data): Task {
  const data = { ...original, weight: original.weight.slice() };
  const [average, square] = [new Float32Array(data.weight.length), new Float32Array(data.weight.length)];
  const coalescer = new Coalescer(data);
  const { run: lookUp } = forward(data);
  let t = 0;
  const run = () => {
    t++;
    const [b1, b2] = BETAS.map((beta) => 1 - beta ** t);
    const rate = (LEARNING_RATE * Math.sqrt(b2)) / b1;
    lookUp();
    coalescer.run(false);
    adamRows(data.weight, average, square, coalescer.sums, coalescer.rows, data.D, rate);
  };
  return task(run, () => [data.weight]);
}

/** divisor: 1 for the sum, BAG for the mean. */
function bag({ N, D, weight, index }: Data, divisor: number): Task {
  const out = new Float32Array((N / BAG) * D);
  const run = () => {
    bagSum(out, weight, index, D);
    if (divisor !== 1) for (let j = 0; j < out.length; j++) out[j] /= divisor;
  };
  return task(run, () => [out]);
}

function bagBackward({ V, N, D, index, gradient }: Data): Task {
  const grad = new Float32Array(V * D);
  const run = () => {
    grad.fill(0);
    for (let i = 0; i < N; i++) {
      const from = Math.floor(i / BAG) * D;
      for (let j = 0; j < D; j++) grad[index[i] * D + j] += gradient[from + j];
    }
  };
  return task(run, () => [grad]);
}

function bagLargest({ N, D, weight, index }: Data): Task {
  const out = new Float32Array((N / BAG) * D);
  const winners = new Int32Array(out.length);
  return task(
    () => bagMax(out, winners, weight, index, D),
    () => [out],
  );
}

function bagLargestBackward({ N, D, weight, index, gradient }: Data): Task {
  const out = new Float32Array((N / BAG) * D);
  const winners = new Int32Array(out.length);
  bagMax(out, winners, weight, index, D);
  const grad = new Float32Array(weight.length);
  const run = () => {
    grad.fill(0);
    for (let j = 0; j < winners.length; j++) grad[winners[j]] += gradient[j];
  };
  return task(run, () => [grad]);
}

function normal({ V, D }: Data): Task {
  const weight = new Float32Array(V * D);
  const twister = new MersenneTwister(SEED + 1);
  return task(
    () => fillNormal(weight, twister),
    () => [weight],
  );
}

function copy({ gradient }: Data): Task {
  const newest = () => new Float32Array(gradient);
  return { run: () => newest()[0], outputs: () => [newest()] };
}

function oneHotProduct({ V, D, N, weight, index }: Data): Task {
  const transposed = transpose(weight, V, D);
  const hot = new Float32Array(N * V);
  const out = new Float32Array(N * D);
  const run = () => {
    hot.fill(0);
    for (let i = 0; i < N; i++) hot[i * V + index[i]] = 1;
    matmulTransposed(out, hot, transposed, V);
  };
  return task(run, () => [out]);
}

function product({ V, N, D, weight, gradient }: Data): Task {
  const out = new Float32Array(N * D);
  return task(
    () => matmul(out, gradient, weight, V, D),
    () => [out],
  );
}

function linearBackward({ V, N, D, weight, gradient: x }: Data): Task {
  const out = new Float32Array(N * V);
  const [dx, dw] = [new Float32Array(N * D), new Float32Array(V * D)];
  const run = () => {
    matmulTransposed(out, x, weight, D);
    matmul(dx, out, weight, V, D);
    transposedMatmul(dw, out, x, V, D);
  };
  return task(run, () => [out, dx, dw]);
}
