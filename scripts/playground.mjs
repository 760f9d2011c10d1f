// Builds the playground and serves it on this machine alone: npm run playground -- --port 4173

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, preview } from "vite";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { port: { type: "string" } } });
const port = values.port === undefined ? 4173 : Number(values.port);
if (!(Number.isInteger(port) && port >= 0 && port < 65536)) {
  console.error("--port must be a whole number below 65,536.");
  process.exit(2);
}

const configFile = join(root, "examples/playground/vite.config.ts");
await build({ configFile });
// Unless it was asked for, a port that is taken is no fault: the next free one does.
const server = await preview({
  configFile,
  preview: { host: "127.0.0.1", port, strictPort: values.port !== undefined },
});
console.log(`The playground: http://127.0.0.1:${server.httpServer.address().port}/`);
