// Edge runtimes, which refuse to compile WebAssembly from bytes: the .wasm comes as a module.

import { copyFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { exec } from "./exec.js";
import { fromNpm, npmVersion, packages } from "./install.js";
import type { Entry } from "./matrix.js";
import { installedFile, oneFile } from "./stage.js";

/** A new compatibility date. */
export const NEW = "2026-11-01";

/** A file that a worker imports: kernels, or bytes. */
interface WorkerModule {
  readonly kind: "wasm" | "data";
  readonly path: string;
}

/**
 * A folder with what `workerd` serves, made as wrangler makes it: one file under its conditions, other modules beside it.
 * program: a file of the project. Returns the path of its configuration.
 */
export async function worker(
  project: string,
  program: string,
  date: string,
  socket = "",
  data: readonly string[] = [],
): Promise<string> {
  const file = await oneFile(project, program, program, {
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    plugins: [
      {
        name: "modules",
        setup: ({ onResolve }) =>
          onResolve({ filter: /\.(wasm|safetensors)$/ }, ({ path }) => ({
            path: `./${basename(path)}`,
            external: true,
          })),
      },
    ],
  });
  const kernels = ["kernels.wasm", "table-kernels.wasm"].map((name) => installedFile(project, `nn-embedding/${name}`));
  const modules: WorkerModule[] = [
    ...kernels.map((path) => ({ kind: "wasm" as const, path })),
    ...data.map((path) => ({ kind: "data" as const, path })),
  ];
  for (const { path } of modules) await copyFile(path, join(project, "one-file", basename(path)));
  const embedded = modules.map(({ kind, path }) => `(name = "${basename(path)}", ${kind} = embed "${basename(path)}")`);
  const config = file.replace(/js$/, `${date}.capnp`);
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "${program}", esModule = embed "${program}"),
      ${embedded.join(",\n      ")},
    ],
    compatibilityDate = "${date}",
  ))],
  ${socket}
);
`,
  );
  return config;
}

/** What a configuration says to serve HTTP at a port of loopback. */
export const socketAt = (port: number) =>
  `sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],`;

export const workerdFile = "workerd/bin/workerd";

/** "workerd 2026-11-17" becomes "2026-11-17". */
export const workerdVersion = async () =>
  (await exec(await fromNpm(workerdFile), ["--version"])).trim().split(" ").at(-1)!;

const workerd = (name: string, date: string): Entry => ({
  name,
  fast: true,
  install: () => fromNpm(workerdFile),
  run: async ({ project, signal }) => ({
    output: await exec(await fromNpm(workerdFile), ["test", await worker(project, "edge.js", date)], { signal }),
    version: await workerdVersion(),
    engine: "V8",
  }),
});

const edgeRuntime: Entry = {
  name: "edge-runtime",
  install: () => fromNpm("edge-runtime"),
  async run({ project, signal }) {
    const file = await oneFile(project, "print.js", "edge-light.js", {
      conditions: ["edge-light"],
      // What the host does with "?module": the import becomes a compiled module.
      plugins: [
        {
          name: "wasm?module",
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "wasm" }));
            onLoad({ filter: /.*/, namespace: "wasm" }, () => ({ contents: "export default KERNELS" }));
          },
        },
      ],
    });
    const wasm = installedFile(project, "nn-embedding/kernels.wasm");
    return {
      output: await exec(process.execPath, [join(packages, "edge-host.mjs"), file, wasm], { signal }),
      version: await npmVersion("edge-runtime"),
      engine: `V8 ${process.versions.v8} (the host's)`,
    };
  },
};

// From 2025-06-01 on, workers may compile bytes at the top level of a module.
export const edge = [workerd("workerd", NEW), workerd("workerd 2025-05-31", "2025-05-31"), edgeRuntime];
