// What can go wrong, in plain sentences.

const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [
    /no WebAssembly SIMD/,
    "This browser cannot run WebAssembly SIMD, which the playground is made of. Chrome and Edge from 91, Firefox from 89 and Safari from 16.4 on can.",
  ],
  [/has no WebAssembly|WebAssembly is not defined/, "This browser has no WebAssembly, or it is switched off."],
  [
    /wasm-unsafe-eval/,
    "The server of this page forbids WebAssembly: its content security policy has to allow 'wasm-unsafe-eval'.",
  ],
  [
    /out of (linear )?memory|allocation failed|cannot start the kernels|Invalid (typed )?array( buffer)? length/i,
    "There is not enough memory for this: choose fewer dimensions, or a shorter text or file.",
  ],
  [/encoded data was not valid|not valid UTF-8|not valid utf-8/i, "This is not a text in UTF-8."],
  [
    /dynamically imported module|Importing a module script failed|Failed to fetch|NetworkError|Load failed/i,
    "A part of the page could not be loaded. Is the browser offline? Whatever is on the page goes on working.",
  ],
  [
    /QuotaExceededError|\bquota\b/,
    "The browser has no room left to keep the state of the training: after closing this tab it would begin anew.",
  ],
];

/** A sentence for the screen: what is known in plain words, the rest as it is. Of the error alone: a file's name in it may look known. */
export function sentence(error: unknown): string {
  const text =
    error instanceof Error || error instanceof DOMException ? `${error.name}: ${error.message}` : String(error);
  const known = SENTENCES.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  return text.replace(/^(Uncaught )?(\w*Error: )+/, "");
}

/** The library's errors begin with the name of a function, which says nothing on the page. */
export function withoutOperation(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^[a-z]+[A-Za-z]*: (?=\S)/, "");
}
