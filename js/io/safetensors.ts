// Reads safetensors files, from front to back or in parts. https://github.com/huggingface/safetensors#format

import type { Shape, Tensor } from "../index.js";
import { checkInteger, checkOptions } from "../internals.js";
import { type ByteReader, reading } from "./byte-reader.js";
import { type ArrayLayout, readLastTensor, readTensor } from "./filling.js";
import { described, quoted } from "./json.js";
import { openRanges, type RandomAccess, type Ranges } from "./random-access.js";
import {
  checkDType,
  headerLength,
  parseHeader,
  SAFETENSORS_KINDS,
  type SafetensorsHeader,
  type SafetensorsInfo,
} from "./safetensors-header.js";
import type { ReadOptions, Source } from "./source.js";

/** Bytes before the header, which say how long it is. */
const PREFIX_BYTES = 8;

/**
 * Every tensor of a safetensors file, and its metadata. F32, F16, BF16 and F64 become float32 (F64 rounded to nearest), I32,
 * I64, I8 and U8 become int32; the tensors are the caller's to dispose of. Values go straight into linear memory as they come.
 * RangeError or TypeError for a file that is no safetensors file, is damaged, has a tensor of another dtype or an I64 beyond 32
 * bits; then no memory is held. For some of the tensors, whatever the dtypes of the others, rows or plain bytes: `openSafetensors`.
 */
export async function readSafetensors(
  source: Source,
  options: ReadOptions = {},
): Promise<{ tensors: Record<string, Tensor>; metadata: Record<string, string> }> {
  const operation = "readSafetensors";
  checkOptions(operation, options, ["onProgress", "total"]);
  return reading(operation, source, options, async (reader) => {
    const { tensors, metadata } = await readHeader(reader);
    const layouts = Array.from(tensors, ([name, info]) => [name, layoutOf(operation, name, info)] as const);
    const read: [string, Tensor][] = [];
    try {
      let rows = 0;
      for (const [name, layout] of layouts) {
        const tensor = await readTensor(reader, layout, (more) => reader.report(rows + more));
        read.push([name, tensor]);
        rows += layout.shape[0] ?? 1;
      }
      await reader.expectEnd();
      reader.report(rows);
    } catch (error) {
      for (const [, tensor] of read) tensor.dispose();
      throw error;
    }
    return { tensors: Object.fromEntries(read), metadata };
  });
}

async function readHeader(reader: ByteReader): Promise<SafetensorsHeader> {
  const { operation, total } = reader;
  const room = total === null ? null : Math.max(total - PREFIX_BYTES, 0);
  const length = headerLength(operation, await reader.readExactly(PREFIX_BYTES, "the length of the header"), room);
  const header = await reader.readExactly(length, "the header");
  return parseHeader(operation, header, room === null ? null : room - length);
}

/**
 * Opens a safetensors file of which parts are wanted: bytes, a Blob or File, Node's FileHandle (which stays open, and is the
 * caller's to close), or a URL whose server answers Range requests. Reads the header alone.
 */
export async function openSafetensors(file: RandomAccess): Promise<SafetensorsFile> {
  const operation = "openSafetensors";
  const ranges = await openRanges(operation, file);
  const part = <T>(start: number, end: number, read: (reader: ByteReader) => Promise<T>) =>
    readPart(operation, ranges, start, end, read);
  const prefix = await part(0, PREFIX_BYTES, (reader) => readAll(reader, PREFIX_BYTES, "the length of the header"));
  const total = ranges.size();
  const room = total === null ? null : total - PREFIX_BYTES;
  const length = headerLength(operation, prefix, room);
  const dataStart = PREFIX_BYTES + length;
  const header = await part(PREFIX_BYTES, dataStart, (reader) => readAll(reader, length, "the header"));
  return new SafetensorsFile(ranges, dataStart, parseHeader(operation, header, room === null ? null : room - length));
}

