import { expect, test } from "vitest";
import { actionOf } from "../src/lib/keys";

const key = (key: string, modifiers = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...modifiers });
const BODY = { tagName: "BODY" };

test("keys mean what the help says", () => {
  const table: [string, string | null][] = [["j", "next"], ["k", "previous"], ["Enter", "open"], ["Escape", "back"], ["?", "help"], ["a", null], ["s", null]];
  for (const [name, action] of table) expect(actionOf(key(name), BODY)).toBe(action);
});

test("browser shortcuts and text fields keep theirs", () => {
  expect(actionOf(key("j", { ctrlKey: true }), BODY)).toBeNull();
  expect(actionOf(key("j"), { tagName: "INPUT" })).toBeNull();
  expect(actionOf(key("Escape"), { tagName: "INPUT" })).toBe("back");
  expect(actionOf(key("Enter"), { tagName: "BUTTON" })).toBeNull();
  expect(actionOf(key("ArrowDown"), { tagName: "DIV" })).toBeNull();
});
