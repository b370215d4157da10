// The series behind one item of evidence, read again while its incident goes on.

import { api, ApiError } from "./api";
import type { Line } from "./chart";
import { part } from "./format";
import type { Mode, TimeRange } from "./route";
import type { EvidenceItem, PortRef, Series } from "./types";

/** Item's port first, then the cable's other end. An end without the counter is left out. */
export async function lines(item: EvidenceItem, peer: PortRef | null, range: TimeRange, mode: Mode): Promise<Line[]> {
  const ends = peer ? [item, peer] : [item];
  const all = await Promise.all(ends.map((end) => series(end, item.counter, range, mode)));
  return all.flatMap((series, at) => (series && (series.points.length > 0 || at === 0) ? [{ label: part(ends[at]!), series }] : []));
}

/** Counters that the analyzer knows nowhere there, asked for once: derived quantities have no series. */
const unknown = new Set<string>();

async function series({ device, port }: PortRef, counter: string, range: TimeRange, mode: Mode): Promise<Series | null> {
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
