// Which browser this is, as well as it tells.

const BROWSERS: readonly (readonly [RegExp, string, string])[] = [
  [/Firefox\/([\d.]+)/, "Firefox", "SpiderMonkey"],
  [/Edg\/([\d.]+)/, "Edge", "V8"],
  [/Chrome\/([\d.]+)/, "Chrome", "V8"],
  [/Version\/([\d.]+).*Safari/, "Safari", "JavaScriptCore"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/Windows/, "Windows"],
  [/Linux/, "Linux"],
];

/** "Chrome 156.0.0.0 (V8) on Linux" */
export function engine(): string {
  const { userAgent } = navigator;
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "an unknown system";
  for (const [pattern, browser, name] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${browser} ${version} (${name}) on ${system}`;
  }
  return userAgent;
}
