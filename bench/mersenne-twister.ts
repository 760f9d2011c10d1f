const N = 624;
const M = 397;

/** PyTorch's way to normal numbers in plain JavaScript, so that the same numbers can be compared. */
export class MersenneTwister {
  private readonly state = new Int32Array(N);
  private position = N;

  constructor(seed: number) {
    const { state } = this;
    state[0] = seed;
    for (let j = 1; j < N; j++) state[j] = Math.imul(1812433253, state[j - 1] ^ (state[j - 1] >>> 30)) + j;
  }

  /** Box and Muller on blocks of sixteen; the length of out must be a multiple of that. */
  fillNormal(out: Float32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.uniform();
    for (let block = 0; block < out.length; block += 16) {
      for (let i = block; i < block + 8; i++) {
        const radius = Math.sqrt(-2 * Math.log(1 - out[i]));
        const angle = 2 * Math.PI * out[i + 8];
        out[i] = radius * Math.cos(angle);
        out[i + 8] = radius * Math.sin(angle);
      }
    }
  }

  /** 24 bits in [0, 1). */
  private uniform(): number {
    if (this.position === N) this.twist();
    let y = this.state[this.position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return (y & 0xffffff) / 0x1000000;
  }

  private twist(): void {
    const { state } = this;
    for (let k = 0; k < N; k++) {
      const next = state[k + 1 === N ? 0 : k + 1];
      const far = state[k < N - M ? k + M : k + M - N];
      const y = (state[k] & 0x80000000) | (next & 0x7fffffff);
      state[k] = far ^ (y >>> 1) ^ (next & 1 ? 0x9908b0df : 0);
    }
    this.position = 0;
  }
}
