import { type Backward, type GraphNode, isGradEnabled, Node, propagate, type Saved } from "../autograd.js";
import { checkBoolean, checkOptions, describe, type Shape, sizeText } from "../check.js";
import { addressOf } from "../wasm.js";
import * as activations from "./activations.js";
import * as arithmetic from "./arithmetic.js";
import * as fills from "./fills.js";
import { type RowRanges, withoutFrozen } from "./frozen.js";
import { addGradients, checkGradient, type Gradient, ownGradient, TouchedRows, zeroOf } from "./gradients.js";
import type { TensorNode } from "./graph.js";
import { matmul } from "./matmul.js";
import { type NestedArray, nest } from "./nested.js";
import { tensorText } from "./print.js";
import * as reductions from "./reductions.js";
import { Resource } from "./resource.js";
import { enter, tidy } from "./scope.js";
import type { SparseTensor } from "./sparse-tensor.js";
import { type DType, Storage, type Words } from "./storage.js";
import * as views from "./views.js";

const NO_HEIGHTS: readonly number[] = [];

/**
 * A contiguous, row-major array of float32 or int32 in linear memory, with PyTorch's autograd.
 * Made by `tensor`, `zeros`, `randn` … and by operations; several tensors may share one storage.
 * https://docs.pytorch.org/docs/stable/tensors.html
 */
export class Tensor extends Resource {
  private isShapeFrozen = false;
  /** Number of elements. */
  readonly numel: number;
  /** @internal The operation that made this tensor, null for a leaf. */
  madeBy: TensorNode | null = null;
  /** @internal */
  kept = false;
  private storageOrNull: Storage | null;
  private trainable = false;
  private leafNode: TensorNode | null = null;
  private gradientOrNull: Gradient | null = null;
  private dataHandle: Tensor | null = null;
  /** @internal Runs of rows that learn, ascending and apart; null when all do. */
  trainableRows: RowRanges | null = null;
  /** @internal The heights of the tables that have replaced this one, one after the other. */
  heights: readonly number[] = NO_HEIGHTS;
  /** The handle by which somebody outside holds the gradient. */
  private gradHandle: Tensor | SparseTensor | null = null;

  /** @internal Takes over one reference of `storage`. Nobody changes `sizes`, the shape, any more. */
  constructor(
    storage: Storage,
    private sizes: Shape,
    /** @internal First element in the storage. */
    readonly offset = 0,
    private owns = false,
  ) {
    super();
    if (!(storage instanceof Storage))
      throw new TypeError("Tensor: tensors are made by tensor(), zeros() and the like");
    this.storageOrNull = storage;
    this.numel = numelOf(sizes);
    enter(this);
  }

  /** Number of elements along each dimension; its array is frozen. */
  get shape(): Shape {
    // Kernels trust it and tensors share it. Only what is read has to be frozen, which takes as long as a small look-up.
    if (this.isShapeFrozen) return this.sizes;
    this.isShapeFrozen = true;
    return Object.freeze(this.sizes);
  }

  get dtype(): DType {
    return this.storage.dtype;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.sizes.length;
  }

  get isDisposed(): boolean {
    return this.storageOrNull === null;
  }

  /** @internal */
  get storage(): Storage {
    if (this.storageOrNull === null) {
      throw new Error(`tensor of shape ${sizeText(this.shape)} was used after it was disposed`);
    }
    return this.storageOrNull;
  }

  /** @internal Address of the first element. Take it after the last allocation before a kernel call. */
  get address(): number {
    return this.addressAt(0);
  }

  /** @internal Address of an element, with the same short life. */
  addressAt(element: number): number {
    return addressOf(this.storage.resident(), this.offset + element);
  }

  /** The live values, without a copy. The array dies when the tensor moves or memory grows: use it at once, never keep it. */
  get array(): Words {
    return this.storage.view(this.offset, this.numel);
  }

  // Autograd

  /** Whether gradients are computed for this tensor. */
  get requiresGrad(): boolean {
    return this.trainable || this.madeBy !== null;
  }

  get isLeaf(): boolean {
    return this.madeBy === null;
  }

  /** The operation that made this tensor, with the name that PyTorch gives it; null for a leaf. */
  get gradFn(): GraphNode | null {
    return this.madeBy;
  }

  set requiresGrad(requiresGrad: boolean) {
    this.requiresGrad_(requiresGrad);
  }

  /** Turns gradients for a leaf on or off. Only float32 tensors can have them. */
  requiresGrad_(requiresGrad = true): this {
    checkBoolean("requiresGrad_", "requiresGrad", requiresGrad);
    if (requiresGrad && this.dtype !== "float32") {
      throw new TypeError(
        `requiresGrad_: only Tensors of floating point dtype can require gradients, this one is ${this.dtype}`,
      );
    }
    if (this.madeBy !== null && !requiresGrad) {
      throw new Error("requiresGrad_: you can only change requires_grad flags of leaf variables.");
    }
    this.trainable = requiresGrad;
    return this;
  }

