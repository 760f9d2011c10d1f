/** Points on a plane. */
export interface Points {
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
}

/**
 * Points about their middle, at a mean square distance of 2 from it, turned and mirrored so that they lie as near as can be to
 * those of before: orthogonal Procrustes in the plane, where the angle follows from sums.
 */
export function aligned(x: Float32Array, y: Float32Array, before: Points | null): [x: Points["x"], y: Points["y"]] {
  const n = x.length;
  const [middleX, middleY] = [sum(n, (i) => x[i]) / n, sum(n, (i) => y[i]) / n];
  const [left, up] = [(i: number) => x[i] - middleX, (i: number) => y[i] - middleY];
  const spread = Math.sqrt(sum(n, (i) => left(i) * left(i) + up(i) * up(i)) / (2 * n));
  const [cosine, sine, mirror] = before !== null && before.x.length === n ? rotation(n, left, up, before) : [1, 0, 1];
  const scale = spread > 0 ? 1 / spread : 0;
  const to = (factorX: number, factorY: number) =>
    Float32Array.from({ length: n }, (_, i) => scale * (factorX * left(i) + factorY * up(i)));
  return [to(cosine, -sine * mirror), to(sine, cosine * mirror)];
}

/** Cosine and sine of the best turn, and -1 where y is mirrored first. */
function rotation(
  n: number,
  left: (i: number) => number,
  up: (i: number) => number,
  { x, y }: Points,
): [cosine: number, sine: number, mirror: number] {
  const [xx, xy, yx, yy] = [
    sum(n, (i) => left(i) * x[i]),
    sum(n, (i) => left(i) * y[i]),
    sum(n, (i) => up(i) * x[i]),
    sum(n, (i) => up(i) * y[i]),
  ];
  const turned = Math.sqrt((xx + yy) * (xx + yy) + (xy - yx) * (xy - yx));
  const mirrored = Math.sqrt((xx - yy) * (xx - yy) + (xy + yx) * (xy + yx));
  if (turned === 0 && mirrored === 0) return [1, 0, 1];
  return turned >= mirrored
    ? [(xx + yy) / turned, (xy - yx) / turned, 1]
    : [(xx - yy) / mirrored, (xy + yx) / mirrored, -1];
}

function sum(n: number, of: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += of(i);
  return total;
}
