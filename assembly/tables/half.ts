/** out[i] = x[i], from bfloat16, the upper half of a float32: exact. */
export function fromBfloat16(out: usize, x: usize, n: i32): void {
  const end = out + ((<usize>n) << 2);
  for (; out < end; out += 4, x += 2) store<u32>(out, load<u16>(x) << 16);
}
