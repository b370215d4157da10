// Announced maintenance in words.

import { count } from "./format";
import type { Maintenance } from "./types";

/** Parts named by their own names. */
const NAMED = 4;

/** `rack r7, leaf-1 eth3 and 6 more` */
export function partsWords(parts: Maintenance["parts"]): string {
  const names = parts.map(({ device, port, rack }) => (rack ? `rack ${rack}` : [device, port].filter(Boolean).join(" ")));
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(", ")} and ${count(more)} more` : names.join(", ");
}

/** What is in force or to come; what is over is told by its incident. */
export const current = (rows: Maintenance[]): Maintenance[] => rows.filter(({ state }) => state !== "over");
