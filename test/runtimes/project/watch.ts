// A classic script, first in every page: what goes wrong in the scripts after it is reported instead of a report.

addEventListener(
  "error",
  ({ message, target }) => {
    const error = message ?? `${(target as HTMLScriptElement).src} did not load`;
    fetch("/report", { method: "POST", body: JSON.stringify({ error }) });
  },
  // Scripts that do not load say so to the capturing phase alone.
  true,
);
