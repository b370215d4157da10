import { expect, test } from "vitest";
import { align } from "../src/lib/chart";
import { defaultMode } from "../src/lib/counters";
import { marksOf, peerOf, rangeOf } from "../src/lib/incident";
import { incident } from "./incident";

const at = (device: string, port: string) => ({ ...{ fact: "", since_ns: 0, counter: "", value: 0, unit: "", reference: 0, reference_of: "", sql: "" }, device, port });

test("the window spans the incident, and follows the newest data while it is open", () => {
  const open = incident();
  const newest = open.onset_ns + 100e9;
  expect(rangeOf(open, newest)).toMatchObject({ from_ns: open.onset_ns - 60e9 });
  expect(rangeOf(open, newest).to_ns).toBeGreaterThanOrEqual(newest);
  const resolved = incident({ resolved_ns: open.onset_ns + 50e9 });
  expect(rangeOf(resolved, newest).to_ns).toBe(open.onset_ns + 80e9);
  expect(marksOf(resolved).map(({ label }) => label)).toEqual(["onset", "opened", "resolved"]);
});

test("the other end of a cable is found from either", () => {
  expect(peerOf(incident(), at("leaf-17", "eth23"))).toEqual({ device: "node-3", port: "mlx5_0/1" });
  expect(peerOf(incident(), at("node-3", "mlx5_0/1"))).toEqual({ device: "leaf-17", port: "eth23" });
  expect(peerOf(incident(), at("leaf-18", "eth23"))).toBeNull();
});

test("running totals are drawn as rates, readings as they are", () => {
  expect(["tx_bytes", "rx_discards", "rx_pause_us", "cpu_pressure_us"].map(defaultMode)).toEqual(["rate", "rate", "rate", "rate"]);
  expect(["link_up", "queue_bytes", "speed_bps", "cpu_busy_percent", "pre_fec_ber", "clock_error_us"].map(defaultMode)).toEqual(Array(6).fill("raw"));
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
