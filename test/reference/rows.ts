import { type Numbers, row } from "./common.js";

/** The largest of each bag's rows, column by column, and the first entry that has it: found by sorting, NaN first if it stands first. */
export function bagMax(weight: Numbers, index: Numbers, bagOf: Numbers, bags: number, dim: number) {
  const out = new Float32Array(bags * dim);
  const winners = new Int32Array(bags * dim).fill(-1);
  for (let b = 0; b < bags; b++) {
    const entries = Array.from(index, (_, j) => j).filter((j) => bagOf[j] === b);
    for (let d = 0; d < dim; d++) {
      const value = (j: number) => weight[index[j] * dim + d];
      const [first] = entries;
      if (first === undefined) continue;
      const ranked = entries.filter((j) => !Number.isNaN(value(j))).sort((i, j) => value(j) - value(i) || i - j);
      const winner = Number.isNaN(value(first)) ? first : ranked[0];
      winners[b * dim + d] = winner;
      out[b * dim + d] = value(winner);
    }
  }
  return { out, winners };
}

/** sums[slots[winners[b, d]], d] += grad[b, d] in the order of b; every sum rounded to float32. */
export function bagMaxBackward(sums: Numbers, grad: Numbers, winners: Numbers, slots: Numbers, dim: number) {
  const out = Float32Array.from(sums);
  for (let k = 0; k < grad.length; k++) {
    if (winners[k] >= 0) out[slots[winners[k]] * dim + (k % dim)] += grad[k];
  }
  return out;
}

/** out[j] = a[from[j], :] . b[index[j], :] in float64, and the same of magnitudes, by which rounding errors are bounded. */
export function dotRows(a: Numbers, b: Numbers, from: Numbers, index: Numbers, dim: number) {
  const products = Array.from(from, (i, j) => {
    const other = row(b, index[j], dim);
    return row(a, i, dim).map((x, d) => x * other[d]);
  });
  const sum = (values: number[]) => values.reduce((s, x) => s + x, 0);
  return { out: products.map(sum), magnitude: products.map((values) => sum(values.map(Math.abs))) };
}

/** The distinct values of index ascending, and the places of each side by side: by comparing, not by digits. */
export function groups(index: Numbers) {
  const order = Int32Array.from(index, (_, i) => i).sort((a, b) => index[a] - index[b] || a - b);
  const starts = [...order.keys()].filter((j) => j === 0 || index[order[j]] !== index[order[j - 1]]);
  return {
    rows: Int32Array.from(starts, (j) => index[order[j]]),
    starts: Int32Array.from([...starts, order.length]),
    order,
  };
}
