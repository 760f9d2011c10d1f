// Runtimes with a command line: the report is the last line printed. jsc and js102 have print alone.

import { report } from "./smoke.js";

const print = (globalThis as { print?: (text: string) => void }).print ?? console.log;
print(JSON.stringify(report()));
