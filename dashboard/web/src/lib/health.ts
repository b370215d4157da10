// Whether weft sees: "no data" must never look healthy. Pure: what was last heard in, a verdict about the sight out.

import { plural } from "./format";
import type { Collector, Ready } from "./types";

export interface Sight {
  /** What the API answered last; null = not yet asked. */
  reachable: boolean | null;
  error: string;
  ready: Ready | null;
  collectors: Collector[];
  /** For how long of the page's time no collector's event time has advanced. */
  standstill_ms: number;
}

export type Level = "well" | "partial" | "none" | "unknown";

export interface Health {
  level: Level;
  sentence: string;
  reasons: string[];
}

/** An event time that stands still that long is silence, whatever the analyzer says. */
export const SILENT_MS = 10_000;

const isSilent = (collector: Collector): boolean => collector.state === "silent" || collector.last_ns === null;

export function assess(sight: Sight): Health {
  if (sight.reachable === null) return { level: "unknown", sentence: "asking the analyzer…", reasons: [] };
  if (!sight.reachable) return none("No data: the analyzer cannot be reached", [sight.error]);
  if (sight.collectors.length === 0) return none("No data: no collector has reported", sight.ready?.reasons ?? []);
  const silent = sight.collectors.filter(isSilent);
  if (silent.length === sight.collectors.length) return none(`No data: ${all(silent.length)} silent`, names(silent));
  if (sight.standstill_ms > SILENT_MS) return none(`No data: nothing new for ${Math.round(sight.standstill_ms / 1000)} s`, sight.ready?.reasons ?? []);
  if (sight.collectors.every(({ ports }) => ports === 0)) return none("No data: no port is watched", sight.ready?.reasons ?? []);
  const reasons = [...(sight.ready?.ready === false ? sight.ready.reasons : []), ...names(silent)];
  const watched = watching(sight);
  if (sight.ready?.ready === false) return { level: "partial", sentence: `Not ready; ${watched}`, reasons };
  if (silent.length > 0) return { level: "partial", sentence: `${plural(silent.length, "collector")} silent; ${watched}`, reasons };
  return { level: "well", sentence: watched, reasons: [] };
}

const none = (sentence: string, reasons: string[]): Health => ({ level: "none", sentence, reasons: reasons.filter(Boolean) });

const all = (count: number) => (count === 1 ? "the only collector is" : `all ${count} collectors are`);

function names(silent: Collector[]): string[] {
  if (silent.length === 0) return [];
  const shown = silent.slice(0, 5).map(({ collector }) => collector).join(", ");
  return [`silent: ${shown}${silent.length > 5 ? ` and ${silent.length - 5} more` : ""}`];
}

/** `1,552 ports watched, 10 blind spots`: a blind spot is a counter that is there and cannot be read. */
function watching({ collectors }: Sight): string {
  const ports = collectors.reduce((sum, collector) => sum + collector.ports, 0);
  const blind = collectors.reduce((sum, collector) => sum + collector.blind.length, 0);
  return `${plural(ports, "port")} watched, ${blind === 0 ? "none blind" : plural(blind, "blind spot")}`;
}
