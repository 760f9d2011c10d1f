import { bytesOf } from "./lanes";
import { addProduct, dot } from "./row";
import { addPanel, COLUMNS, DEPTH, pack, packPanel } from "./tile";

/** Rows of a that meet all of b before the next ones come. */
const HEIGHT: i32 = 128;
/** [HEIGHT, DEPTH], for the second-level cache. DEPTH is an odd number of cache lines, so that rows do not share their sets. */
const block = memory.data(HEIGHT * DEPTH * 4, 16);
const BLOCK_ROW: usize = DEPTH * 4;

/**
 * out[i, j] = sum over k of a[i * aRow + k * aInner] * b[k * bInner + j * bDim]; out is rows x dim, strides count elements.
 * In float32 and in order of k: each DEPTH products are added up from 0, and so are these sums.
 */
export function matmul(
  out: usize,
  a: usize,
  b: usize,
  rows: i32,
  inner: i32,
  dim: i32,
  aRow: i32,
  aInner: i32,
  bInner: i32,
  bDim: i32,
): void {
  const rowBytes = bytesOf(dim);
  memory.fill(out, 0, <usize>rows * rowBytes);
  for (let k = 0; k < inner; k += DEPTH, a += bytesOf(DEPTH) * aInner, b += bytesOf(DEPTH) * bInner) {
    const depth = min(DEPTH, inner - k);
    let y = out;
    let x = a;
    for (let i = 0; i < rows; i += HEIGHT, y += bytesOf(HEIGHT) * dim, x += bytesOf(HEIGHT) * aRow) {
      const height = min(HEIGHT, rows - i);
      const packed = aInner > 1;
      if (packed) pack(block, x, depth, height, 4, BLOCK_ROW, bytesOf(aInner), bytesOf(aRow));
      for (let j = 0; j < dim; j += COLUMNS) {
        const columns = min(COLUMNS, dim - j);
        packPanel(b + bytesOf(j) * bDim, depth, columns, bytesOf(bInner), bytesOf(bDim));
        addPanel(
          y + bytesOf(j),
          packed ? block : x,
          height,
          depth,
          columns,
          rowBytes,
          packed ? BLOCK_ROW : bytesOf(aRow),
        );
      }
    }
  }
}

/**
 * out[i, :] = sum over k of a[i * aRow + k * aInner] * b[k, :]; out is rows x dim, b is inner x dim.
 * In float32 and in order of k. Faster than matmul for few rows, and for few products.
 */
export function matmulRows(
  out: usize,
  a: usize,
  b: usize,
  rows: i32,
  inner: i32,
  dim: i32,
  aRow: i32,
  aInner: i32,
): void {
  const rowBytes = bytesOf(dim);
  memory.fill(out, 0, <usize>rows * rowBytes);
  for (let k = 0; k < inner; k++, a += bytesOf(aInner), b += rowBytes) {
    let y = out;
    let x = a;
    for (let i = 0; i < rows; i++, y += rowBytes, x += bytesOf(aRow)) addProduct(y, b, dim, v128.load32_splat(x));
  }
}

/** out[i, j] = dot product of a[i, :] and b[j, :], in four partial sums; a is rows x inner, b is dim x inner. */
export function matmulDots(out: usize, a: usize, b: usize, rows: i32, inner: i32, dim: i32): void {
  const rowBytes = bytesOf(inner);
  for (let i = 0; i < rows; i++, a += rowBytes) {
    let row = b;
    for (let j = 0; j < dim; j++, out += 4, row += rowBytes) store<f32>(out, dot(a, row, inner));
  }
}