  /** The gradient collected by `backward`, or null. Reading a deferred one writes out its full shape, once. */
  get grad(): Tensor | SparseTensor | null {
    const gradient = this.gradientOrNull;
    if (gradient === null) return null;
    if (this.gradHandle === null || this.gradHandle.isDisposed) {
      this.gradHandle = (gradient instanceof TouchedRows ? this.denseGrad() : gradient).alias();
    }
    return this.gradHandle;
  }

  /** Replaces the gradient; null clears it. */
  set grad(gradient: Tensor | SparseTensor | null) {
    if (gradient !== null) checkGradient(gradient, this);
    this.replaceGradient(gradient === null ? null : this.ownTrainable(gradient.alias()));
  }

  /** Makes a gradient this leaf's own, without the rows that do not learn. */
  private ownTrainable(gradient: Gradient): Gradient {
    const { trainableRows } = this;
    return ownGradient(trainableRows === null ? gradient : withoutFrozen(gradient, trainableRows));
  }

  /** @internal Lets only these rows learn, null for all; also takes the others out of the gradient there is. */
  setTrainableRows(ranges: RowRanges | null): void {
    this.trainableRows = ranges;
    const before = this.gradientOrNull;
    if (ranges !== null && before !== null) this.replaceGradient(this.ownTrainable(before.alias()));
  }

  /**
   * @internal Takes over the storage of `table`, whose height may differ; the gradient goes. A graph recorded before is an error
   * at its backward.
   */
  become(table: Tensor): void {
    const self = this as { -readonly [K in keyof Tensor]: Tensor[K] };
    this.clearGrad();
    // Whoever has read `data` keeps the old values.
    this.dataHandle = null;
    this.leafNode = null;
    this.heights = [...this.heights, table.shape[0]];
    const { storage } = table;
    storage.retain();
    if (this.owns) {
      storage.own();
      this.storage.disown();
    }
    this.storage.release();
    this.storageOrNull = storage;
    this.sizes = table.shape;
    this.isShapeFrozen = true;
    self.numel = table.numel;
    self.offset = table.offset;
  }

  /** @internal The gradient as a whole tensor, not given away to anybody. */
  denseGrad(): Tensor {
    if (!(this.gradientOrNull instanceof TouchedRows)) return this.gradientOrNull!.toDense();
    const dense = this.gradientOrNull.toDense();
    this.gradientOrNull.dispose();
    this.gradientOrNull = ownGradient(dense);
    return dense;
  }

  /** @internal The gradient in the form in which it is held. */
  get gradient(): Gradient | null {
    return this.gradientOrNull;
  }

  /** @internal Lets go of the gradient: freed, unless somebody has read it and holds it still. */
  clearGrad(): void {
    this.gradientOrNull?.dispose();
    this.gradientOrNull = null;
    this.gradHandle = null;
  }

  /** @internal The gradient, if there is one, becomes zeros of the same form, which nobody else holds. */
  zeroGradient(): void {
    const gradient = this.gradientOrNull;
    if (gradient === null) return;
    this.clearGrad();
    this.gradientOrNull = ownGradient(zeroOf(gradient));
  }

  /** Frees the old gradient once the new one has its own values. */
  private replaceGradient(own: Gradient | null): void {
    this.clearGrad();
    this.gradientOrNull = own;
  }

  private accumulate(gradient: Gradient): void {
    // Since the forward it may have been disposed or frozen.
    if (this.isDisposed || !this.trainable) {
      gradient.dispose();
      return;
    }
    const before = this.gradientOrNull;
    if (before === null) {
      this.gradientOrNull = this.ownTrainable(gradient);
      return;
    }
    this.replaceGradient(this.ownTrainable(addGradients(before.alias(), gradient)));
  }

  /** @internal Where gradients for this tensor go; null when it needs none. */
  get node(): TensorNode | null {
    if (this.madeBy !== null || !this.trainable) return this.madeBy;
    if (this.leafNode === null) {
      const collect: Backward<Gradient> = (gradient) => {
        this.accumulate(gradient);
        return [];
      };
      this.leafNode = new Node("AccumulateGrad", [], [this.height()], collect, true);
    }
    return this.leafNode;
  }

  /** What a leaf's node depends on: that no resize comes between forward and backward. */
  private height(): Saved {
    const tensor = this;
    return {
      get version() {
        return tensor.heights.length;
      },
      savedVersion: this.heights.length,
      description: `torch.FloatTensor ${sizeText(this.shape)}, which was resized`,
      free() {},
    };
  }

