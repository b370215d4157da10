// Light, dark, or as the system says (the default).

export type Theme = "system" | "light" | "dark";

const KEY = "weft-theme";
const ORDER: Theme[] = ["system", "light", "dark"];
const system = matchMedia("(prefers-color-scheme: dark)");

class ThemeChoice {
  choice = $state<Theme>(stored());
  private systemDark = $state(system.matches);
  dark = $derived(this.choice === "dark" || (this.choice === "system" && this.systemDark));

  constructor() {
    system.addEventListener("change", () => (this.systemDark = system.matches));
    this.apply();
  }

  cycle(): void {
    this.choice = ORDER[(ORDER.indexOf(this.choice) + 1) % ORDER.length]!;
    this.apply();
    try {
      localStorage.setItem(KEY, this.choice);
    } catch {
      // Storage may be forbidden: the choice then lasts as long as the tab.
    }
  }

  private apply(): void {
    const root = document.documentElement;
    if (this.choice === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = this.choice;
  }
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY) as Theme | null;
    return value && ORDER.includes(value) ? value : "system";
  } catch {
    return "system";
  }
}

export const theme = new ThemeChoice();
