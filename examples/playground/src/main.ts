// The frame: tabs, theme, faults. Each tab fills its panel.

import { $ } from "./dom.js";
import { checkEngine } from "./engine-check.js";
import { sentence } from "./faults.js";
import { Store } from "./store.js";
import { followTabs } from "./tabs.js";
import { followTheme } from "./theme.js";

const store = new Store();

function showFault(error: unknown): void {
  console.error(error);
  $("fault-text").textContent = sentence(error);
  $("fault").hidden = false;
}

/** Loaded only now, so that the page is there to say what this browser cannot do. */
async function mountTabs(): Promise<void> {
  type Tab = { mount(panel: HTMLElement, store: Store): void };
  const tabs: Record<string, Promise<Tab>> = {
    train: import("./train/index.js"),
    look: import("./look/index.js"),
    files: import("./files/index.js"),
    prove: import("./prove/index.js"),
  };
  await Promise.all(Object.values(tabs));
  for (const [id, tab] of Object.entries(tabs)) (await tab).mount($(id), store);
}

/** Fetches the rest of the page when it has nothing else to do, so that it needs no network any more. */
function stayOffline(): void {
  if (!import.meta.env.PROD || navigator.serviceWorker === undefined) return;
  const register = () => navigator.serviceWorker.register("./sw.js").catch((error) => console.warn(error));
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
}

/** The charts write numbers in the browser's language, which WebKitGTK calls "C" where the system does. */
function nameLanguage(): void {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, "language", { value: "en-US" });
  }
}

/** A file that misses its place is refused: the browser would show it instead of the page. */
function refuseFiles(event: DragEvent): void {
  const { dataTransfer } = event;
  if (event.defaultPrevented || !dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  dataTransfer.dropEffect = "none";
}

store.onFault(showFault);
addEventListener("dragover", refuseFiles);
addEventListener("drop", refuseFiles);
$("fault-close").addEventListener("click", () => {
  $("fault").hidden = true;
});
addEventListener("error", ({ error, message }) => {
  // Says only that a size will be followed one picture later.
  if (!message.startsWith("ResizeObserver loop")) showFault(error ?? message);
});
addEventListener("unhandledrejection", ({ reason }) => showFault(reason));
followTheme($("theme"));
try {
  checkEngine();
  nameLanguage();
  await mountTabs();
  followTabs();
  stayOffline();
} catch (error) {
  showFault(error);
}
