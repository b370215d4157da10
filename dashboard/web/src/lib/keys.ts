// The page's keys. `a` and `s` are reserved (acknowledge, silence): they do nothing until the analyzer can.

export type Action = "next" | "previous" | "open" | "back" | "help" | "search" | "now" | "collectors" | "theme";

export const KEYS: { keys: string[]; action: Action; help: string }[] = [
  { keys: ["j", "ArrowDown"], action: "next", help: "next incident or chart" },
  { keys: ["k", "ArrowUp"], action: "previous", help: "previous" },
  { keys: ["Enter", "o"], action: "open", help: "open the selected incident" },
  { keys: ["Escape", "u"], action: "back", help: "back, or close" },
  { keys: ["/"], action: "search", help: "filter" },
  { keys: ["1"], action: "now", help: "Now" },
  { keys: ["2"], action: "collectors", help: "Collectors" },
  { keys: ["t"], action: "theme", help: "light, dark or the system's theme" },
  { keys: ["?"], action: "help", help: "these keys" },
];

export interface KeyLike {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What a key means where `target` has the focus; null leaves it to the browser. */
export function actionOf(event: KeyLike, target: { tagName: string; isContentEditable?: boolean } | null): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const action = KEYS.find(({ keys }) => keys.includes(event.key))?.action ?? null;
  const tag = target?.tagName ?? "";
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(tag) || target?.isContentEditable) return action === "back" && event.key === "Escape" ? "back" : null;
  // Enter on a link or button is that link's own.
  if (event.key === "Enter" && /^(A|BUTTON|SUMMARY)$/.test(tag)) return null;
  // Arrows scroll a focused scroll box.
  if (event.key.startsWith("Arrow") && tag !== "BODY" && tag !== "MAIN" && tag !== "") return null;
  return action;
}
