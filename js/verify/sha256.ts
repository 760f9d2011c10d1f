// SHA-256 (FIPS 180-4), because crypto.subtle is missing on plain pages and in shells.

const FIRST_PRIMES = firstPrimes(64);

/** The first 32 bits of the fractions of the square roots of eight primes, and of the cube roots of 64. */
const START = Int32Array.from(FIRST_PRIMES.slice(0, 8), (p) => fractionOfRoot(BigInt(p) << 64n, (x) => x * x));
const ROUND = Int32Array.from(FIRST_PRIMES, (p) => fractionOfRoot(BigInt(p) << 96n, (x) => x * x * x));

function firstPrimes(n: number): number[] {
  const primes: number[] = [];
  for (let x = 2; primes.length < n; x++) if (primes.every((prime) => x % prime !== 0)) primes.push(x);
  return primes;
}

/** The low 32 bits of the root of x, in integers: engines disagree on Math.cbrt. */
function fractionOfRoot(x: bigint, power: (root: bigint) => bigint): number {
  let root = 0n;
  for (let bit = 1n << 36n; bit > 0n; bit >>= 1n) if (power(root + bit) <= x) root += bit;
  return Number(BigInt.asIntN(32, root));
}

/** The message, a one bit, zeros, and its length in bits: whole blocks of 64 bytes. */
function padded(message: Uint8Array): DataView {
  const bytes = new ArrayBuffer((message.length + 72) & ~63);
  new Uint8Array(bytes).set(message);
  const view = new DataView(bytes);
  view.setUint8(message.length, 0x80);
  view.setUint32(view.byteLength - 4, message.length << 3);
  return view;
}

const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));

/** The hash of fewer than 2^29 bytes, in hexadecimal. */
export function sha256(message: Uint8Array): string {
  const hash = START.slice();
  const words = new Int32Array(64);
  const blocks = padded(message);
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let t = 0; t < 16; t++) words[t] = blocks.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const [x, y] = [words[t - 15], words[t - 2]];
      const low = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const high = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      words[t] = words[t - 16] + low + words[t - 7] + high;
    }
    absorb(hash, words);
  }
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** One block, spread over 64 words. */
function absorb(hash: Int32Array, words: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = hash;
  for (let t = 0; t < 64; t++) {
    const chosen = (e & f) ^ (~e & g);
    const first = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + chosen + ROUND[t] + words[t]) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    hash[i] += word;
  });
}
