// Bytes that mean something in files of words.

export const TAB = 9;
export const NEWLINE = 10;
export const RETURN = 13;
export const SPACE = 32;

/** What no text has, and by which binary files are known. */
export function isControl(byte: number): boolean {
  return byte < SPACE && byte !== TAB && byte !== NEWLINE && byte !== RETURN;
}
