import { expect, test } from "vitest";
import { drawn } from "../src/lib/steps";
import type { JobStep } from "../src/lib/types";

const step = (at: number, changes: Partial<JobStep> = {}): JobStep => ({
  job: "train",
  ts_ns: at * 1e9,
  known_by: "levels",
  reason: "",
  step_time_s: 1.6,
  usual_step_time_s: 1.6,
  lost_step_time: 0,
  lost_error: null,
  slow_since_ns: null,
  steps: at,
  ...changes,
});
const unknown = { known_by: "", reason: "too few readings", step_time_s: null, usual_step_time_s: null, lost_step_time: null, steps: null } as const;

test("step time is drawn beside the usual one, and breaks where it is not known", () => {
  const steps = drawn([step(10), step(20, unknown), step(30, { step_time_s: 2, lost_step_time: 0.2, lost_error: 0.01 })]);
  expect(steps?.lines[0]?.series.points).toEqual([[10e9, 1.6], [20e9, null], [30e9, 2]]);
  expect([steps?.level, steps?.from_ns, steps?.to_ns]).toEqual([{ value: 1.6, label: "usual" }, 10e9, 30e9]);
  expect(steps?.says).toBe("an iteration takes 2 s, usually 1.6 s, 20 % ± 1 % of it lost, by the levels of its bytes");
});

test("a job that is as fast as usual loses nothing, and one that is not known says why", () => {
  expect(drawn([step(10, { known_by: "marks" })])?.says).toBe("an iteration takes 1.6 s, usually 1.6 s, by its step marks");
  const none = drawn([step(10, unknown)]);
  expect([none?.level, none?.says]).toEqual([null, "not known: too few readings"]);
  const reason = "it has stood still in the midst of an iteration for 12 s";
  expect(drawn([step(10, { reason, step_time_s: null, lost_step_time: 1 })])?.says).toBe(reason);
  expect(drawn([])).toBe(null);
});
