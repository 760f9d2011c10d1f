import { checkInteger, describe } from "./check.js";
import { type Block, free, integersAt, kernels, tryAllocate } from "./wasm.js";

/** The seed of torch.Generator() before anybody sets one. */
const DEFAULT_SEED = 67280421310721n;

const collected = typeof FinalizationRegistry === "undefined" ? null : new FinalizationRegistry<Block>(free);

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
}

let shared: Generator | null = null;

/** The generator used where none is given. Unlike torch.Generator() it starts from a random seed. */
export function defaultGenerator(): Generator {
  shared ??= new Generator().manualSeed(randomSeed());
  return shared;
}

/** Seeds the default generator, as torch.manual_seed, and returns it. */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator().manualSeed(seed);
}

/** From the platform's entropy; from the clock where a bare engine has none. */
function randomSeed(): number {
  return globalThis.crypto?.getRandomValues(new Uint32Array(1))[0] ?? Date.now();
}
