import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const folder = `${process.env.BUILD}/readme`;
const readme = readFileSync("README.md", "utf8");
const programs = [...readme.matchAll(/```ts\n(.*?)```(?:\n\n```text ?(\w*)\n(.*?)```)?/gs)].map(
  ([, source, name, printed], i) => ({ file: `${folder}/${i}.ts`, source, name, printed }),
);
/** Commands with what they print: "$ npx nn-embedding info glove.txt". */
const sessions = [...readme.matchAll(/```console\n(.*?)```/gs)].map(([, text]) => text);
mkdirSync(folder, { recursive: true });
for (const { file, source } of programs) writeFileSync(file, source);
// The files that programs and commands find where they run.
cpSync("test/fixtures/glove.txt", `${folder}/glove.txt`);
cpSync("test/fixtures/static/plain", `${folder}/model`, { recursive: true });

const built = (path: string) => join(process.cwd(), path);

/** Runs a program of the README on the build under test; returns what it printed. */
async function run(file: string): Promise<string> {
  const outfile = file.replace(/\.ts$/, ".mjs");
  const alias = {
    "nn-embedding": built(`${process.env.BUILD}/index.js`),
    "nn-embedding/tables": built(`${process.env.BUILD}/tables/index.js`),
    "nn-embedding/verify": built("build/verify.js"),
  };
  await build({ entryPoints: [file], outfile, bundle: true, format: "esm", target: "es2022", platform: "node", alias });
  return execFileSync(process.execPath, [built(outfile)], { encoding: "utf8", cwd: folder });
}

/** What the README uses of its host, and the types of @huggingface/tokenizers. */
const HOST = `
declare const console: { log(text: unknown): void };
declare class TextDecoder {}
declare class TextEncoder {}
declare module "node:fs" {
  export function createReadStream(path: string): AsyncIterable<Uint8Array>;
}
declare module "node:fs/promises" {
  export function readFile(path: string): Promise<Uint8Array>;
  export function writeFile(path: string, data: Uint8Array | Iterable<Uint8Array>): Promise<void>;
}
`;

describe("README", () => {
  test("begins with the commands that continuous integration runs, after the one that shows something", () => {
    const [, commands] = /^# nn-embedding\n\n```sh\n(.*?)```/s.exec(readme)!;
    expect(commands.split("\n").map((line) => line.split("#")[0].trim())).toEqual([
      "npm ci && npm start",
      "npm ci && npm test",
      "npm ci && npm run test:runtimes -- --fast",
      "npm ci && npm run test:playground",
      "",
    ]);
    const ci = readFileSync(".ci/run", "utf8").split("\n");
    expect(ci.filter((line) => line.startsWith("npm "))).toEqual([
      "npm ci",
      "npm test",
      "npm run test:runtimes -- --fast",
      "npm run test:playground",
    ]);
  });

  test.each(programs)("program $file prints what stands below it", async ({ file, printed }) => {
    expect(await run(file)).toBe(printed);
  });

  // The command line is that of the release build, whatever is under test.
  test.runIf(process.env.BUILD === "build").each(sessions)("the commands print what stands below them", (session) => {
    for (const [, command, printed] of session.matchAll(/^\$ npx nn-embedding (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const args = [built("build/cli.js"), ...command.split(" ")];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: folder });
      expect([command, status, stdout + stderr]).toEqual([command, 0, printed]);
    }
  });

  test("the introductions print what PyTorch prints", () => {
    const { outputs } = JSON.parse(readFileSync("test/golden/introduction.json", "utf8"));
    const named = programs.filter(({ name }) => name !== "");
    expect(Object.fromEntries(named.map(({ name, printed }) => [name, printed]))).toEqual(outputs);
  });

  test("its programs compile for a strict user without DOM types, with every declaration checked", () => {
    const options = {
      strict: true,
      target: "es2022",
      lib: ["es2022"],
      module: "esnext",
      moduleResolution: "bundler",
      skipLibCheck: false,
      noEmit: true,
      types: [],
      paths: {
        "nn-embedding": [join(process.cwd(), "build/types/index.d.ts")],
        "nn-embedding/tables": [join(process.cwd(), "build/types/tables/index.d.ts")],
        "nn-embedding/verify": [join(process.cwd(), "build/types/verify/verify.d.ts")],
      },
    };
    writeFileSync(`${folder}/host.d.ts`, HOST);
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
    const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
    expect(() => execFileSync(process.execPath, [tsc, "-p", folder], { stdio: "pipe" })).not.toThrow();
  });
});
