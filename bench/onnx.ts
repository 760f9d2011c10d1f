// onnxruntime-web's Gather on one thread. The table is a constant of the model, so that no run copies it.

import type { Data } from "./lines.js";
import { type Contender, local } from "./measure.js";
import { importPeer, peerVersion } from "./peers.js";

interface Runtime {
  env: { wasm: { numThreads: number } };
  Tensor: new (type: "int32", values: Int32Array, shape: readonly number[]) => object;
  InferenceSession: { create(model: Uint8Array): Promise<Session> };
}

interface Session {
  run(inputs: { index: object }): Promise<{ out: { data: Float32Array } }>;
  release(): Promise<void>;
}

export class Onnx {
  static readonly title = "onnxruntime-web";
  readonly version = peerVersion("onnxruntime-web");

  private constructor(private readonly runtime: Runtime) {}

  static async start(): Promise<Onnx> {
    const runtime = (await importPeer("onnxruntime-web")) as Runtime;
    runtime.env.wasm.numThreads = 1;
    return new Onnx(runtime);
  }

  on({ V, D, N, weight, index }: Data): Contender {
    let session: Session;
    const look = async () => {
      const { out } = await session.run({ index: new this.runtime.Tensor("int32", index, [N]) });
      return out.data;
    };
    return local(Onnx.title, {
      run: async () => (await look())[0],
      outputs: async () => {
        session = await this.runtime.InferenceSession.create(gatherModel(V, D, N, weight));
        return [await look()];
      },
      dispose: () => session.release(),
    });
  }
}

/** out = Gather(weight, index), as a ModelProto (onnx.proto of ONNX has the numbers of the fields). */
function gatherModel(V: number, D: number, N: number, weight: Float32Array): Uint8Array {
  const [FLOAT, INT32] = [1, 6];
  const dimension = (size: number) => bytes(1, number(1, size));
  const value = (name: string, type: number, ...shape: number[]) => [
    text(1, name),
    bytes(2, bytes(1, number(1, type), bytes(2, ...shape.map(dimension)))),
  ];
  const table = new Uint8Array(weight.buffer, weight.byteOffset, weight.byteLength);
  const graph = [
    bytes(1, text(1, "weight"), text(1, "index"), text(2, "out"), text(4, "Gather")),
    text(2, "gather"),
    bytes(5, number(1, V), number(1, D), number(2, FLOAT), text(8, "weight"), bytes(9, table)),
    bytes(11, ...value("index", INT32, N)),
    bytes(12, ...value("out", FLOAT, N, D)),
  ];
  const [irVersion, opset] = [8, 13];
  return Buffer.concat([number(1, irVersion), bytes(7, ...graph), bytes(8, text(1, ""), number(2, opset))]);
}

/** A field of Protocol Buffers: number << 3 | kind, then a length and bytes (kind 2), or a number (kind 0). */
function bytes(field: number, ...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint((field << 3) | 2), varint(length), ...parts]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, Buffer.from(value));
}

function number(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

/** Seven bits a byte, lowest first; all but the last byte have the eighth set. */
function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Uint8Array.of(...out, value);
}
