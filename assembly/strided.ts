/**
 * out[i0, i1, ..] = x[i0 * strides[0] + i1 * strides[1] + ..] for every index below shape, out contiguous.
 * Any word-sized element; strides count elements, 0 repeats (broadcasting), negative ones go backwards. shape, strides: rank words each, rank >= 1.
 */
export function strided(out: usize, x: usize, shape: usize, strides: usize, rank: i32): void {
  const length = load<i32>(shape);
  const step = (<usize>load<i32>(strides)) << 2;
  if (rank == 1) {
    for (let i = 0; i < length; i++, out += 4, x += step) store<u32>(out, load<u32>(x));
    return;
  }
  let inner = 4;
  for (let axis = 1; axis < rank; axis++) inner *= load<i32>(shape + ((<usize>axis) << 2));
  for (let i = 0; i < length; i++, out += <usize>inner, x += step) strided(out, x, shape + 4, strides + 4, rank - 1);
}
