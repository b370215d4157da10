import { expect, test } from "vitest";
import { axisUnit, confidence, duration, percent, plural, quantity, time, words } from "../src/lib/format";

test("a confidence is written as pagers write it", () => {
  expect([0.94, 0.5, 0.999, 1, 0].map(confidence)).toEqual([".94", ".50", "1.0", "1.0", ".00"]);
});

test("percentages keep two significant digits", () => {
  expect([0.07, 0.0712, 0.18, 0.0043, 0, 1].map(percent)).toEqual(["7 %", "7.1 %", "18 %", "0.43 %", "0 %", "100 %"]);
});

test("what is absent is a dash, never zero", () => {
  expect([percent(null), quantity(null), quantity(NaN, "s"), duration(null), time(null)]).toEqual(["–", "–", "–", "–", "–"]);
  expect(quantity(0, "packets")).toBe("0 packets");
});

test("quantities take SI prefixes and short units", () => {
  const cases: [number, string, string][] = [
    [12_400_000, "bytes/s", "12.4 MB/s"],
    [48_200, "packets/s", "48.2 k packets/s"],
    [999, "", "999"],
    [1_500, "", "1.5 k"],
    [0.0612, "s", "61.2 ms"],
    [0.00002, "s", "20 µs"],
    [99, "percent", "99 %"],
    [912, "1/s", "912 /s"],
    [0.021, "ratio", "2.1 %"],
    [2.4e-7, "", "2.40e-7"],
    [18.34e9, "bit/s", "18.3 Gbit/s"],
    [0, "state", "down"],
    [1, "state", "up"],
    [0.0713, "fraction", "7.1 %"],
  ];
  for (const [value, unit, text] of cases) expect(quantity(value, unit)).toBe(text);
});

test("a chart names percent as such, and states are words without a unit", () => {
  expect(["fraction", "state", "bit/s", "downs"].map(axisUnit)).toEqual(["%", "", "bit/s", "downs"]);
});

test("durations say their two greatest units", () => {
  const seconds = [0.25, 4.23, 59, 60, 190, 7_500, 273_600];
  expect(seconds.map((s) => duration(s * 1e9))).toEqual(["250 ms", "4.2 s", "59 s", "1 min", "3 min 10 s", "2 h 5 min", "3 d 4 h"]);
});

test("a time of another day carries its date", () => {
  const now = Date.parse("2026-11-23T12:00:00");
  expect(time(now * 1e6, now)).toBe("12:00:00");
  expect(time((now - 86_400_000) * 1e6, now)).toBe("22 Nov 12:00:00");
});

test("names read as words, abbreviations as such", () => {
  expect([words("silent_drop"), words("gpu_throttle"), words("rx_crc_errors"), words("pcie_degraded")]).toEqual([
    "silent drop",
    "GPU throttle",
    "rx CRC errors",
    "PCIe degraded",
  ]);
  expect([plural(1, "port"), plural(1552, "port")]).toEqual(["1 port", "1,552 ports"]);
});
