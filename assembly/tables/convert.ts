// Elements of files as those of tensors: float32 or int32. n counts elements.

/** out[i] = x[i] as float32, from float64, to nearest, ties to even. */
export function fromFloat64(out: usize, x: usize, n: i32): void {
  for (const end = out + ((<usize>n) << 2); out < end; out += 4, x += 8) store<f32>(out, <f32>load<f64>(x));
}

/** out[i] = x[i] as int32, from int64, up to the first that does not fit; its place, -1 when all do. */
export function fromInt64(out: usize, x: usize, n: i32): i32 {
  for (let i = 0; i < n; i++, out += 4, x += 8) {
    const value = load<i64>(x);
    if (value != <i64>(<i32>value)) return i;
    store<i32>(out, <i32>value);
  }
  return -1;
}

/** out[i] = x[i] as int32, from int8. */
export function fromInt8(out: usize, x: usize, n: i32): void {
  for (const end = out + ((<usize>n) << 2); out < end; out += 4, x++) store<i32>(out, load<i8>(x));
}

/** out[i] = x[i] as int32, from uint8. */
export function fromUint8(out: usize, x: usize, n: i32): void {
  for (const end = out + ((<usize>n) << 2); out < end; out += 4, x++) store<i32>(out, load<u8>(x));
}