/** A safetensors file of which only the header has been read; each call reads the bytes it needs. */
export class SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** The names of the tensors, in the order of their bytes. */
  readonly names: readonly string[];
  private readonly tensors: SafetensorsHeader["tensors"];

  /** @internal */
  constructor(
    private readonly ranges: Ranges,
    private readonly dataStart: number,
    header: SafetensorsHeader,
  ) {
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.names = [...header.tensors.keys()];
  }

  /**
   * The dtype and the shape of a tensor, also of one whose dtype `tensor` and `rows` refuse. RangeError for a name that the file
   * does not have.
   */
  info(name: string): { readonly dtype: string; readonly shape: Shape } {
    const { dtype, shape } = this.find("info", name);
    return { dtype, shape };
  }

  /** A tensor as float32 or int32, as `readSafetensors` makes it. TypeError for other dtypes, of which there are `bytes`. */
  async tensor(name: string): Promise<Tensor> {
    const info = this.find("tensor", name);
    const layout = layoutOf("SafetensorsFile.tensor", name, info);
    return this.part("tensor", info, (reader) => readLastTensor(reader, layout));
  }

  /** The rows [start, end) of a tensor: its first dimension becomes end - start. Reads no other rows. */
  async rows(name: string, start: number, end: number): Promise<Tensor> {
    const rows = this.findRows("rows", name, start, end);
    const layout = layoutOf("SafetensorsFile.rows", name, rows, start);
    return this.part("rows", rows, (reader) => readLastTensor(reader, layout));
  }

  /**
   * The bytes of the rows [start, end) of a tensor as they stand in the file, of all of it unless given: for tables of packed
   * rows, which are kept as U8. They are the file's own when that is in memory, and a copy otherwise.
   */
  async bytes(name: string, start?: number, end?: number): Promise<Uint8Array> {
    const whole = this.find("bytes", name);
    const rows = start === undefined && end === undefined ? whole : this.findRows("bytes", name, start ?? 0, end);
    const length = rows.end - rows.start;
    return this.part("bytes", rows, (reader) => readAll(reader, length, `tensor ${quoted(name)}`));
  }

  private part<T>(
    method: string,
    { start, end }: SafetensorsInfo,
    read: (reader: ByteReader) => Promise<T>,
  ): Promise<T> {
    return readPart(`SafetensorsFile.${method}`, this.ranges, this.dataStart + start, this.dataStart + end, read);
  }

  private find(method: string, name: string): SafetensorsInfo {
    const info = this.tensors.get(name);
    if (info !== undefined) return info;
    throw new RangeError(
      `SafetensorsFile.${method}: the file has no tensor ${described(name)}, it has ${listed(this.names)}`,
    );
  }

  /** What a header would say of the rows [start, end) alone. */
  private findRows(method: string, name: string, start: number, end?: number): SafetensorsInfo {
    const operation = `SafetensorsFile.${method}`;
    const { dtype, shape, start: first, end: last } = this.find(method, name);
    if (shape.length === 0) throw new RangeError(`${operation}: tensor ${quoted(name)} is 0-D and has no rows`);
    const [height, ...row] = shape;
    const stop = end ?? height;
    checkInteger(operation, "start", start);
    checkInteger(operation, "end", stop);
    if (start < 0 || stop < start || stop > height) {
      throw new RangeError(
        `${operation}: rows [${start}, ${stop}) are not among the ${height} of tensor ${quoted(name)}`,
      );
    }
    const rowBytes = height === 0 ? 0 : (last - first) / height;
    if (!Number.isInteger(rowBytes)) {
      throw new RangeError(`${operation}: rows of tensor ${quoted(name)} do not begin at whole bytes`);
    }
    return { dtype, shape: [stop - start, ...row], start: first + start * rowBytes, end: first + stop * rowBytes };
  }
}

/** n bytes, after which the part ends. */
async function readAll(reader: ByteReader, n: number, what: string): Promise<Uint8Array> {
  const bytes = await reader.readExactly(n, what);
  await reader.expectEnd();
  return bytes;
}

/** Lets `read` read the bytes [start, end) of a file. */
function readPart<T>(
  operation: string,
  ranges: Ranges,
  start: number,
  end: number,
  read: (reader: ByteReader) => Promise<T>,
): Promise<T> {
  // As long as nobody knows how long the file is, it may be shorter than its header says.
  const options = ranges.size() === null ? {} : { total: end - start };
  return reading(operation, ranges.range(start, end), options, (reader) => {
    reader.position = start;
    return read(reader);
  });
}

/** TypeError for a dtype of which no tensor is made. firstRow: where the rows begin in the tensor. */
function layoutOf(operation: string, name: string, { dtype, shape }: SafetensorsInfo, firstRow = 0): ArrayLayout {
  checkDType(`${operation}: tensor ${quoted(name)}`, dtype);
  return { name: `tensor ${quoted(name)}`, kind: SAFETENSORS_KINDS[dtype], shape, firstRow };
}

/** The first few names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(quoted).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown || "none";
}
