import { expect, test } from "vitest";
import { current, partsWords } from "../src/lib/maintenance";
import type { Maintenance } from "../src/lib/types";

test("parts are named, and many are counted", () => {
  expect(partsWords([{ rack: "r7" }, { device: "leaf-1", port: "eth3" }, { device: "n1" }])).toBe("rack r7, leaf-1 eth3, n1");
  const many = Array.from({ length: 12 }, (_, at) => ({ device: `n${at}` }));
  expect(partsWords(many)).toBe("n0, n1, n2, n3 and 8 more");
});

test("what is over is not listed", () => {
  const row = (id: string, state: Maintenance["state"]): Maintenance => ({ id, state, parts: [], from_ns: 0, until_ns: null, who: "", reason: "", source: "http" });
  expect(current([row("a", "in_force"), row("b", "planned"), row("c", "over")]).map(({ id }) => id)).toEqual(["a", "b"]);
});
