import { expect, test } from "vitest";
import { assess, type Sight } from "../src/lib/health";
import type { Watching } from "../src/lib/types";

const watching = (changes: Partial<Watching> = {}): Watching => ({
  ports_heard: 8,
  ports_silent: 0,
  ports_never_heard: 0,
  collectors: 1,
  collectors_silent: 0,
  silent: [],
  blind: 0,
  newest_ns: 1e18,
  closed_s: 0.4,
  stands_still: false,
  lag_s: 1.2,
  troubles: [],
  ...changes,
});

const sight = (heard: Partial<Watching>, changes: Partial<Sight> = {}): Sight => ({
  reachable: true,
  error: "",
  ready: { ready: true, reasons: [] },
  watching: watching(heard),
  ...changes,
});

const node2 = { collector: "node-2", heard_s: 19.2 };

// Every way of seeing nothing, and that none of them is called well.
const TABLE: [string, Sight, string, RegExp][] = [
  ["all is well", sight({}), "well", /^8 ports watched, none blind$/],
  ["blind spots are counted", sight({ blind: 2 }), "well", /2 blind spots/],
  ["ports that nobody reads are not watched", sight({ ports_heard: 64, ports_never_heard: 1124 }), "well", /^64 ports watched/],
  ["not yet asked", sight({}, { reachable: null, watching: null }), "unknown", /asking/],
  ["the API is gone", sight({}, { reachable: false, error: "refused" }), "none", /cannot be reached/],
  ["nobody reports", sight({ collectors: 0, ports_heard: 0 }), "none", /no collector has reported/],
  ["nothing to watch", sight({ ports_heard: 0 }), "none", /no port is watched/],
  ["no port is heard any more", sight({ ports_heard: 0, ports_silent: 8 }), "none", /no port is heard any more/],
  ["everyone is silent", sight({ collectors_silent: 1, silent: [node2], closed_s: 19 }), "none", /the only collector is silent for 19 s/],
  ["all of many are silent", sight({ collectors: 1200, collectors_silent: 1200, closed_s: 19 }), "none", /all 1,200 collectors are silent/],
  ["time stands still", sight({ stands_still: true, closed_s: 12 }), "none", /^No data: nothing new for 12 s$/],
  ["no tick has ever closed", sight({ stands_still: true, closed_s: null }), "none", /nothing new yet/],
  ["some are silent", sight({ collectors: 5, collectors_silent: 1, silent: [node2], ports_silent: 8 }), "partial", /^1 of 5 collectors silent; 8 of 16 ports heard lately$/],
  ["some ports are silent", sight({ ports_silent: 1 }), "partial", /^8 of 9 ports heard lately$/],
  ["the analyzer says it is not ready", sight({}, { ready: { ready: false, reasons: ["catching up"] } }), "partial", /^Not ready/],
];

test.each(TABLE)("%s", (_, sight, level, sentence) => {
  const health = assess(sight);
  expect(health.level).toBe(level);
  expect(health.sentence).toMatch(sentence);
});

test("reasons name the silent, for how long, and repeat what the analyzer said", () => {
  const silent = [node2, { collector: "node-7", heard_s: null }];
  const some = sight({ collectors: 40, collectors_silent: 9, silent }, { ready: { ready: false, reasons: ["no plan"] } });
  expect(assess(some).reasons).toEqual(["no plan", "not heard: node-2 for 19 s, node-7 (never) and 7 more"]);
});
