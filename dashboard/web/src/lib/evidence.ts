// What one item of evidence claims, as lines to draw: the series that it names, in the unit that it names.

import { api, ApiError } from "./api";
import type { Level, Line } from "./chart";
import { part, quantity, words } from "./format";
import { missing } from "./missing";
import type { Mode, TimeRange } from "./route";
import type { ClaimChart, Curve, EvidenceItem, Series } from "./types";

export interface Drawing {
  /** Empty where the analyzer holds none of the series. */
  lines: Line[];
  unit: string;
  level: Level | null;
}

/** Items of older versions have no words of their own: their numbers then. */
export function saysOf({ says, value, unit, reference, reference_of }: EvidenceItem): string {
  return says || `${quantity(value, unit)} against ${quantity(reference, unit)} (${reference_of})`;
}

export const nameOf = (curve: Curve): string => `${part(curve)} ${words(curve.counter)}`;

/** As it is claimed, or (`mode`) as the analyzer keeps it. Null: no counter holds it. */
export async function drawing(item: EvidenceItem, range: TimeRange, mode: Mode | null): Promise<Drawing | null> {
  const { chart } = item;
  if (!chart) return null;
  const curves = chart.reference ? [chart.value, chart.reference] : [chart.value];
  const read = await Promise.all(curves.map((curve) => series(curve, range, mode ?? curve.mode)));
  return mode === null ? claimed(chart, read, item.reference_of) : kept(curves, read);
}

export function claimed(chart: ClaimChart, [value, reference]: (Series | null)[], reference_of: string): Drawing {
  const level = chart.level === null ? null : { value: chart.level, label: chart.form === "missing" ? "claimed" : reference_of };
  const drawn = { unit: chart.unit, level };
  if (chart.form === "missing") {
    const label = chart.reference ? `${nameOf(chart.value)} less ${nameOf(chart.reference)}` : nameOf(chart.value);
    return { ...drawn, lines: value && reference ? [{ label, series: missing(value, reference) }] : [] };
  }
  const line = (curve: Curve | null, series: Series | null | undefined): Line[] =>
    curve && series ? [{ label: nameOf(curve), series: scaled(series, curve.times, chart.unit) }] : [];
  return { ...drawn, lines: [...line(chart.value, value), ...line(chart.reference, reference)] };
}

/** Rates of bytes are drawn in bit/s, as links are spoken of; all else in the unit it is kept in. */
export function kept(curves: Curve[], read: (Series | null)[]): Drawing {
  const inBits = (series: Series) => (series.unit === "bytes/s" ? scaled(series, 8, "bit/s") : series);
  const lines = curves.flatMap((curve, at): Line[] => (read[at] ? [{ label: nameOf(curve), series: inBits(read[at]) }] : []));
  return { lines, unit: lines[0]?.series.unit ?? "", level: null };
}

function scaled(series: Series, times: number, unit: string): Series {
  return { ...series, unit, points: series.points.map(([ns, value]) => [ns, value === null ? null : value * times]) };
}

/** Series that the analyzer knows nowhere, asked for once. */
const unknown = new Set<string>();

async function series({ device, port, counter }: Curve, range: TimeRange, mode: Mode): Promise<Series | null> {
  const key = JSON.stringify([device, port, counter]);
  if (unknown.has(key)) return null;
  const times = { from_ns: whole(range.from_ns), to_ns: whole(range.to_ns) };
  try {
    return await api.series({ device, port, counter, ...times, mode });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    unknown.add(key);
    return null;
  }
}

/** ns as the API wants them: whole, without an exponent. */
const whole = (ns: number): string => BigInt(Math.round(ns)).toString();
