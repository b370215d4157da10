// Whether weft sees: "no data" must never look healthy. Pure: what was last heard in, a verdict about the sight out.

import { count, duration, plural } from "./format";
import type { Ready, Watching } from "./types";

export interface Sight {
  /** What the API answered last; null = not yet asked. */
  reachable: boolean | null;
  error: string;
  ready: Ready | null;
  watching: Watching | null;
}

export type Level = "well" | "partial" | "none" | "unknown";

export interface Health {
  level: Level;
  sentence: string;
  reasons: string[];
}

export function assess({ reachable, error, ready, watching }: Sight): Health {
  if (reachable === false) return none("No data: the analyzer cannot be reached", [error]);
  if (reachable === null || watching === null) return { level: "unknown", sentence: "asking the analyzer…", reasons: [] };
  const why = ready?.ready === false ? ready.reasons : [];
  const dark = darkness(watching);
  if (dark) return none(`No data: ${dark}`, [...why, ...names(watching)]);
  const watched = watching.ports_silent + watching.collectors_silent > 0 ? partly(watching) : whole(watching);
  const reasons = [...why, ...names(watching), ...(watching.troubles ?? [])];
  if (ready?.ready === false) return { level: "partial", sentence: `Not ready; ${watched}`, reasons };
  return { level: watching.ports_silent + watching.collectors_silent > 0 ? "partial" : "well", sentence: watched, reasons };
}

const none = (sentence: string, reasons: string[]): Health => ({ level: "none", sentence, reasons: reasons.filter(Boolean) });

/** Why nothing at all is seen; empty when something is. */
function darkness({ collectors, collectors_silent, closed_s, stands_still, ports_heard, ports_silent }: Watching): string {
  if (collectors === 0) return "no collector has reported";
  const all = collectors === 1 ? "the only collector is" : `all ${count(collectors)} collectors are`;
  if (collectors_silent === collectors) return `${all} silent${forSeconds(closed_s)}`;
  if (stands_still) return `nothing new${forSeconds(closed_s) || " yet"}`;
  if (ports_heard === 0) return ports_silent > 0 ? "no port is heard any more" : "no port is watched";
  return "";
}

const forSeconds = (seconds: number | null): string => (seconds === null ? "" : ` for ${duration(Math.round(seconds) * 1e9)}`);

function names({ collectors_silent, silent }: Watching): string[] {
  if (collectors_silent === 0) return [];
  const shown = silent.map(({ collector, heard_s }) => `${collector}${heard_s === null ? " (never)" : forSeconds(heard_s)}`).join(", ");
  return [`not heard: ${shown}${collectors_silent > silent.length ? ` and ${count(collectors_silent - silent.length)} more` : ""}`];
}

/** `1,552 ports watched, 10 blind spots`: a blind spot is a counter that is there and cannot be read. */
function whole({ ports_heard, blind }: Watching): string {
  return `${plural(ports_heard, "port")} watched, ${blind === 0 ? "none blind" : plural(blind, "blind spot")}`;
}

/** `1 of 5 collectors silent; 64 of 72 ports heard lately` */
function partly({ collectors, collectors_silent, ports_heard, ports_silent }: Watching): string {
  const silent = collectors_silent ? `${count(collectors_silent)} of ${plural(collectors, "collector")} silent; ` : "";
  return `${silent}${count(ports_heard)} of ${plural(ports_heard + ports_silent, "port")} heard lately`;
}
