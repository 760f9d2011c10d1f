import fc from "fast-check";
import { type Tensor, tidy } from "nn-embedding";
import {
  openSafetensors,
  type RawTensor,
  readNpy,
  readSafetensors,
  type SafetensorsDType,
  writeSafetensors,
} from "nn-embedding/tables";
import type { FuzzedReader } from "./readers.js";

const WIDTHS: Record<SafetensorsDType, number> = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I8: 1, U8: 1 };

const shape = fc.array(fc.nat(5), { maxLength: 3 });
const numel = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);

/** Bytes of elements of any kind; 64-bit integers fit int32. */
const values = (sizes: readonly number[], width: number, isInt64: boolean): fc.Arbitrary<Uint8Array> => {
  const n = numel(sizes);
  if (!isInt64) return fc.uint8Array({ minLength: n * width, maxLength: n * width });
  // 0 or -1, in either byte order.
  return fc
    .array(fc.constantFrom(0, 255), { minLength: n, maxLength: n })
    .map((bytes) => Uint8Array.from(bytes.flatMap((byte) => new Array<number>(8).fill(byte))));
};

const rawTensor: fc.Arbitrary<RawTensor> = fc
  .tuple(shape, fc.constantFrom(...(Object.keys(WIDTHS) as SafetensorsDType[])))
  .chain(([sizes, dtype]) =>
    values(sizes, WIDTHS[dtype], dtype === "I64").map((data) => ({ dtype, shape: sizes, data })),
  );

const name = fc.oneof(fc.constantFrom("weight", "a.b", "__proto__", "toString", "ä", ""), fc.string({ maxLength: 6 }));

const safetensors = fc
  .tuple(
    fc.uniqueArray(fc.tuple(name, rawTensor), { maxLength: 4, selector: ([key]) => key }),
    fc.option(fc.dictionary(fc.string({ maxLength: 4 }), fc.string({ maxLength: 8 })), { nil: undefined }),
  )
  .map(([tensors, metadata]) =>
    writeSafetensors(Object.fromEntries(tensors), metadata === undefined ? {} : { metadata }),
  );

/** A .npy file put together from its parts, not by the writer under test. */
const npy = fc
  .record({
    sizes: shape,
    code: fc.constantFrom("f2", "f4", "f8", "i1", "i4", "i8", "u1"),
    order: fc.constantFrom("<", ">", "|"),
  })
  .chain(({ sizes, code, order }) =>
    fc
      .record({
        fortran: fc.boolean(),
        version: fc.constantFrom(1, 2, 3),
        data: values(sizes, Number(code[1]), code === "i8"),
      })
      .map(({ fortran, version, data }) => {
        const tuple = `(${sizes.join(", ")}${sizes.length === 1 ? "," : ""})`;
        const dict = `{'descr': '${order}${code}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${tuple}, }`;
        const length = version === 1 ? [dict.length, 0] : [dict.length, 0, 0, 0];
        const codes = Array.from(`NUMPY`, (letter) => letter.charCodeAt(0));
        return Uint8Array.from([0x93, ...codes, version, 0, ...length, ...Buffer.from(dict), ...data]);
      }),
  );

/** Reads every value, and lets go of the tensors. */
function lookAt(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    if (tensor.array.length !== numel(tensor.shape))
      throw new Error(`${tensor.array.length} values in ${tensor.shape}`);
    tidy(() => tensor.toArray());
    tensor.dispose();
  }
}

/** Whole files of pieces, each part by itself. */
async function readParts(chunks: Iterable<Uint8Array>): Promise<void> {
  const file = await openSafetensors(Buffer.concat([...chunks]));
  for (const each of file.names) {
    const height = file.info(each).shape[0];
    await file.bytes(each);
    lookAt([await file.tensor(each)]);
    if (height !== undefined) lookAt([await file.rows(each, height >> 1, height)]);
  }
}

export const BINARY_READERS: readonly FuzzedReader[] = [
  {
    name: "readSafetensors",
    files: safetensors,
    read: async (chunks) => lookAt(Object.values((await readSafetensors(chunks)).tensors)),
  },
  { name: "openSafetensors", files: safetensors, read: readParts },
  { name: "readNpy", files: npy, read: async (chunks) => lookAt([await readNpy(chunks)]) },
];
