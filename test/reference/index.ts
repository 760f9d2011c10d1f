// The oracle, one file a room: every operation as a plain loop. common.ts says the rules.

export * from "./bag.js";
export * from "./common.js";
export * from "./elementwise.js";
export * from "./embedding.js";
export * from "./half.js";
export * from "./optim.js";
export * from "./random.js";
export * from "./reduce.js";
export * from "./row-functions.js";
export * from "./rows.js";
