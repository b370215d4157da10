// What weft can see here, in sentences: which detectors are armed, and what would arm the others.

import { plural, words } from "./format";
import type { Armed } from "./types";

/** Facts of the telemetry itself: a detector of these alone says nothing of the fabric. */
const OF_TELEMETRY = new Set(["silent", "counters_fell"]);

/** Whether anything that is wrong with the fabric could be told at all. */
export const seesFabric = (rows: Armed[]): boolean => rows.some(({ armed, facts }) => armed && facts.some((fact) => !OF_TELEMETRY.has(fact)));

/** `link down, link flap on 64 ports`: detectors that see as much are named together. */
export function armedWords(rows: Armed[]): string[] {
  return together(rows.filter(({ armed }) => armed).map((row) => [row.detector, `on ${places(row)}`]));
}

function places({ ports, jobs }: Armed): string {
  return [ports ? plural(ports, "port") : "", jobs ? plural(jobs, "job") : ""].filter(Boolean).join(" and ");
}

/** `slow link off for 64 ports: speed unknown (plan ports.csv speed_bps)` */
export function offWords(rows: Armed[]): string[] {
  const said = rows.flatMap(({ detector, off }) => off.map((why): [string, string] => [detector, `off${count(why)}: ${why.reason} (${why.arm})`]));
  return together(said);
}

function count({ count, of }: Armed["off"][number]): string {
  return count === 0 ? "" : ` for ${plural(count, of.replace(/s$/, ""))}`;
}

/** Those of whom the same is said, in the order of the first of them. */
function together(said: [string, string][]): string[] {
  const by = new Map<string, string[]>();
  for (const [detector, what] of said) by.set(what, [...(by.get(what) ?? []), words(detector)]);
  return [...by].map(([what, detectors]) => `${detectors.join(", ")} ${what}`);
}
