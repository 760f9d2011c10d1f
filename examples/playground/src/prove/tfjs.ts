// TensorFlow.js on its CPU backend, which alone runs everywhere and in workers. Loaded when the benchmark needs it.

import * as tf from "@tensorflow/tfjs-core";
// The gradients, which the core leaves out.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-cpu";
import { type Data, LEARNING_RATE } from "../../../../bench/lines.js";
import type { Task } from "../../../../bench/measure.js";

export type TfjsOperation = "look-up" | "step: sparse SGD";

export const tfjs: Record<TfjsOperation, (data: Data) => Task> = { "look-up": lookUp, "step: sparse SGD": step };

export async function startTfjs(): Promise<void> {
  await tf.setBackend("cpu");
  await tf.ready();
}

function lookUp({ V, D, weight, index }: Data): Task {
  const table = tf.tensor2d(weight, [V, D]);
  const input = tf.tensor1d(index, "int32");
  const values = () => tf.tidy(() => tf.gather(table, input).dataSync() as Float32Array);
  return {
    run: () => values()[0],
    outputs: () => [values().slice()],
    dispose: () => tf.dispose([table, input]),
  };
}

/** Its gradient of a look-up costs V * N * D, whatever the rows touched. */
function step({ V, D, N, weight, index, gradient }: Data): Task {
  const table = tf.variable(tf.tensor2d(weight, [V, D]));
  const input = tf.tensor1d(index, "int32");
  const g = tf.tensor2d(gradient, [N, D]);
  const sgd = tf.train.sgd(LEARNING_RATE);
  const stepped = () => {
    sgd.minimize(() => tf.sum(tf.mul(tf.gather(table, input), g)), false, [table]);
    return table.dataSync() as Float32Array;
  };
  return {
    run: () => stepped()[0],
    outputs: () => [stepped().slice()],
    dispose: () => tf.dispose([table, input, g]),
  };
}
