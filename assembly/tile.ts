import { addRow, copyRow } from "./row";

/** A tile of a product: its eight sums, the six vectors that they take at a time and a product fill the registers of V8. */
const ROWS: i32 = 2;
export const COLUMNS: i32 = 16;
/** How many products a tile adds up at once, at most. */
export const DEPTH: i32 = 272;

const PANEL_ROW: usize = COLUMNS * 4;

// Scratch: each call writes what it reads.
/** [DEPTH, COLUMNS], small enough for the first-level cache. */
const panel = memory.data(DEPTH * COLUMNS * 4, 16);
/** [ROWS, COLUMNS] */
const tile = memory.data(ROWS * COLUMNS * 4, 16);

/** panel[k, j] = b[k * bInner + j * bDim]; strides in bytes. */
export function packPanel(b: usize, inner: i32, columns: i32, bInner: usize, bDim: usize): void {
  pack(panel, b, inner, columns, PANEL_ROW, 4, bInner, bDim);
}

/** to[i * toI + j * toJ] = x[i * xI + j * xJ] for n x m floats; strides in bytes. Reads along the shorter one. */
export function pack(to: usize, x: usize, n: i32, m: i32, toI: usize, toJ: usize, xI: usize, xJ: usize): void {
  if (xI < xJ) {
    pack(to, x, m, n, toJ, toI, xJ, xI);
    return;
  }
  for (let i = 0; i < n; i++, to += toI, x += xI) {
    if (toJ == 4 && xJ == 4) copyRow(to, x, m);
    else for (let j = 0, y = to, z = x; j < m; j++, y += toJ, z += xJ) store<f32>(y, load<f32>(z));
  }
}

/** out[i, j] += sum over k of a[i, k] * panel[k, j]; outRow and aRow in bytes. */
export function addPanel(out: usize, a: usize, rows: i32, inner: i32, columns: i32, outRow: usize, aRow: usize): void {
  for (let i = 0; i < rows; i += ROWS, out += 2 * outRow, a += 2 * aRow) {
    const two = i + 1 < rows;
    multiply(a, two ? a + aRow : a, inner);
    addRow(out, tile, columns);
    if (two) addRow(out + outRow, tile + PANEL_ROW, columns);
  }
}

/** tile[0, j] = sum over k of a[k] * panel[k, j]; tile[1, j] the same with b. */
function multiply(a: usize, b: usize, inner: i32): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const end = panel + <usize>inner * PANEL_ROW;
  for (let row = panel; row < end; row += PANEL_ROW, a += 4, b += 4) {
    const x = v128.load32_splat(a);
    const y = v128.load32_splat(b);
    const p0 = v128.load(row);
    const p1 = v128.load(row, 16);
    const p2 = v128.load(row, 32);
    const p3 = v128.load(row, 48);
    a0 = f32x4.add(a0, f32x4.mul(x, p0));
    a1 = f32x4.add(a1, f32x4.mul(x, p1));
    a2 = f32x4.add(a2, f32x4.mul(x, p2));
    a3 = f32x4.add(a3, f32x4.mul(x, p3));
    b0 = f32x4.add(b0, f32x4.mul(y, p0));
    b1 = f32x4.add(b1, f32x4.mul(y, p1));
    b2 = f32x4.add(b2, f32x4.mul(y, p2));
    b3 = f32x4.add(b3, f32x4.mul(y, p3));
  }
  v128.store(tile, a0);
  v128.store(tile, a1, 16);
  v128.store(tile, a2, 32);
  v128.store(tile, a3, 48);
  v128.store(tile, b0, 64);
  v128.store(tile, b1, 80);
  v128.store(tile, b2, 96);
  v128.store(tile, b3, 112);
}
