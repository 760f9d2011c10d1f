// A worker whose test is the report: `workerd test` runs it without opening a port.

import { report } from "./smoke.js";

export default {
  test() {
    console.log(JSON.stringify(report()));
  },
};
