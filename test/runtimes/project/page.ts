// A page or a worker: the report goes to the server that the script came from.

import { report } from "./smoke.js";

fetch("/report", { method: "POST", body: JSON.stringify(report()) });
