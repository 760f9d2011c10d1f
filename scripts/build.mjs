// Builds everything into build/: the kernels (debug and release), a bundle for each kind of runtime, the type declarations.

import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { finishDeclarations } from "./declarations.mjs";
import { licencesOf } from "./licences.mjs";
import { DIGITS, decode, encode } from "./wasm-text.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a tool on this Node. Whatever it prints is an error: asc exits with 0 after warnings. */
async function run(file, ...args) {
  const command = [join(root, "node_modules", file), ...args];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: root }).catch(
    (error) => error,
  );
  const printed = `${stdout ?? ""}${stderr ?? ""}`.trim();
  if (printed !== "") throw new Error(`${file} printed:\n${printed}`);
}

const compile = (entry, target) =>
  run("assemblyscript/bin/asc.js", entry, "--config", "asconfig.json", "--target", target);

const options = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
  // A field that the constructor sets anyway is not declared in the class as well.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
};

/** Names that more than one file uses, and nobody outside. */
const INTERNAL_NAMES =
  "addressAt checkInPlace clearGrad denseGrad disown isShared madeBy savedVersion setTrainableRows unsave zeroGradient".split(
    " ",
  );

/**
 * The private names of classes, each with a short one: nobody outside reads them, so that the build may shorten them. Not a name that
 * another file uses as well, for it may be public there, unless it is known to be none. "$" keeps them apart from names that users
 * give to what they add to a tensor, a module or an optimizer. Schedulers are left out, as their state has the names of their fields.
 */
async function privateNames() {
  const files = (await readdir(join(root, "js"), { recursive: true })).filter((name) => name.endsWith(".ts"));
  const texts = new Map();
  for (const name of files) texts.set(name, await readFile(join(root, "js", name), "utf8"));
  const uses = (name) => [...texts.values()].filter((text) => new RegExp(`\\b${name}\\b`).test(text)).length;
  const names = files
    .filter((file) => /^(tensor\/|nn\/|optim\/[^/]+$|autograd|random)/.test(file))
    .flatMap((file) => [...texts.get(file).matchAll(/ private (?:readonly |get |set |\*)*(\w+)/g)])
    .map(([, name]) => name);
  const shortened = [...new Set(names)]
    .filter((name) => uses(name) === 1)
    .concat(INTERNAL_NAMES)
    .sort();
  return Object.fromEntries(shortened.map((name, i) => [name, `$${i.toString(36)}`]));
}

/** Kernels, "#kernels.wasm" or "#table-kernels.wasm", as text in the bundle, compiled when it is imported. */
const inlined = (folder) => ({
  name: "inlined kernels",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^#.*kernels\.wasm$/ }, ({ path }) => ({ path: folder + path.slice(1), namespace: "wasm" }));
    onLoad({ filter: /./, namespace: "wasm" }, async ({ path }) => ({
      contents: `${decode}\nexport default /* @__PURE__ */ decode("${encode(await readFile(join(root, path)))}", "${DIGITS}");`,
    }));
  },
});

/** The kernels as a module of their own, which the runtime compiles and hands over. query: what it wants after the file's name. */
const imported = (query) => ({
  name: "imported kernels",
  setup({ onResolve }) {
    onResolve({ filter: /^#.*kernels\.wasm$/ }, ({ path, importer }) => {
      const up = importer.includes("/tables/") ? "../../" : "../";
      return { path: `${up}${path.slice(1)}${query}`, external: true };
    });
  },
});

/** tables/ and io/ use the library, they do not hold a second one. */
const besideLibrary = {
  name: "beside the library",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: "../index.js", external: true }));
    onResolve({ filter: /^\.\.\/internals\.js$/ }, () => ({ path: "../library.js", external: true }));
  },
};

/**
 * The files that only name things, "index.ts" and the namespaces below it: their own names, and the file of each namespace.
 * They stay files of their own in build/, because a bundler drops what nobody uses of a module, but not of an object.
 */
async function listNames(file, found = new Map()) {
  const alone = { ...options, entryPoints: [file], bundle: false, write: false, metafile: true };
  const { metafile } = await build(alone);
  const text = await readFile(join(root, file), "utf8");
  const namespaces = new Map();
  for (const [, name, path] of text.matchAll(/^export \* as (\w+) from "(.+)\.js";$/gm)) {
    namespaces.set(name, posix.join(posix.dirname(file), `${path}.ts`));
  }
  const [{ exports }] = Object.values(metafile.outputs);
  found.set(file, { names: exports.filter((name) => !namespaces.has(name)), namespaces });
  for (const child of namespaces.values()) await listNames(child, found);
  return found;
}

