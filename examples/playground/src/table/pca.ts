import { PCA } from "ml-pca";
import { type Tensor, tensor, tidy } from "nn-embedding";
import { aligned } from "./align.js";
import type { Projection } from "./protocol.js";

/** x, y, and the one that gives the shade. */
const COMPONENTS = 3;

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
  const products = units.transpose(0, 1).matmul(units).toArray() as number[][];
  // What ml-pca calls a covariance need not be divided by the number of rows: directions and shares are the same.
  const pca = new PCA(products, { isCovarianceMatrix: true });
  const directions = pca.getEigenvectors();
  const axes = Float32Array.from({ length: dim * COMPONENTS }, (_, at) => {
    const [row, column] = [Math.floor(at / COMPONENTS), at % COMPONENTS];
    return column < dim ? directions.get(row, column) : 0;
  });
  const points = units.matmul(tensor(axes, { shape: [dim, COMPONENTS] })).array.slice(0, height * COMPONENTS);
  return { points: points as Float32Array, shares: pca.getExplainedVariance() };
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
