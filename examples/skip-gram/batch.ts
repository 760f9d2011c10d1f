// Random numbers one at a time, and pairs of words many at a time.

import { type Tensor, tensor } from "nn-embedding";

/** Pairs in a step. */
const BATCH = 512;

/** Where a stream is: the numbers drawn last, and how many of them are used up. */
export interface StreamState {
  readonly values: Float32Array | Int32Array;
  readonly position: number;
}

/** Numbers one at a time from tensors of random numbers. */
export class Stream {
  private values: Float32Array | Int32Array = new Float32Array(0);
  private position = 0;

  constructor(private readonly draw: () => Tensor) {}

  next(): number {
    if (this.position === this.values.length) {
      const drawn = this.draw();
      this.values = drawn.array.slice();
      drawn.dispose();
      this.position = 0;
    }
    return this.values[this.position++];
  }

  state(): StreamState {
    return { values: this.values.slice(), position: this.position };
  }

  setState({ values, position }: StreamState): void {
    this.values = values;
    this.position = position;
  }
}

/** The pairs that wait for a step. */
export interface BatchState {
  readonly centers: Int32Array;
  readonly targets: Int32Array;
}

/** Pairs of neighbours, each with words drawn by chance that are not neighbours. */
export class Batch {
  private readonly centers = new Int32Array(BATCH);
  private readonly targets: Int32Array;
  private readonly labels: Tensor;
  private size = 0;

  /** width: the targets of a pair, the neighbour and those that are none. */
  constructor(
    private readonly negatives: Stream,
    private readonly width: number,
  ) {
    this.targets = new Int32Array(BATCH * width);
    const labels = Float32Array.from(this.targets, (_, i) => (i % width === 0 ? 1 : 0));
    this.labels = tensor(labels, { shape: [BATCH, width, 1] });
  }

  get isFull(): boolean {
    return this.size === BATCH;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  add(center: number, neighbour: number): void {
    const first = this.size * this.width;
    this.centers[this.size++] = center;
    this.targets[first] = neighbour;
    for (let i = 1; i < this.width; i++) {
      do this.targets[first + i] = this.negatives.next();
      while (this.targets[first + i] === neighbour);
    }
  }

  /** Centers, targets and labels of the pairs so far; the batch is empty afterwards. */
  take(): [Int32Array, Int32Array, Tensor] {
    const n = this.size;
    this.size = 0;
    return [this.centers.subarray(0, n), this.targets.subarray(0, n * this.width), this.labels.narrow(0, 0, n)];
  }

  state(): BatchState {
    return { centers: this.centers.slice(0, this.size), targets: this.targets.slice(0, this.size * this.width) };
  }

  setState({ centers, targets }: BatchState): void {
    this.centers.set(centers);
    this.targets.set(targets);
    this.size = centers.length;
  }
}
