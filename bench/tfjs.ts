// One step of SGD in TensorFlow.js, whose gradient of a look-up costs V * N * D.

import { checkSame } from "./compare.js";
import { type Data, dataOf, LEARNING_RATE, shapeText } from "./lines.js";
import { importPeer, peerVersion } from "./peers.js";
import { plain } from "./plain.js";

interface Variable {
  dataSync(): Float32Array;
  dispose(): void;
}

interface TensorFlow {
  setBackend(name: "cpu"): Promise<boolean>;
  tensor2d(values: Float32Array, shape: [number, number]): object;
  tensor1d(values: Int32Array, type: "int32"): object;
  variable(start: object): Variable;
  gather(table: Variable, index: object): object;
  mul(a: object, b: object): object;
  sum(a: object): object;
  train: { sgd(rate: number): { minimize(loss: () => object): void } };
}

export class Tfjs {
  static readonly title = "tfjs cpu";
  readonly version = peerVersion("@tensorflow/tfjs-core");

  private constructor(private readonly tf: TensorFlow) {}

  static async start(): Promise<Tfjs> {
    const tf = (await importPeer("@tensorflow/tfjs-core")) as TensorFlow;
    await importPeer("@tensorflow/tfjs-backend-cpu");
    // Brings the gradients, which the core leaves out.
    await importPeer("@tensorflow/tfjs-layers");
    await tf.setBackend("cpu");
    return new Tfjs(tf);
  }

  /** Milliseconds of one step. Its result is compared, and before it that on a table of which it takes a step at once. */
  async time(data: Data): Promise<number> {
    await this.step(dataOf({ V: 100, D: data.D, N: 64 }));
    return this.step(data);
  }

  private async step(data: Data): Promise<number> {
    const { tf } = this;
    const { V, D, N, weight, index, gradient } = data;
    const table = tf.variable(tf.tensor2d(weight, [V, D]));
    const input = tf.tensor1d(index, "int32");
    const g = tf.tensor2d(gradient, [N, D]);
    const sgd = tf.train.sgd(LEARNING_RATE);
    const start = performance.now();
    sgd.minimize(() => tf.sum(tf.mul(tf.gather(table, input), g)));
    const stepped = table.dataSync();
    const ms = performance.now() - start;
    checkSame(`step of ${shapeText(data)}`, Tfjs.title, [stepped], await plain["step: dense SGD"](data).outputs());
    table.dispose();
    return ms;
  }
}
