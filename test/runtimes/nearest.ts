// The example Worker: the nearest words out of an int8 table, made on the command line of the installed package from real vectors.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transform } from "esbuild";
import { cache } from "../../scripts/glove/fetch.js";
import { NEW, socketAt, worker, workerdFile, workerdVersion } from "./edge.js";
import { exec, freePort, start, until } from "./exec.js";
import { fromNpm } from "./install.js";
import type { Answer, Context, Entry } from "./matrix.js";
import { resident } from "./requests.js";

/** 20,000 rows, where `npm run glove` has been called; 283 rows otherwise. */
const text = () => [join(cache, "glove.txt"), "test/fixtures/glove.txt"].find(existsSync)!;

/** What a Worker may use of memory, all of the process counted. */
const MOST_BYTES = 128 * 2 ** 20;

interface Asked {
  readonly path: string;
  readonly status: number;
  /** A part of the answer. */
  readonly says: string;
}

const QUESTIONS: readonly Asked[] = [
  { path: "/nearest?word=king&k=3", status: 200, says: '"word":"queen"' },
  { path: "/nearest?word=paris", status: 200, says: '"word":"france"' },
  { path: "/analogy?a=man&b=king&c=woman&k=1", status: 200, says: '"nearest":[{"word":"queen","score":0.7' },
  { path: "/nearest", status: 400, says: "'word' is missing" },
  { path: "/nearest?word=", status: 400, says: "'word' is missing" },
  { path: "/nearest?word=king&k=0", status: 400, says: "'k' must be a whole number from 1 to 100" },
  { path: "/nearest?word=king&k=1e1", status: 400, says: "'k' must be a whole number" },
  { path: "/analogy?a=man&b=king", status: 400, says: "'c' is missing" },
  { path: "/nearest?word=%22kingx", status: 404, says: 'there is no vector of \\"\\\\\\"kingx\\"' },
  { path: "/analogy?a=man&b=kingx&c=woman", status: 404, says: "there is no vector of" },
  { path: "/", status: 404, says: "there are /nearest?word=" },
];

/** Converts the text as a user would, in two steps. Returns the path of the int8 table and what was said of it. */
async function tableOf(project: string): Promise<{ table: string; said: string }> {
  const cli = join(project, "node_modules/nn-embedding/build/cli.js");
  const [floats, table] = ["floats.safetensors", "vectors.safetensors"].map((name) => join(project, name));
  await exec(process.execPath, [cli, "convert", text(), floats]);
  await exec(process.execPath, [cli, "convert", floats, table, "--dtype", "int8"]);
  const said = await exec(process.execPath, [cli, "info", table]);
  return { table, said: /embedding\.weight.*/.exec(said)![0].replaceAll("\t", " ") };
}

async function ask(url: string): Promise<void> {
  for (const { path, status, says } of QUESTIONS) {
    const response = await fetch(url + path);
    const body = await response.text();
    if (response.status === status && body.includes(says)) continue;
    throw new Error(`GET ${path}: ${response.status} ${body.slice(0, 200)}, not ${status} with ${says}`);
  }
  const { status } = await fetch(`${url}/nearest?word=king`, { method: "POST" });
  if (status !== 405) throw new Error(`POST: ${status}, not 405`);
}

/** Beside the vectors, which the worker of the matrix computes. */
export const nearest: Entry = {
  name: "workerd nearest words",
  fast: true,
  install: () => fromNpm(workerdFile),
  async run({ project, signal }: Context): Promise<Answer> {
    const workerd = await fromNpm(workerdFile);
    const output = await exec(workerd, ["test", await worker(project, "edge.js", NEW)], { signal });
    const source = await readFile("examples/worker/worker.ts", "utf8");
    const { code } = await transform(source, { loader: "ts", target: "es2022" });
    await writeFile(join(project, "nearest.js"), code);
    const { table, said } = await tableOf(project);
    const port = await freePort();
    const config = await worker(project, "nearest.js", NEW, socketAt(port), [table]);
    const server = start(workerd, ["serve", config], { signal });
    const url = `http://127.0.0.1:${port}`;
    await until(() => fetch(url).catch(() => null), server);
    await ask(url);
    const bytes = await resident(server.pid);
    if (bytes > MOST_BYTES) throw new Error(`workerd holds ${bytes} bytes, more than ${MOST_BYTES}`);
    return {
      output,
      version: await workerdVersion(),
      engine: "V8",
      note: `${said}; RSS ${Math.round(bytes / 1e6)} MB`,
    };
  },
};
