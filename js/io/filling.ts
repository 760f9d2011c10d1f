// Tensors filled with the bytes of a file as they come in, straight in linear memory.

import type { Shape, Tensor } from "../index.js";
import { bytesOf, elementName, numelOf, owned } from "../internals.js";
import type { ByteReader } from "./byte-reader.js";
import type { ElementKind } from "./elements.js";

/** What a file says of an array, checked: as many bytes as the shape asks for lie one after the other. */
export interface ArrayLayout {
  /** How errors call it. */
  readonly name: string;
  readonly kind: ElementKind;
  readonly shape: Shape;
  /** Which row of what is called `name` the first one is; 0 unless given. */
  readonly firstRow?: number;
  /** Whether the bytes of an element come in the opposite order, the highest first. */
  readonly swapped?: boolean;
}

/** Bytes taken at a time: whole elements of any kind. */
const STAGE_BYTES = 65536;

/** Elements that a tensor has room for before the file has shown that it holds them. */
const FIRST_ELEMENTS = 2 ** 20;

/**
 * The tensor whose elements the reader is at. Its memory is claimed at once if the file is known to be long enough, and as
 * bytes come in otherwise. onRows: told how many rows are there, now and then.
 */
export async function readTensor(
  reader: ByteReader,
  layout: ArrayLayout,
  onRows: (rows: number) => void = () => {},
): Promise<Tensor> {
  const direct = layout.kind.convert === null && !layout.swapped;
  const stage = direct ? null : owned([STAGE_BYTES / 4], "int32");
  try {
    return await filled(reader, layout, stage, onRows);
  } finally {
    stage?.dispose();
  }
}

/** The tensor whose elements the reader is at, and after which the file ends. */
export async function readLastTensor(
  reader: ByteReader,
  layout: ArrayLayout,
  onRows?: (rows: number) => void,
): Promise<Tensor> {
  const tensor = await readTensor(reader, layout, onRows);
  try {
    await reader.expectEnd();
    return tensor;
  } catch (error) {
    tensor.dispose();
    throw error;
  }
}

/** stage: where elements wait that are not yet those of the tensor; null when they come as they are to be. */
async function filled(
  reader: ByteReader,
  layout: ArrayLayout,
  stage: Tensor | null,
  onRows: (rows: number) => void,
): Promise<Tensor> {
  const { kind, shape } = layout;
  const numel = numelOf(shape);
  const rowSize = numel / (shape[0] || 1);
  let out = room(layout, reader.total === null ? Math.min(numel, FIRST_ELEMENTS) : numel);
  try {
    for (let done = 0; done < numel; onRows(Math.floor(done / rowSize))) {
      if (done === out.numel) out = grown(layout, out);
      const n = Math.min(out.numel - done, STAGE_BYTES / kind.bytes);
      const [target, start] = stage === null ? [out, done * kind.bytes] : [stage, 0];
      await readInto(reader, layout, target, start, n * kind.bytes);
      if (stage !== null) convert(reader, layout, out, done, stage, n);
      done += n;
    }
    return out;
  } catch (error) {
    out.dispose();
    throw error;
  }
}

/** Puts the next n bytes into a tensor, from its byte `start` on. */
async function readInto(
  reader: ByteReader,
  { name }: ArrayLayout,
  target: Tensor,
  start: number,
  n: number,
): Promise<void> {
  for (let done = 0; done < n; ) {
    const bytes = await reader.readSome(n - done);
    if (bytes === null) throw reader.ended(`within ${name}`);
    bytesOf(target.array).set(bytes, start + done);
    done += bytes.length;
  }
}

/** out[done + i] = stage[i] for n elements. */
function convert(reader: ByteReader, layout: ArrayLayout, out: Tensor, done: number, stage: Tensor, n: number): void {
  const { kind, name, shape, firstRow = 0, swapped } = layout;
  if (swapped) reverseEach(bytesOf(stage.array).subarray(0, n * kind.bytes), kind.bytes);
  if (kind.convert === null) {
    bytesOf(out.array).set(bytesOf(stage.array).subarray(0, n * kind.bytes), done * kind.bytes);
    return;
  }
  const bad = kind.convert(out.addressAt(done), stage.address, n);
  if (typeof bad !== "number" || bad < 0) return;
  const bytes = bytesOf(stage.array).slice(8 * bad, 8 * bad + 8);
  const whole = shape.map((size, dim) => (dim === 0 ? firstRow + size : size));
  const rowSize = numelOf(shape.slice(1));
  const value = BigInt.asIntN(
    64,
    bytes.reduceRight((high, byte) => (high << 8n) | BigInt(byte), 0n),
  );
  throw new RangeError(
    `${reader.operation}: ${elementName(name, whole, firstRow * rowSize + done + bad)} is ${value}, ` +
      "valid range of int32 is [-2147483648, 2147483647]",
  );
}

/** A tensor of the layout's shape if that has so many elements, a mere list of so many otherwise. */
function room({ kind, shape }: ArrayLayout, elements: number): Tensor {
  return owned(elements === numelOf(shape) ? shape : [elements], kind.dtype);
}

/** Twice the room, with what is there. */
function grown(layout: ArrayLayout, full: Tensor): Tensor {
  const larger = room(layout, Math.min(2 * full.numel, numelOf(layout.shape)));
  larger.array.set(full.array);
  full.dispose();
  return larger;
}

/** Reverses every `width` bytes. */
function reverseEach(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
