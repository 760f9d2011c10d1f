// Runtimes with node_modules and a command line. They import the installed package as it is.

import { join } from "node:path";
import { exec } from "./exec.js";
import { fromDebian, fromNpm, fromNpmArm64, packages } from "./install.js";
import type { Entry } from "./matrix.js";

const system: Entry[] = [
  ["node", []],
  ["node --liftoff-only", ["--liftoff-only"]],
  ["node --no-liftoff", ["--no-liftoff"]],
].map(([name, flags]) => ({
  name: name as string,
  fast: name === "node",
  run: async ({ project, signal }) => ({
    output: await exec(process.execPath, [...flags, "print.js"], { cwd: project, signal }),
  }),
}));

/** Deno keeps what it fetches here; `deno bundle` fetches esbuild. */
export const denoHome = { DENO_DIR: join(packages, "node_modules/.deno"), DENO_NO_UPDATE_CHECK: "1" };

/** A runtime of npm/package.json. */
function packaged(name: string, file: string, args: string[], fast = false): Entry {
  return {
    name,
    fast,
    install: () => fromNpm(file),
    run: async ({ project, signal }) => ({
      output: await exec(await fromNpm(file), args, { cwd: project, signal, env: denoHome }),
    }),
  };
}

/** On an emulated processor: what the engine compiles for arm64 is real. */
const arm64 = (name: string, file: string): Entry => ({
  name: `${name} arm64 (qemu)`,
  limit: 180,
  async install() {
    await fromDebian("/usr/bin/qemu-aarch64", "qemu-user");
    await fromDebian(
      "/usr/aarch64-linux-gnu/lib/libatomic.so.1",
      ...["libc6-arm64-cross", "libstdc++6-arm64-cross", "libgcc-s1-arm64-cross", "libatomic1-arm64-cross"],
    );
    await fromNpmArm64(file);
  },
  run: async ({ project, signal }) => ({
    output: await exec(
      "/usr/bin/qemu-aarch64",
      ["-L", "/usr/aarch64-linux-gnu", await fromNpmArm64(file), "print.js"],
      { cwd: project, signal },
    ),
  }),
});

export const node = [
  ...system,
  ...[22, 24, 26].map((major) => packaged(`node ${major}`, `node${major}/bin/node`, ["print.js"])),
  packaged("deno", "deno/deno", ["run", "--no-remote", "print.js"], true),
  packaged("bun", "bun/bin/bun", ["run", "print.js"], true),
  arm64("node", "node/bin/node"),
  arm64("bun", "bun/bin/bun"),
];
