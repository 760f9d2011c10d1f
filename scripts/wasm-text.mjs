// Wasm as text inside a module. Base64 hides the bytes' pattern from gzip, which then finds 11.5 KB in 8.4 KB of wasm; here a
// byte is one character, or two for the less usual ones.

/**
 * The printable characters but " and \, in the order in which they are frequent in minified code: the usual bytes become
 * the usual letters, and one Huffman table serves the kernels and the code around them.
 */
export const DIGITS = "etrn isa)(,o.l=udh`fc{}pm;g:[]ywb0$?&!v>E_1kxzA+RT|S2NOG-B*Dj3IqL/PMU<F'4VCH6W8@J7KXYZQ95^%#~";

/**
 * The bytes as a text of DIGITS. A byte b counts as v = (b + 4) mod 256, so that the usual ones, small or just below 256, are
 * below 91: those are digit v + 2, the others digit 0 or 1 and a second one.
 */
export function encode(bytes) {
  let text = "";
  for (const byte of bytes) {
    const value = (byte + 4) & 255;
    const rest = value - 91;
    text += rest < 0 ? DIGITS[value + 2] : DIGITS[Math.floor(rest / 93)] + DIGITS[rest % 93];
  }
  return text;
}

/** The inverse. The build writes this function's own text into the bundle, so it refers to nothing outside. */
export function decode(text, digits) {
  const values = new Uint8Array(128);
  for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value;
  const bytes = new Uint8Array(text.length);
  let n = 0;
  for (let at = 0; at < text.length; at++) {
    const first = values[text.charCodeAt(at)];
    bytes[n++] = first > 1 ? first - 6 : 87 + 93 * first + values[text.charCodeAt(++at)];
  }
  return bytes.slice(0, n);
}
