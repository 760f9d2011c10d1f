import { bytesOf } from "../lanes";
import { total } from "../row";
import { Bfloat16, Float16, Format, Int4, Int8, Plain } from "./formats";

// scores[q, r] of query q [dim] and row r of x, in four partial sums; the queries come four at a time, so that a row is
// unpacked once for all four, and a query's score does not depend on the others.

/** How a query and a row are compared, four columns at a time. */
interface Metric {
  step(sum: v128, query: v128, row: v128): v128;
  finish(sum: v128): f32;
}

/** The dot product. */
class Dot implements Metric {
  step(sum: v128, query: v128, row: v128): v128 {
    return f32x4.add(sum, f32x4.mul(query, row));
  }
  finish(sum: v128): f32 {
    return total(sum);
  }
}

/** The Euclidean distance, negative: the nearest has the largest score. */
class Closeness implements Metric {
  step(sum: v128, query: v128, row: v128): v128 {
    const difference = f32x4.sub(query, row);
    return f32x4.add(sum, f32x4.mul(difference, difference));
  }
  finish(sum: v128): f32 {
    return -sqrt<f32>(total(sum));
  }
}

function scoreRows<F extends Format, M extends Metric>(
  scores: usize,
  x: usize,
  query: usize,
  rows: i32,
  queries: i32,
  dim: i32,
): void {
  const rowBytes = changetype<F>(0).rowBytes(dim);
  const across = bytesOf(rows);
  let q = 0;
  for (; q < (queries & ~3); q += 4, query += 4 * bytesOf(dim), scores += 4 * across) {
    for (let r = 0, row = x; r < rows; r++, row += rowBytes) {
      scoreFour<F, M>(scores + bytesOf(r), across, row, query, dim);
    }
  }
  for (; q < queries; q++, query += bytesOf(dim), scores += across) {
    for (let r = 0, row = x; r < rows; r++, row += rowBytes) scoreOne<F, M>(scores + bytesOf(r), row, query, dim);
  }
}

function scoreOne<F extends Format, M extends Metric>(score: usize, row: usize, query: usize, dim: i32): void {
  const format = changetype<F>(0);
  const metric = changetype<M>(0);
  const scale = format.scale(row, dim);
  const bias = format.bias(row, dim);
  let sum = f32x4.splat(0);
  let d = 0;
  for (; d < (dim & ~3); d += 4, query += 16) {
    sum = metric.step(sum, v128.load(query), format.four(row, d, scale, bias));
  }
  for (; d < dim; d++, query += 4) {
    sum = metric.step(sum, v128.load32_zero(query), format.one(row, d, scale, bias));
  }
  store<f32>(score, metric.finish(sum));
}

/** The scores of four queries, `across` bytes apart. */
function scoreFour<F extends Format, M extends Metric>(
  score: usize,
  across: usize,
  row: usize,
  query: usize,
  dim: i32,
): void {
  const format = changetype<F>(0);
  const metric = changetype<M>(0);
  const scale = format.scale(row, dim);
  const bias = format.bias(row, dim);
  const wide = bytesOf(dim);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let e = f32x4.splat(0);
  let d = 0;
  for (; d < (dim & ~3); d += 4, query += 16) {
    const numbers = format.four(row, d, scale, bias);
    a = metric.step(a, v128.load(query), numbers);
    b = metric.step(b, v128.load(query + wide), numbers);
    c = metric.step(c, v128.load(query + 2 * wide), numbers);
    e = metric.step(e, v128.load(query + 3 * wide), numbers);
  }
  for (; d < dim; d++, query += 4) {
    const number = format.one(row, d, scale, bias);
    a = metric.step(a, v128.load32_zero(query), number);
    b = metric.step(b, v128.load32_zero(query + wide), number);
    c = metric.step(c, v128.load32_zero(query + 2 * wide), number);
    e = metric.step(e, v128.load32_zero(query + 3 * wide), number);
  }
  store<f32>(score, metric.finish(a));
  store<f32>(score + across, metric.finish(b));
  store<f32>(score + 2 * across, metric.finish(c));
  store<f32>(score + 3 * across, metric.finish(e));
}

export function dotsFloat32(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Plain, Dot>(scores, x, query, rows, queries, dim);
}
export function dotsFloat16(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Float16, Dot>(scores, x, query, rows, queries, dim);
}
export function dotsBfloat16(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Bfloat16, Dot>(scores, x, query, rows, queries, dim);
}
export function dotsInt8(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Int8, Dot>(scores, x, query, rows, queries, dim);
}
export function dotsInt4(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Int4, Dot>(scores, x, query, rows, queries, dim);
}

export function closenessFloat32(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Plain, Closeness>(scores, x, query, rows, queries, dim);
}
export function closenessFloat16(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Float16, Closeness>(scores, x, query, rows, queries, dim);
}
export function closenessBfloat16(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Bfloat16, Closeness>(scores, x, query, rows, queries, dim);
}
export function closenessInt8(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Int8, Closeness>(scores, x, query, rows, queries, dim);
}
export function closenessInt4(scores: usize, x: usize, query: usize, rows: i32, queries: i32, dim: i32): void {
  scoreRows<Int4, Closeness>(scores, x, query, rows, queries, dim);
}
