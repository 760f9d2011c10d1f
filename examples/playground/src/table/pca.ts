import { PCA } from "ml-pca";
import { Generator, randn, type Tensor, tensor, tidy } from "nn-embedding";
import { aligned } from "./align.js";
import type { Projection } from "./protocol.js";

/** x, y, and the one that gives the shade. */
const COMPONENTS = 3;
/** From this many rows and columns on all eigenvectors of a matrix take seconds, of which three are wanted. */
const LARGE = 300;
/** Columns that are iterated together: the more there are, the sooner the first three stay as they are. */
const BLOCK = 12;
const MOST_STEPS = 200;

/** Principal components of unit vectors, turned so that words stay where they were as far as they can. */
export class Projector {
  private last: Projection | null = null;

  /** weight [V, D]; of the first so many rows. Error for a number that is not finite. */
  project(weight: Tensor, rows: number): Projection {
    const { points, shares } = tidy(() => components(weight.narrow(0, 0, rows)));
    const column = (j: number) => Float32Array.from({ length: rows }, (_, row) => points[row * COMPONENTS + j]);
    const [x, y] = aligned(column(0), column(1), this.last);
    const third = column(2);
    const before = this.last?.shade;
    // A shade runs from 0 to 1, its middle is the median: the sign is that of before.
    if (
      before !== undefined &&
      before.length === rows &&
      third.reduce((sum, z, i) => sum + z * (before[i] - 0.5), 0) < 0
    )
      for (let i = 0; i < rows; i++) third[i] = -third[i];
    // Rows that are all the same have no variance, and no shares of it.
    const [first = 0, second = 0] = shares.filter((share) => !Number.isNaN(share));
    this.last = { x, y, shade: ranks(third), share: first + second };
    return this.last;
  }
}

/** Unit vectors along the directions in which they differ most: points [rows, COMPONENTS], and the variance's shares. */
function components(rows: Tensor): { points: Float32Array; shares: number[] } {
  const [height, dim] = rows.shape;
  const units = centredUnits(rows);
  const across = units.transpose(0, 1);
  // With fewer rows than numbers in each, the products of rows are the smaller matrix: its eigenvectors are the points themselves,
  // but for their lengths.
  const small = height < dim;
  const { vectors, values, shares } = leading(small ? units.matmul(across) : across.matmul(units));
  const side = small ? height : dim;
  const axes = Float32Array.from({ length: side * COMPONENTS }, (_, at) => {
    const [row, column] = [Math.floor(at / COMPONENTS), at % COMPONENTS];
    return column < side ? vectors(row, column) * (small ? Math.sqrt(Math.max(0, values[column])) : 1) : 0;
  });
  if (small) return { points: axes, shares };
  const points = units.matmul(tensor(axes, { shape: [dim, COMPONENTS] })).array.slice(0, height * COMPONENTS);
  return { points: points as Float32Array, shares };
}

interface Eigen {
  vectors(row: number, column: number): number;
  readonly values: readonly number[];
  /** Of the trace. */
  readonly shares: number[];
}

/** Eigenvectors of a symmetric matrix [side, side], those of the largest eigenvalues first: all, or of a large one the first. */
function leading(products: Tensor): Eigen {
  return products.shape[0] > LARGE ? iterated(products) : eigen(products);
}

function eigen(products: Tensor): Eigen {
  // What ml-pca calls a covariance need not be divided by the number of rows: directions and shares are the same.
  const pca = new PCA(products.toArray() as number[][], { isCovarianceMatrix: true });
  const directions = pca.getEigenvectors();
  return {
    vectors: (row, column) => directions.get(row, column),
    values: pca.getEigenvalues(),
    shares: pca.getExplainedVariance(),
  };
}

/** Orthogonal iteration Q = orthonormal(A Q), from the same start each time; then A's eigenvectors within Q. */
function iterated(products: Tensor): Eigen {
  const [side] = products.shape;
  const shape = [side, BLOCK];
  let basis = orthonormal(randn(shape, { generator: new Generator().manualSeed(1) }).array as Float32Array, side);
  const apply = () => tidy(() => products.matmul(tensor(basis, { shape })).array.slice() as Float32Array);
  for (let step = 0; step < MOST_STEPS; step++) {
    const before = basis;
    basis = orthonormal(apply(), side);
    // The part of a direction that lies outside what the first ones spanned before, squared.
    if (outside(before, basis, side) < 1e-9) break;
  }
  const [q, aq] = [tensor(basis, { shape }), tensor(apply(), { shape })];
  const within = eigen(q.transpose(0, 1).matmul(aq));
  const turn = Float32Array.from({ length: BLOCK * BLOCK }, (_, at) =>
    within.vectors(Math.floor(at / BLOCK), at % BLOCK),
  );
  const turned = q.matmul(tensor(turn, { shape: [BLOCK, BLOCK] })).array.slice();
  const diagonal = products.array;
  let trace = 0;
  for (let i = 0; i < side; i++) trace += diagonal[i * side + i];
  return {
    vectors: (row, column) => turned[row * BLOCK + column],
    values: within.values,
    shares: within.values.map((value) => value / trace),
  };
}

/** Columns made orthonormal, front to back: [side, BLOCK]. */
function orthonormal(columns: Float32Array, side: number): Float32Array {
  const out = Float32Array.from(columns);
  for (let j = 0; j < BLOCK; j++) {
    // Twice, as the first time leaves what rounding makes of it.
    for (let i = 0; i < 2 * j; i++) {
      const part = dot(out, i % j, out, j, side);
      for (let row = 0; row < side; row++) out[row * BLOCK + j] -= part * out[row * BLOCK + (i % j)];
    }
    const length = Math.sqrt(dot(out, j, out, j, side));
    for (let row = 0; row < side; row++) out[row * BLOCK + j] *= length > 0 ? 1 / length : 0;
  }
  return out;
}

function outside(before: Float32Array, after: Float32Array, side: number): number {
  let most = 0;
  for (let j = 0; j < COMPONENTS; j++) {
    let inside = 0;
    for (let i = 0; i < COMPONENTS; i++) {
      const shared = dot(before, i, after, j, side);
      inside += shared * shared;
    }
    most = Math.max(most, 1 - inside);
  }
  return most;
}

function dot(a: Float32Array, i: number, b: Float32Array, j: number, side: number): number {
  let sum = 0;
  for (let row = 0; row < side; row++) sum += a[row * BLOCK + i] * b[row * BLOCK + j];
  return sum;
}

/** Each row divided by its length, less the mean of all. */
function centredUnits(rows: Tensor): Tensor {
  const [height, dim] = rows.shape;
  const values = rows.array.slice() as Float32Array;
  const mean = new Float64Array(dim);
  for (let at = 0; at < values.length; at += dim) {
    const row = values.subarray(at, at + dim);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (!Number.isFinite(length)) throw new Error(`the vector of row ${at / dim} has a number that is not finite`);
    if (length > 0) for (let j = 0; j < dim; j++) row[j] /= length;
    for (let j = 0; j < dim; j++) mean[j] += row[j] / height;
  }
  for (let at = 0; at < values.length; at++) values[at] -= mean[at % dim];
  return tensor(values, { shape: [height, dim] });
}

/** The place of each value among all, from 0 for the least to 1. */
function ranks(values: Float32Array): Float32Array<ArrayBuffer> {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const out = new Float32Array(values.length);
  for (const [place, i] of order.entries()) out[i] = place / Math.max(1, values.length - 1);
  return out;
}
