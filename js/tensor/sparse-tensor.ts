import type { GraphNode } from "../autograd.js";
import { checkInteger, type Shape } from "../check.js";
import { kernels } from "../wasm.js";
import { copyElements } from "./fills.js";
import type { NestedArray } from "./nested.js";
import { sparseText } from "./print.js";
import { Resource } from "./resource.js";
import { checkRows, groupRows, NO_ROW, sumGroups } from "./rows.js";
import { enter, tidy } from "./scope.js";
import { keep, type Tensor, transient } from "./tensor.js";

/**
 * A matrix [V, D] given by some of its rows: row indices[0, i] holds values[i, :], and repeated rows add up.
 * The gradient of an Embedding with `sparse: true`. `indices` and `values` live as long as it does: to return one of them from
 * tidy, clone it. https://docs.pytorch.org/docs/stable/sparse.html
 */
export class SparseTensor extends Resource {
  /** @internal */
  kept = false;
  /** @internal */
  readonly gradFn: GraphNode | null = null;
  /** It is some leaf's gradient. */
  private ofLeaf = false;

  /** @internal Takes over both handles. */
  constructor(
    /** int32 [1, nnz] */
    readonly indices: Tensor,
    /** float32 [nnz, D] */
    readonly values: Tensor,
    readonly shape: Shape,
    /** Whether rows are distinct and ascending. */
    readonly isCoalesced: boolean,
  ) {
    super();
    if (!(indices?.kept !== undefined && values?.kept !== undefined)) {
      throw new TypeError("SparseTensor: sparse tensors are made by the backward of a sparse Embedding");
    }
    keep(indices);
    keep(values);
    enter(this);
  }

  /** Number of rows given, repeated ones counted each time. */
  get nnz(): number {
    return this.values.shape[0];
  }

  /** Rows distinct and ascending, repeated ones added in their order. A coalesced tensor returns itself. */
  coalesce(): SparseTensor {
    if (this.isCoalesced) return this;
    return tidy(() => {
      const [height, dim] = this.shape;
      const groups = groupRows(this.indices, height);
      // As in PyTorch the first of equal rows is copied, where a dense gradient begins with 0.
      const sums = sumGroups(this.values, groups, dim);
      return new SparseTensor(groups.rows.alias([1, sums.shape[0]]), sums, this.shape, true);
    });
  }

  /** The whole [V, D] matrix. */
  toDense(): Tensor {
    return this.addTo(transient(this.shape).zero_());
  }

  /** @internal Adds the entries to a [V, D] matrix one by one, in place. */
  addTo(matrix: Tensor): Tensor {
    const [rows, dim] = this.shape;
    checkRows("toDense", this.indices, rows);
    kernels.scatterAdd(matrix.address, this.values.address, this.indices.address, this.nnz, dim, NO_ROW);
    return matrix;
  }

  /** Row or element, as of the dense matrix; only the entries of that row are added up. */
  at(...position: number[]): Tensor {
    return tidy(() => {
      const [rows, dim] = this.shape;
      if (position.length === 0) return this.toDense();
      const [row, ...rest] = position;
      checkInteger("at", "indices[0]", row);
      if (row < -rows || row >= rows) {
        throw new RangeError(`at: index ${row} is out of bounds for dimension 0 with size ${rows}`);
      }
      const wanted = row < 0 ? row + rows : row;
      const slots = transient([this.nnz], "int32");
      slots.array.set(this.indices.array.map((other) => (other === wanted ? 0 : NO_ROW)));
      const sum = transient([dim]).zero_();
      kernels.scatterAdd(sum.address, this.values.address, slots.address, this.nnz, dim, NO_ROW);
      return sum.at(...rest);
    });
  }

  toArray(): NestedArray {
    return this.toDense().toArray();
  }

  /** What JSON.stringify writes: the whole matrix. */
  toJSON(): NestedArray {
    return this.toArray();
  }

  override toString(): string {
    return sparseText(this);
  }

  get isDisposed(): boolean {
    return this.values.isDisposed;
  }

  /** Frees indices and values. */
  dispose(): void {
    if (this.isDisposed) return;
    if (this.ofLeaf) this.values.storage.leaves--;
    this.indices.dispose();
    this.values.dispose();
  }

  /** @internal */
  alias(): SparseTensor {
    return new SparseTensor(this.indices.alias(), this.values.alias(), this.shape, this.isCoalesced);
  }

  /** @internal */
  own(): void {
    this.kept = true;
    this.ofLeaf = true;
    this.values.storage.leaves++;
    this.indices.own();
    this.values.own();
  }
}

/** The rows of a, then those of b; any word-sized elements, equal trailing sizes. */
export function concatRows(a: Tensor, b: Tensor): Tensor {
  const out = transient([a.shape[0] + b.shape[0], ...a.shape.slice(1)], a.dtype);
  copyElements(out, a);
  copyElements(out, b, a.numel);
  return out;
}
