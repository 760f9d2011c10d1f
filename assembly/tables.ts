// The manifest of the second module, for tables that are read and searched but not trained: nn-embedding/tables.
// It works in the memory of the first, so that it has no data and no state of its own. Parameters as in index.ts.

export * from "./tables/best";
export * from "./tables/convert";
export * from "./tables/half";
export * from "./tables/pack";
export * from "./tables/packed-bag";
export * from "./tables/scores";
export * from "./tables/unpack";
