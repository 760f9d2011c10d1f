// Who takes part in which line.

import { tidy } from "nn-embedding";
import { Limits } from "./limits.js";
import type { Data, Line } from "./lines.js";
import { type Contender, type Effort, local, type Task } from "./measure.js";
import { Onnx } from "./onnx.js";
import { clearTransients, ours, untidied } from "./ours.js";
import { orSkip } from "./peers.js";
import { Tfjs } from "./tfjs.js";
import { Torch } from "./torch.js";

export const OURS = "ours";
export const UNTIDIED = "ours without tidy";
export const PLAIN = "plain JS";
export const TORCH = "torch, 1 thread";
export const TORCH_DEFAULT = "torch, default";

/** null: cannot be had here, or not needed. */
export interface Peers {
  readonly torch: Torch | null;
  readonly torchDefault: Torch | null;
  readonly limits: Limits | null;
  readonly onnx: Onnx | null;
  readonly tfjs: Tfjs | null;
}

const isLookUp = ({ group, op }: Line) => group === "operations" && op === "look-up";

/** Starts those that the lines need, and the steps of skip-gram. withTfjs: a minute and a half. */
export async function startPeers(lines: readonly Line[], withTfjs: boolean, withSkipGram: boolean): Promise<Peers> {
  const when = <T>(needed: boolean, name: string, make: () => T | Promise<T>) => (needed ? orSkip(name, make) : null);
  return {
    torch: await orSkip(TORCH, () => Torch.start(TORCH, 1)),
    torchDefault: await when(
      lines.some(({ group }) => group === "operations"),
      TORCH_DEFAULT,
      () => Torch.start(TORCH_DEFAULT, 0),
    ),
    limits: await when(withSkipGram || lines.some(Limits.knows), Limits.title, () => new Limits()),
    onnx: await when(lines.some(isLookUp), Onnx.title, () => Onnx.start()),
    tfjs: await when(withTfjs && lines.some(({ group }) => group === "tfjs"), Tfjs.title, () => Tfjs.start()),
  };
}

export function stopPeers({ torch, torchDefault, limits }: Peers): void {
  for (const process of [torch, torchDefault, limits]) process?.stop();
}

/** Its last results are cleared away when its turn is over: nobody else pays for them. */
export function withoutTidy(task: Task): Contender {
  const contender = local(UNTIDIED, task);
  const measure = async (effort: Effort) => {
    const samples = await contender.measure(effort);
    clearTransients();
    return samples;
  };
  return { ...contender, measure };
}

/** All but plain JavaScript, which says what is expected, and tfjs, which is too slow for turns. */
export function contendersOf(line: Line, data: Data, peers: Peers): Contender[] {
  const { group, op } = line;
  const untidy = group === "latency" || (group === "operations" && op.startsWith("step"));
  const all = [
    local(OURS, ours[op](data, tidy)),
    untidy && withoutTidy(ours[op](data, untidied)),
    Torch.knows(line) && peers.torch?.on(line),
    Torch.knows(line) && group === "operations" && peers.torchDefault?.on(line),
    Limits.knows(line) && peers.limits?.on(line, data),
    isLookUp(line) && peers.onnx?.on(data),
  ];
  return all.filter((one) => one !== false && one !== null && one !== undefined);
}