  /**
   * Adds the gradient of this tensor with respect to every leaf to the leaf's `grad`.
   * gradient: same shape as this tensor; may be left out for a scalar. The graph is freed unless `retainGraph`.
   */
  backward(gradient?: Tensor | null, options: { retainGraph?: boolean } = {}): void {
    checkOptions("backward", options, ["retainGraph"]);
    const root = this.node;
    if (root === null) throw new Error("element 0 of tensors does not require grad and does not have a grad_fn");
    if (gradient !== undefined && gradient !== null) {
      if (!(gradient instanceof Tensor)) {
        throw new TypeError(`backward: gradient must be a Tensor or null, but got ${describe(gradient)}`);
      }
      checkFloat("backward", "gradient", gradient);
      if (!sameShape(gradient.shape, this.shape)) {
        throw new RangeError(
          `Mismatch in shape: grad_output[0] has a shape of torch.Size(${sizeText(gradient.shape)}) and output[0] has a ` +
            `shape of torch.Size(${sizeText(this.shape)}).`,
        );
      }
    } else if (this.numel !== 1) {
      throw new Error("grad can be implicitly created only for scalar outputs");
    }
    const retainGraph = options.retainGraph ?? false;
    tidy(() => {
      const seed = gradient?.alias() ?? fills.filled(this.shape, 1);
      propagate<Gradient>(root, seed, addGradients, retainGraph);
    });
  }

  /** The same values outside any graph, on the same storage. */
  detach(): Tensor {
    return this.alias();
  }

  /** A detached tensor on the same storage, for changing a parameter's values in place; disposed with this one. */
  get data(): Tensor {
    if (this.dataHandle === null || this.dataHandle.isDisposed) this.dataHandle = keep(this.alias());
    return this.dataHandle;
  }

  set data(_values: Tensor) {
    throw new Error("data: a tensor keeps its storage; copy values into it with .data.copy_(values)");
  }

  /** @internal A second handle. */
  alias(shape: Shape = this.sizes, offset = this.offset): Tensor {
    const { storage } = this;
    storage.retain();
    return new Tensor(storage, shape, offset);
  }

  // Arithmetic: with a tensor (broadcast) or a number. int32 stays int32 beside int32, except in quotients.

  add(other: Tensor | number): Tensor {
    return arithmetic.add(this, other);
  }
  sub(other: Tensor | number): Tensor {
    return arithmetic.sub(this, other);
  }
  mul(other: Tensor | number): Tensor {
    return arithmetic.mul(this, other);
  }
  div(other: Tensor | number): Tensor {
    return arithmetic.div(this, other);
  }
  neg(): Tensor {
    return arithmetic.neg(this);
  }
  exp(): Tensor {
    return arithmetic.exp(this);
  }
  /** Natural logarithm. */
  log(): Tensor {
    return arithmetic.log(this);
  }
  sqrt(): Tensor {
    return arithmetic.sqrt(this);
  }
  /** max(x, 0) of every element. */
  relu(): Tensor {
    return activations.relu(this);
  }
  /** 1 / (1 + e^-x) of every element. */
  sigmoid(): Tensor {
    return activations.sigmoid(this);
  }
  /** The hyperbolic tangent of every element. */
  tanh(): Tensor {
    return activations.tanh(this);
  }
  /** Matrix product: [n, k] by [k, m], or batches of them with equal leading dimensions. */
  matmul(other: Tensor): Tensor {
    return matmul(this, other);
  }
  /** Sum of all elements, or over one or several dimensions; added pairwise. */
  sum(dim?: reductions.Dims, options: reductions.ReductionOptions = {}): Tensor {
    return reductions.sum(this, dim, options);
  }
  /** Mean of all elements, or over one or several dimensions. */
  mean(dim?: reductions.Dims, options: reductions.ReductionOptions = {}): Tensor {
    return reductions.mean(this, dim, options);
  }
  /** The largest element, 0-D: NaN if there is one. Its gradient is divided among all that are as large. */
  max(): Tensor;
  /** The largest elements over one dimension, and the int32 places of the first of them, to which the gradient goes. */
  max(dim: number, options?: reductions.ReductionOptions): reductions.Maxima;
  max(dim?: number, options?: reductions.ReductionOptions): Tensor | reductions.Maxima {
    if (dim !== undefined) return reductions.maxOver(this, dim, options ?? {});
    if (options === undefined) return reductions.max(this);
    throw new TypeError("max() received an invalid combination of arguments: options need a dim");
  }
  /** int32: the first place of the largest element, of all in row-major order or over one dimension. */
  argmax(dim?: number, options: reductions.ReductionOptions = {}): Tensor {
    return reductions.argmax(this, dim, options);
  }

