import { expect, test } from "vitest";
import { headlines, plain } from "../src/lib/sentence";
import { matches, urgency } from "../src/lib/status";
import { incident } from "./incident";

const say = (changes: Parameters<typeof incident>[0]) => headlines(incident(changes)).map(plain);

test("one sentence a job, the worst first", () => {
  const jobs = [
    { job: "8130", lost_step_time: 0.012 },
    { job: "8123", lost_step_time: 0.07 },
  ];
  expect(say({ jobs })).toEqual([
    "job 8123 is 7 % slow since 14:02: leaf-17 eth23 ↔ node-3 mlx5_0/1, silent drop, confidence\u00a0.94",
    "job 8130 is 1.2 % slow since 14:02: leaf-17 eth23 ↔ node-3 mlx5_0/1, silent drop, confidence\u00a0.94",
  ]);
});

test("what cannot be known is said so", () => {
  expect(say({ jobs: [{ job: "1", lost_step_time: null }] })[0]).toMatch(/^job 1 is slowed, by how much cannot be told, since 14:02: /);
  expect(say({ jobs: [] })[0]).toMatch(/^no job slowed since 14:02: /);
  expect(say({ jobs: [], kind: "data" })[0]).toMatch(/^telemetry in doubt since /);
  expect(say({ culprits: [] })[0]).toContain("part not yet known");
  expect(say({ culprits: [], jobs: [], kind: "benign" })[0]).toMatch(/^not a fault since 14:02: nobody is accused, /);
});

test("a resolved incident is past", () => {
  const onset_ns = incident().onset_ns;
  expect(say({ state: "resolved", resolved_ns: onset_ns + 300e9 })[0]).toMatch(/^job 8123 was 7 % slow from 14:02 to 14:07: /);
});

test("few candidates are all named, many are counted", () => {
  const host = (device: string) => ({ device, port: "", peer_device: "", peer_port: "", confidence: 0.3 });
  expect(say({ culprits: ["a", "b"].map(host) })[0]).toContain(": a or b, silent drop");
  expect(say({ culprits: ["a", "b", "c", "d"].map(host) })[0]).toContain(": a or one of 3 others, ");
});

test("the filter finds parts, peers, jobs and classes; all words must match", () => {
  for (const query of ["leaf-17", "NODE-3 mlx5", "job 8123", "silent drop", "silent_drop"]) expect(matches(incident(), query)).toBe(true);
  expect(matches(incident(), "leaf-17 leaf-18")).toBe(false);
});

test("hardware before telemetry, critical before warning, then what costs most", () => {
  const by = (changes: Parameters<typeof incident>[0]) => urgency(incident(changes));
  expect(by({ severity: "warning" })).toBeGreaterThan(by({ kind: "data", severity: "critical" }));
  expect(by({})).toBeGreaterThan(by({ severity: "warning" }));
  expect(by({ jobs: [{ job: "1", lost_step_time: 0.3 }] })).toBeGreaterThan(by({}));
});
