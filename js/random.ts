import { checkInteger, describe, runSync } from "./check.js";
import { type Block, free, integersAt, kernels, tryAllocate } from "./wasm.js";

/** The seed of torch.Generator() before anybody sets one. */
const DEFAULT_SEED = 67280421310721n;

/** Words of MT19937. */
const N = 624;

// The kernels' state, in 32-bit words: N words of MT19937, how many of them are used up (more than N: the next draw comes from
// fresh seed words), whether a normal is kept, and that normal, a double.
const USED = N;
const KEPT = N + 1;
const KEPT_VALUE = N + 2;

// PyTorch's CPUGeneratorImplState, in 32-bit words: the seed; how many words are left, and one; a boolean; the next word's number;
// N words of MT19937, each in 64 bits; three doubles of which the second is the kept normal; whether it counts; a kept float.
const STATE_BYTES = 5056;
const LEFT = 2;
const IS_SEEDED = 3;
const NEXT = 4;
const WORDS = 6;
const NORMAL = WORDS + 2 * N + 2;
const HAS_NORMAL = NORMAL + 4;

const collected =
  typeof FinalizationRegistry === "undefined" ? null : /* @__PURE__ */ new FinalizationRegistry<Block>(free);

/**
 * PyTorch's CPU generator, MT19937: the same seed gives the same numbers.
 * https://docs.pytorch.org/docs/stable/generated/torch.Generator.html
 */
export class Generator {
  private seed = DEFAULT_SEED;
  private block: Block | null = null;

  /** Restarts the generator. seed: an integer in [-2^63, 2^64); the low 32 bits choose the numbers. */
  manualSeed(seed: number | bigint): this {
    if (typeof seed !== "bigint") checkInteger("manualSeed", "seed", seed);
    const value = BigInt(seed);
    if (value < -(2n ** 63n) || value >= 2n ** 64n) {
      throw new RangeError(
        `manualSeed: Overflow when unpacking long long: seed is ${describe(seed)}, valid range is [-2^63, 2^64)`,
      );
    }
    this.seed = BigInt.asUintN(64, value);
    this.restart();
    return this;
  }

  /** The seed last set; a negative one counts from 2^64. */
  initialSeed(): bigint {
    return this.seed;
  }

  /** All that decides the numbers to come: the 5056 bytes of torch.Generator.get_state(). */
  getState(): Uint8Array {
    const words = this.words();
    const bytes = new ArrayBuffer(STATE_BYTES);
    const state = new Int32Array(bytes);
    new BigUint64Array(bytes)[0] = this.seed;
    const next = words[USED] > N ? 0 : words[USED];
    state[NEXT] = next;
    state[LEFT] = next === 0 ? 1 : N + 1 - next;
    state[IS_SEEDED] = 1;
    for (let i = 0; i < N; i++) state[WORDS + 2 * i] = words[i];
    if (words[KEPT] !== 0) {
      state.set(words.subarray(KEPT_VALUE, KEPT_VALUE + 2), NORMAL);
      state[HAS_NORMAL] = 1;
    }
    return new Uint8Array(bytes);
  }

  /**
   * Goes on from where another generator was, here or in PyTorch: `bytes` are those of getState() or get_state(), read as
   * torch.Generator.set_state() does. TypeError, or RangeError for another length or a state that PyTorch never writes.
   */
  setState(bytes: Uint8Array): this {
    const state = checkState(bytes);
    const words = this.words();
    this.seed = new BigUint64Array(state)[0];
    const from = new Int32Array(state);
    for (let i = 0; i < N; i++) words[i] = from[WORDS + 2 * i];
    words[USED] = from[NEXT] === 0 ? N + 1 : from[NEXT];
    words[KEPT] = from[HAS_NORMAL] === 0 ? 0 : 1;
    words.set(from.subarray(NORMAL, NORMAL + 2), KEPT_VALUE);
    return this;
  }

  /** @internal Address of the state, for the kernels that draw from it. */
  get address(): number {
    return (this.block ?? this.restart()).address;
  }

  private restart(): Block {
    if (this.block === null) {
      this.block = tryAllocate(kernels.GENERATOR_BYTES.value);
      if (this.block === null) throw new RangeError("out of linear memory: no room for a generator's state");
      integersAt(this.block, 0, this.block.bytes >> 2).fill(0);
      collected?.register(this, this.block);
    }
    kernels.seedGenerator(this.block.address, Number(BigInt.asUintN(32, this.seed)));
    return this.block;
  }

  /** Live view of the state. */
  private words(): Int32Array {
    const block = this.block ?? this.restart();
    return integersAt(block, 0, block.bytes >> 2);
  }
}

let shared: Generator | null = null;
/** Whether the default generator has a seed: it draws entropy for one no sooner than somebody needs it. */
let seeded = false;

/** The generator used where none is given. Unlike torch.Generator() it starts from a random seed. */
export function defaultGenerator(): Generator {
  return seeded ? shared! : manualSeed(randomSeed());
}

/**
 * Seeds the default generator, as torch.manual_seed, and returns it. Draws no entropy, which an edge worker forbids outside
 * its handlers.
 */
export function manualSeed(seed: number | bigint): Generator {
  shared = (shared ?? new Generator()).manualSeed(seed);
  seeded = true;
  return shared;
}

/** The state of the default generator, as torch.get_rng_state(). */
export function getRngState(): Uint8Array {
  return defaultGenerator().getState();
}

/** Sets the state of the default generator, as torch.set_rng_state(). */
export function setRngState(bytes: Uint8Array): void {
  shared = (shared ?? new Generator()).setState(bytes);
  seeded = true;
}

/**
 * Runs `fn`, after which the default generator is where it was, as torch.random.fork_rng; one that has no seed yet draws none for
 * this. Returns what `fn` returns. TypeError for an async function.
 */
export function forkRng<T>(fn: () => T): T {
  const before = seeded ? getRngState() : null;
  try {
    return runSync("forkRng", fn);
  } finally {
    if (before === null) seeded = false;
    else setRngState(before);
  }
}

/** A copy of the bytes of a state, after PyTorch's checks. */
function checkState(bytes: unknown): ArrayBuffer {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(
      `setState: RNG state must be a torch.ByteTensor, here a Uint8Array, but got ${describe(bytes)}`,
    );
  }
  if (bytes.length !== STATE_BYTES) {
    throw new RangeError(
      `setState: Expected a CPUGeneratorImplState of size ${STATE_BYTES} but found the input RNG state size to be ${bytes.length}`,
    );
  }
  const copy = new ArrayBuffer(STATE_BYTES);
  new Uint8Array(copy).set(bytes);
  const state = new Int32Array(copy);
  const [left, seeded, next] = [state[LEFT], state[IS_SEEDED], state[NEXT]];
  // A fresh seed counts as one word left and none used; otherwise both counts tell the same.
  if (seeded === 0 || next < 0 || next > N || state[NEXT + 1] !== 0 || left !== (next === 0 ? 1 : N + 1 - next)) {
    throw new RangeError(
      `setState: Invalid mt19937 state: seeded is ${seeded}, left is ${left}, next is ${next}, ` +
        `but left must be ${N + 1} - next, or 1 where next is 0, and next in [0, ${N}]`,
    );
  }
  return copy;
}

/** Chance that need not be secret: the engine's own. The platform's takes Node 4 ms when it is first asked. */
function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
