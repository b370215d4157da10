import { expect, test } from "vitest";
import { assess, type Sight } from "../src/lib/health";
import type { Collector } from "../src/lib/types";

const collector = (changes: Partial<Collector> = {}): Collector => ({
  collector: "node-1",
  state: "live",
  last_ns: 1e18,
  lag_s: 0.3,
  frames: 10,
  samples: 100,
  late_rows: 0,
  repeats: 0,
  missing: 0,
  dropped: 0,
  clock_error_us: null,
  ports: 8,
  blind: [],
  ...changes,
});

const sight = (changes: Partial<Sight> = {}): Sight => ({
  reachable: true,
  error: "",
  ready: { ready: true, reasons: [] },
  collectors: [collector()],
  standstill_ms: 0,
  ...changes,
});

const silent = collector({ collector: "node-2", state: "silent" });

// Every way of seeing nothing, and that none of them is called well.
const TABLE: [string, Partial<Sight>, string, RegExp][] = [
  ["all is well", {}, "well", /^8 ports watched, none blind$/],
  ["blind spots are counted", { collectors: [collector({ blind: ["a: b", "c: d"] })] }, "well", /2 blind spots/],
  ["not yet asked", { reachable: null }, "unknown", /asking/],
  ["the API is gone", { reachable: false, error: "refused" }, "none", /cannot be reached/],
  ["nobody reports", { collectors: [] }, "none", /no collector has reported/],
  ["nothing to watch", { collectors: [collector({ ports: 0 })] }, "none", /no port is watched/],
  ["everyone is silent", { collectors: [silent] }, "none", /the only collector is silent/],
  ["heard of, never heard", { collectors: [collector({ last_ns: null })] }, "none", /silent/],
  ["time stands still", { standstill_ms: 12_000 }, "none", /nothing new for 12 s/],
  ["some are silent", { collectors: [collector(), silent] }, "partial", /^1 collector silent; 16 ports/],
  ["the analyzer says it is not ready", { ready: { ready: false, reasons: ["catching up"] } }, "partial", /^Not ready/],
];

test.each(TABLE)("%s", (_, changes, level, sentence) => {
  const health = assess(sight(changes));
  expect(health.level).toBe(level);
  expect(health.sentence).toMatch(sentence);
});

test("reasons name the silent and repeat what the analyzer said", () => {
  expect(assess(sight({ collectors: [collector(), silent], ready: { ready: false, reasons: ["no plan"] } })).reasons).toEqual(["no plan", "silent: node-2"]);
});