  // Other shapes. `at`, `reshape` and `narrow` of the first dimension share the storage; `narrow` of another and `transpose` copy.

  /** Element, row or block at the leading indices; negative ones count from the end. */
  at(...indices: number[]): Tensor {
    return views.at(this, indices);
  }
  /** The same elements in another shape; one size may be -1. */
  reshape(shape: Shape): Tensor {
    return views.reshape(this, shape);
  }
  transpose(dim0: number, dim1: number): Tensor {
    return views.transpose(this, dim0, dim1);
  }
  /** The elements [start, start + length) of dimension dim. */
  narrow(dim: number, start: number, length: number): Tensor {
    return views.narrow(this, dim, start, length);
  }
  /** A copy with its own storage. */
  clone(): Tensor {
    return views.clone(this);
  }
  /** float32 from int32; a float32 tensor itself. */
  float(): Tensor {
    return views.float(this);
  }

  // In place

  /** Copies values: of a tensor, broadcast to this shape, or of a typed or nested array of this shape. No gradient flows. */
  copy_(source: Tensor | Words | Float64Array | NestedArray): this {
    return fills.copy_(this, source);
  }
  fill_(value: number): this {
    return fills.fill_(this, value);
  }
  zero_(): this {
    return fills.fill_(this, 0, "zero_");
  }
  /** Uniform in [from, to). */
  uniform_(from = 0, to = 1, options: fills.DrawOptions = {}): this {
    return fills.uniform_(this, from, to, options);
  }
  /** Normal with a mean and a standard deviation. */
  normal_(mean = 0, std = 1, options: fills.DrawOptions = {}): this {
    return fills.normal_(this, mean, std, options);
  }

  /** @internal Must precede every in-place change: the graph of a leaf cannot express one. */
  checkInPlace(operation: string): void {
    if (isGradEnabled() && this.requiresGrad) {
      throw new Error(
        `${operation}: a ${this.isLeaf ? "" : "view of a "}leaf Variable that requires grad is being used in an in-place ` +
          `operation. ${this.isLeaf ? "Change it" : "Results of operations count as such: change them"} through .data or inside noGrad.`,
      );
    }
  }

  // Reading

  /** The value of a one-element tensor. */
  item(): number {
    if (this.numel !== 1) {
      throw new RangeError(`item: a Tensor with ${this.numel} elements cannot be converted to Scalar`);
    }
    return this.array[0];
  }

  /** Nested arrays; a number for a 0-D tensor. */
  toArray(): NestedArray {
    return nest(this.array, this.shape);
  }

  /** The tensor itself: dense already. */
  toDense(): Tensor {
    return this;
  }

  /** What JSON.stringify writes: nested arrays, which `loadStateDict` takes. JSON has no NaN and no infinities: it writes null. */
  toJSON(): NestedArray {
    return this.toArray();
  }

  override toString(): string {
    return tensorText(this);
  }

  /** Frees this handle and its gradient; the storage goes with its last handle. */
  dispose(): void {
    if (this.storageOrNull === null) return;
    this.clearGrad();
    this.dataHandle?.dispose();
    if (this.owns) this.storageOrNull.disown();
    this.storageOrNull.release();
    this.storageOrNull = null;
    this.madeBy = null;
  }

  /** @internal For parameters and gradients: survives tidy, and keeps its storage in linear memory while it lives. */
  own(): void {
    this.kept = true;
    if (this.owns) return;
    this.owns = true;
    this.storage.own();
  }
}

/** @internal Lets a handle survive tidy. */
export function keep<T extends { kept: boolean }>(handle: T): T {
  handle.kept = true;
  return handle;
}

/** @internal An uninitialised result of an operation. */
export function transient(shape: Shape, dtype: DType = "float32"): Tensor {
  return new Tensor(new Storage(dtype, numelOf(shape), false), shape);
}

/** @internal An uninitialised tensor that stays until it is disposed; `shape` may be a user's array. */
export function owned(shape: Shape, dtype: DType = "float32"): Tensor {
  return new Tensor(new Storage(dtype, numelOf(shape), true), shape.slice(), 0, true);
}

/** @internal */
export function numelOf(shape: Shape): number {
  let numel = 1;
  for (const size of shape) numel *= size;
  return numel;
}

/** @internal */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, dim) => size === b[dim]);
}

/** @internal TypeError unless `value` is a float32 tensor. */
export function checkFloat(operation: string, argument: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) {
    throw new TypeError(`${operation}: argument '${argument}' must be Tensor, not ${describe(value)}`);
  }
  if (value.dtype !== "float32") {
    throw new TypeError(`${operation}: argument '${argument}' must be a float32 tensor, but got ${value.dtype}`);
  }
}
