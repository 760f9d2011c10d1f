// What differs between the ways in which rows are packed: their bytes and their kernels.

import { kernels } from "../internals.js";
import { tableKernels } from "./kernels.js";

/** How the numbers of a packed table are held. */
export type QuantizedDType = "float16" | "bfloat16" | "int8" | "int4";

/** Scores of every query against rows of a table. */
export type Score = (scores: number, table: number, query: number, rows: number, queries: number, dim: number) => void;

/** How rows are read and compared. */
export interface Reader {
  rowBytes(dim: number): number;
  /** The rows index[0 .. n) as float32. */
  unpack(out: number, table: number, index: number, n: number, dim: number): void;
  readonly dots: Score;
  /** The negative Euclidean distances. */
  readonly closeness: Score;
}

/** How rows are packed, and added up as they are. */
export interface Format extends Reader {
  /** Returns the first row that cannot be packed, or -1. */
  pack(out: number, x: number, rows: number, dim: number): number;
  bagSum(out: number, table: number, index: number, starts: number, n: number, bags: number, dim: number): void;
}

/** Rows as they are in every tensor. */
export const FLOAT32: Reader = {
  rowBytes: (dim) => 4 * dim,
  unpack: kernels.gather,
  dots: tableKernels.dotsFloat32,
  closeness: tableKernels.closenessFloat32,
};

export const FORMATS: Readonly<Record<QuantizedDType, Format>> = {
  float16: {
    rowBytes: (dim) => 2 * dim,
    pack: tableKernels.packFloat16,
    unpack: tableKernels.unpackFloat16,
    bagSum: tableKernels.bagSumFloat16,
    dots: tableKernels.dotsFloat16,
    closeness: tableKernels.closenessFloat16,
  },
  bfloat16: {
    rowBytes: (dim) => 2 * dim,
    pack: tableKernels.packBfloat16,
    unpack: tableKernels.unpackBfloat16,
    bagSum: tableKernels.bagSumBfloat16,
    dots: tableKernels.dotsBfloat16,
    closeness: tableKernels.closenessBfloat16,
  },
  int8: {
    rowBytes: (dim) => dim + 8,
    pack: tableKernels.packInt8,
    unpack: tableKernels.unpackInt8,
    bagSum: tableKernels.bagSumInt8,
    dots: tableKernels.dotsInt8,
    closeness: tableKernels.closenessInt8,
  },
  int4: {
    rowBytes: (dim) => dim / 2 + 4,
    pack: tableKernels.packInt4,
    unpack: tableKernels.unpackInt4,
    bagSum: tableKernels.bagSumInt4,
    dots: tableKernels.dotsInt4,
    closeness: tableKernels.closenessInt4,
  },
};
