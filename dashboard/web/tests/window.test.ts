import { expect, test } from "vitest";
import { align } from "../src/lib/chart";
import { marksOf, rangeOf } from "../src/lib/incident";
import { incident } from "./incident";

test("the window spans the incident, and follows the newest data while it is open", () => {
  const open = incident();
  const newest = open.onset_ns + 100e9;
  expect(rangeOf(open, newest)).toMatchObject({ from_ns: open.onset_ns - 60e9 });
  expect(rangeOf(open, newest).to_ns).toBeGreaterThanOrEqual(newest);
  const resolved = incident({ resolved_ns: open.onset_ns + 50e9 });
  expect(rangeOf(resolved, newest).to_ns).toBe(open.onset_ns + 80e9);
  expect(marksOf(resolved).map(({ label }) => label)).toEqual(["onset", "opened", "resolved"]);
});

test("two ends share a time axis; what is absent stays absent", () => {
  const series = (points: [number, number | null][]) => ({ unit: "", points, marks: [] });
  expect(align([{ label: "a", series: series([[1e9, 5], [2e9, null]]) }])).toEqual([[1, 2], [5, null]]);
  const [times, near, far] = align([
    { label: "a", series: series([[1e9, 5], [3e9, 6]]) },
    { label: "b", series: series([[2e9, 7]]) },
  ]);
  expect([times, near, far]).toEqual([[1, 2, 3], [5, undefined, 6], [undefined, 7, undefined]]);
});
