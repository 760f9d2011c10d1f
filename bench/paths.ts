// Where things are. The benchmark runs as build/bench/bench.js.

import { fileURLToPath } from "node:url";

const under = (folder: string) => (name: string) => fileURLToPath(new URL(`../../${folder}${name}`, import.meta.url));

export const root = under("");
export const inBench = under("bench/");
export const inBuild = under("build/bench/");
