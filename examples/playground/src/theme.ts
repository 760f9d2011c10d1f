// Light, dark, or as the system has it.

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const TEXT: Record<Theme, string> = {
  system: "Theme: system",
  light: "Theme: light",
  dark: "Theme: dark",
};
const KEY = "nn-embedding playground: theme";

export function followTheme(button: HTMLElement): void {
  let theme = remembered();
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = TEXT[theme];
    document.dispatchEvent(new Event("themechange"));
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember(theme);
    apply();
  });
  apply();
}

/** Storage may be forbidden: then a theme lasts as long as the page. */
function remembered(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "system";
  } catch {
    return "system";
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As long as the page.
  }
}
