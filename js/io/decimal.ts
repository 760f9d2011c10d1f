// float32 numbers as text. Millions of them stand in one file, so that no string is made of those that are read.

const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const LETTER_E = 101;

/** 10^0 … 10^22: a double holds every one of them exactly. */
const POWERS = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
];
const MOST = 22;

/**
 * Math.fround(Number(text)) of the decimal number in text[start, end), ASCII; ±Infinity for one beyond float32, and NaN for
 * anything else, such as "nan", "inf", "0x1" and nothing.
 */
export function parseDecimal(text: Uint8Array, start: number, end: number): number {
  const negative = text[start] === MINUS;
  let at = negative || text[start] === PLUS ? start + 1 : start;
  let digits = 0;
  let count = 0;
  let point = -1;
  for (; at < end; at++) {
    const digit = text[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      digits = digits * 10 + digit;
      count++;
    } else if (text[at] === POINT && point < 0) {
      point = count;
    } else {
      break;
    }
  }
  const exponent = at === end ? 0 : parseExponent(text, at, end);
  if (count === 0 || Number.isNaN(exponent)) return Number.NaN;
  const power = point < 0 ? exponent : exponent - (count - point);
  // Both are exact, so that their product or quotient is rounded once.
  const exact = digits <= Number.MAX_SAFE_INTEGER && power >= -MOST && power <= MOST;
  if (!exact) return Math.fround(Number(asciiOf(text, start, end)));
  const size = power < 0 ? digits / POWERS[-power] : digits * POWERS[power];
  return Math.fround(negative ? -size : size);
}

/** The number after "e" or "E" in text[start, end), NaN if there is none. */
function parseExponent(text: Uint8Array, start: number, end: number): number {
  if ((text[start] | 32) !== LETTER_E) return Number.NaN;
  const negative = text[start + 1] === MINUS;
  let at = negative || text[start + 1] === PLUS ? start + 2 : start + 1;
  if (at >= end) return Number.NaN;
  let exponent = 0;
  for (; at < end; at++) {
    const digit = text[at] - ZERO;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    exponent = exponent * 10 + digit;
  }
  return negative ? -exponent : exponent;
}

/** Bytes as text, for numbers and for errors: what is no ASCII looks strange. */
export function asciiOf(text: Uint8Array, start: number, end: number): string {
  let string = "";
  for (let at = start; at < end; at++) string += String.fromCharCode(text[at]);
  return string;
}

/** The shortest decimal number that reads back as the float32 x, which is finite. */
export function decimalText(x: number): string {
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  // Six digits always survive in a float32, and nine always tell which one it is.
  let places = 0;
  for (const size = Math.abs(x); places < 15 && size * POWERS[places] < 1e5; ) places++;
  for (let more = 0; more < 4; more++, places++) {
    const near = Math.round(x * POWERS[places]) / POWERS[places];
    if (Math.fround(near) === x && Math.abs(near) < 1e6) return String(near);
  }
  return textByDigits(x);
}

/** The same for numbers of any size, and slower. */
function textByDigits(x: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const near = Number(x.toPrecision(digits));
    if (Math.fround(near) === x) return String(near);
  }
  return String(Number(x.toPrecision(9)));
}
