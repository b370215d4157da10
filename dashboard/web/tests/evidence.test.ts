import { expect, test } from "vitest";
import { claimed, kept, nameOf, saysOf } from "../src/lib/evidence";
import { missing } from "../src/lib/missing";
import type { ClaimChart, Curve, Series } from "../src/lib/types";

const S = 1e9;
const curve = (device: string, counter: string, changes: Partial<Curve> = {}): Curve => ({ device, port: "eth0", counter, mode: "raw", times: 1, ...changes });
const series = (points: [number, number | null][], unit = "packets"): Series => ({ unit, points: points.map(([s, value]) => [s * S, value]), marks: [] });
const chart = (changes: Partial<ClaimChart>): ClaimChart => ({ unit: "bit/s", form: "values", value: curve("a", "tx_bytes"), reference: null, level: null, ...changes });

test("a rate is drawn in the unit of the claim, beside the number it is compared with", () => {
  const sent = curve("leaf-3", "tx_bytes", { mode: "rate", times: 8 });
  const drawn = claimed(chart({ value: sent, level: 1e11 }), [series([[1, 5e9], [2, null]], "bytes/s")], "plan");
  expect(drawn).toEqual({
    unit: "bit/s",
    level: { value: 1e11, label: "plan" },
    lines: [{ label: "leaf-3 eth0 tx bytes", series: { unit: "bit/s", points: [[1 * S, 4e10], [2 * S, null]], marks: [] } }],
  });
});

test("loss is one line: what one end sent less what the other received, as a part", () => {
  const lossy = chart({ form: "missing", unit: "fraction", value: curve("a", "tx_packets"), reference: curve("b", "rx_packets"), level: 0.02 });
  const count = (part: number, offset: number) => series(Array.from({ length: 40 }, (_, s) => [s + offset, 1000 * part * s]));
  const { lines, unit, level } = claimed(lossy, [count(1, 0), count(0.98, 0)], "far end");
  expect([lines.length, lines[0]!.label, unit, level]).toEqual([1, "a eth0 tx packets less b eth0 rx packets", "fraction", { value: 0.02, label: "claimed" }]);
  const shares = lines[0]!.series.points.map(([, share]) => share);
  expect(shares.slice(0, 10)).toEqual(Array(10).fill(null));
  for (const share of shares.slice(10)) expect(share).toBeCloseTo(0.02, 6);
  // Half of the pair tells nothing.
  expect(claimed(lossy, [count(1, 0), null], "far end").lines).toEqual([]);
});

test("the ends are read at different moments, rest, restart and fall silent: nothing is invented", () => {
  const sent = series(Array.from({ length: 60 }, (_, s) => [s, s < 30 ? 1000 * s : 29_000]));
  const later = series(Array.from({ length: 60 }, (_, s) => [s + 0.3, s < 30 ? 1000 * (s + 0.3) : 29_300]));
  const shares = missing(sent, later).points.map(([, share]) => share);
  for (const share of shares.slice(11, 29)) expect(share).toBeCloseTo(0, 6);
  expect(shares.slice(41, 59)).toEqual(Array(18).fill(null));
  const restarted = series([[0, 5000], [5, 10_000], [10, 15_000], [15, 10], [20, 5010], [25, 10_010], [30, 15_010]]);
  const steady = series([0, 5, 10, 15, 20, 25, 30].map((s) => [s, 1000 * s]));
  expect(missing(steady, restarted).points.map(([, share]) => share)).toEqual([null, null, 0, null, null, 0, 0]);
  // One that began anew and soon stood higher than before has lost nothing either.
  const soon = series([[0, 10], [5, 20], [10, 0], [15, 900], [20, 1800]]);
  expect(missing(steady, soon).points.slice(0, 4).map(([, share]) => share)).toEqual([null, null, null, null]);
  const silent = series([[0, 0], [5, 5000], [10, null], [15, 15_000], [20, 20_000]]);
  expect(missing(silent, steady).points.map(([, share]) => share)).toEqual([null, null, null, 0, null]);
});

test("chosen by hand, both series are drawn as they are kept, rates of bytes in bit/s", () => {
  const curves = [curve("a", "tx_packets"), curve("b", "rx_packets")];
  const both = kept(curves, [series([[1, 7]], "packets/s"), series([[1, 6]], "packets/s")]);
  expect([both.unit, both.level, both.lines.map(({ label }) => label)]).toEqual(["packets/s", null, curves.map(nameOf)]);
  expect(kept([curve("a", "tx_bytes")], [series([[1, 2]], "bytes/s")]).lines[0]!.series).toMatchObject({ unit: "bit/s", points: [[1 * S, 16]] });
  expect(kept(curves, [null, null])).toEqual({ lines: [], unit: "", level: null });
});

test("the analyzer's words go before the numbers of older incidents", () => {
  const item = { fact: "link_down", device: "a", port: "b", since_ns: 0, counter: "link_up", value: 0, unit: "state", reference: 1, reference_of: "itself before", sql: "" };
  expect(saysOf({ ...item, says: "was up, down" })).toBe("was up, down");
  expect(saysOf(item)).toBe("down against up (itself before)");
});
