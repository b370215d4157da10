import { expect, test } from "vitest";
import { armedWords, offWords, seesFabric } from "../src/lib/armed";
import type { Armed } from "../src/lib/types";

const row = (detector: string, changes: Partial<Armed> = {}): Armed => ({ detector, facts: [detector], armed: true, ports: 0, jobs: 0, off: [], ...changes });
const speed = { reason: "speed unknown", count: 64, of: "ports" as const, arm: "plan ports.csv speed_bps" };

test("what is armed is said with its places, alike ones together", () => {
  const rows = [row("link_down", { ports: 64 }), row("link_flap", { ports: 64 }), row("slow_link", { armed: false }), row("straggler by traffic", { jobs: 2 }), row("both", { ports: 1, jobs: 1 })];
  expect(armedWords(rows)).toEqual(["link down, link flap on 64 ports", "straggler by traffic on 2 jobs", "both on 1 port and 1 job"]);
});

test("what is off is said with its reason and what would arm it", () => {
  const none = { reason: "no job in the plan", count: 0, of: "jobs" as const, arm: "plan jobs.csv" };
  const rows = [row("slow_link", { off: [speed] }), row("a", { off: [none] }), row("b", { off: [none, { ...speed, count: 1 }] })];
  expect(offWords(rows)).toEqual([
    "slow link off for 64 ports: speed unknown (plan ports.csv speed_bps)",
    "a, b off: no job in the plan (plan jobs.csv)",
    "b off for 1 port: speed unknown (plan ports.csv speed_bps)",
  ]);
});

test("detectors of the telemetry alone see nothing of the fabric", () => {
  const telemetry = [row("counter_reset", { facts: ["counters_fell"], ports: 8 }), row("sensor_dropout", { facts: ["silent"], ports: 8 })];
  expect(seesFabric(telemetry)).toBe(false);
  expect(seesFabric([...telemetry, row("link_down", { armed: false })])).toBe(false);
  expect(seesFabric([...telemetry, row("link_down", { ports: 1 })])).toBe(true);
  expect(seesFabric([])).toBe(false);
});
