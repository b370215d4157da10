// What the incident's page derives from its fields: which stretch of time to draw, with which marks, beside which end.

import type { Mark } from "./chart";
import type { TimeRange } from "./route";
import type { Incident } from "./types";

const S = 1e9;
const BEFORE_NS = 60 * S;
const AFTER_NS = 30 * S;
/** A window that follows the newest data steps this far at once, so that charts are not read again on every poll. */
const STEP_NS = 3 * S;

/** From a minute before the onset to half a minute after the end, or to the newest data while it goes on. */
export function rangeOf(incident: Incident, newest_ns: number): TimeRange {
  const last = incident.transitions.at(-1)?.ts_ns ?? incident.onset_ns;
  const end = incident.resolved_ns ?? Math.max(last, newest_ns);
  const to_ns = incident.resolved_ns === null ? Math.ceil(end / STEP_NS) * STEP_NS : end + AFTER_NS;
  return { from_ns: incident.onset_ns - BEFORE_NS, to_ns: Math.max(to_ns, incident.onset_ns + AFTER_NS) };
}

export function marksOf({ onset_ns, opened_ns, resolved_ns }: Incident): Mark[] {
  const marks: Mark[] = [{ ts_ns: onset_ns, label: "onset", colour: "--mark-onset", dash: [6, 4], side: "left" }];
  if (opened_ns !== null) marks.push({ ts_ns: opened_ns, label: "opened", colour: "--mark-open", dash: [], side: "right" });
  if (resolved_ns !== null) marks.push({ ts_ns: resolved_ns, label: "resolved", colour: "--mark-resolved", dash: [10, 4], side: "right" });
  return marks;
}