/** One bundle with everything, library.js, around it the files that name its parts, and the bundle of tables/. */
async function bundle(outdir, plugin, files, internals) {
  const exportLine = (names, path) => `export { ${names.join(", ")} } from "${path}";\n`;
  let contents = exportLine(internals, "./js/internals.ts");
  for (const [file, { names }] of files) contents += exportLine(names, `./${file}`);
  const stdin = { contents, resolveDir: root, sourcefile: "library.js" };
  await build({ ...options, stdin, outfile: `${outdir}/library.js`, plugins: [plugin], sourcemap: true });
  await build({
    ...options,
    entryPoints: ["js/tables/index.ts"],
    outfile: `${outdir}/tables/index.js`,
    plugins: [plugin, besideLibrary],
    sourcemap: true,
  });
  const output = (file) => file.replace(/^js\//, "").replace(/\.ts$/, ".js");
  const relative = (from, to) => posix.relative(posix.dirname(from), to).replace(/^(?!\.)/, "./");
  for (const [file, { names, namespaces }] of files) {
    const out = output(file);
    let text = exportLine(names, relative(out, "library.js"));
    for (const [name, child] of namespaces) text += `export * as ${name} from "${relative(out, output(child))}";\n`;
    await mkdir(dirname(join(root, outdir, out)), { recursive: true });
    await writeFile(join(root, outdir, out), text);
  }
}

/**
 * Everything in two files for Node, which takes half a millisecond to load one: namespaces are objects there. Nobody weighs what
 * runs on a server, so that it does not matter that a bundler keeps objects whole.
 */
async function nameForNode(files) {
  const object = (file) => {
    const { names, namespaces } = files.get(file);
    const nested = [...namespaces].map(([name, child]) => `${name}: ${object(child)}`);
    return `Object.freeze({ __proto__: null, ${[...names, ...nested].join(", ")} })`;
  };
  const [[index, { names, namespaces }]] = files;
  const imported = [...files].filter(([file]) => file !== index).flatMap(([, { names }]) => names);
  let text = `import { ${imported.join(", ")} } from "./library.js";\n`;
  text += `export { ${names.join(", ")} } from "./library.js";\n`;
  for (const [name, child] of namespaces) text += `export const ${name} = ${object(child)};\n`;
  await writeFile(join(root, "build/node.js"), text);
}

async function declare() {
  await run("typescript/bin/tsc", "-p", "tsconfig.types.json");
  await finishDeclarations(join(root, "build/types"), ["index.d.ts", "tables/index.d.ts", "verify/verify.d.ts"]);
}

/** verify() imports the library as the package, so that a program has one copy of it and export conditions choose the build. */
const fromOutside = {
  name: "from outside",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: "nn-embedding", external: true }));
    onResolve({ filter: /^#vectors\.json$/ }, () => ({ path: join(root, "test/golden/vectors.json") }));
  },
};

/** The test vectors and the function that checks them. */
async function bundleVerify() {
  await Promise.all([
    copyFile(join(root, "test/golden/vectors.json"), join(root, "build/vectors.json")),
    build({ ...options, entryPoints: ["js/verify/verify.ts"], outfile: "build/verify.js", plugins: [fromOutside] }),
  ]);
}

/** The command line: a file for each command, so that it starts fast, with all packages inside but the library, and their licences. */
async function bundleCli() {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const { metafile } = await build({
    ...options,
    mangleProps: undefined,
    entryPoints: { cli: "js/cli/main.ts" },
    outdir: "build",
    chunkNames: "cli/[name]-[hash]",
    splitting: true,
    minify: true,
    legalComments: "none",
    platform: "node",
    external: ["nn-embedding"],
    define: { VERSION: JSON.stringify(version) },
    // CommonJS packages ask for what Node has.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    metafile: true,
  });
  await writeFile(join(root, "build/cli/LICENSES.txt"), await licencesOf(metafile.inputs, root));
}

await rm(join(root, "build"), { recursive: true, force: true });
await Promise.all([
  compile("assembly/index.ts", "release"),
  compile("assembly/index.ts", "debug"),
  compile("assembly/tables.ts", "tables"),
  compile("assembly/tables.ts", "tables-debug"),
]);
// Only their declarations are of use: js/wasm.ts instantiates the kernels.
for (const name of ["kernels", "table-kernels"]) await rm(join(root, `build/${name}.js`));
options.mangleCache = await privateNames();
options.mangleProps = new RegExp(`^(${Object.keys(options.mangleCache).join("|")})$`);
const files = await listNames("js/index.ts");
const [[, { names: internals }]] = await listNames("js/internals.ts");
await Promise.all([
  bundle("build", inlined("build/"), files, internals),
  bundle("build/debug", inlined("build/debug/"), files, internals),
  bundle("build/workerd", imported(""), files, internals),
  bundle("build/edge-light", imported("?module"), files, internals),
  nameForNode(files),
  bundleVerify(),
  bundleCli(),
  declare(),
]);
