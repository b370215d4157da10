// An incident's state as shape and words.

import type { Incident } from "./types";

export type Tone = "critical" | "warning" | "info" | "well" | "data" | "none";

export interface Status {
  tone: Tone;
  words: string;
}

export function status({ state, kind, severity }: Incident): Status {
  if (state === "resolved") return { tone: "well", words: "resolved" };
  if (state === "suspected") return { tone: "info", words: "suspected" };
  if (kind === "data") return { tone: "data", words: "open, telemetry" };
  if (kind === "benign") return { tone: "none", words: "open, benign" };
  return { tone: severity, words: `open, ${severity}` };
}

/** The order on Now: what costs a job most stands first. */
export function urgency(incident: Incident): number {
  const severity = { critical: 4, warning: 2, info: 0 }[incident.severity];
  const lost = Math.max(0, ...incident.jobs.map(({ lost_step_time }) => lost_step_time ?? 0));
  return severity + (incident.kind === "hardware" ? 8 : 0) + lost;
}

/** Everything a filter box looks through. */
export function haystack(incident: Incident): string {
  const parts = [...incident.culprits.flatMap((c) => [c.device, c.port, c.peer_device, c.peer_port]), ...incident.jobs.map(({ job }) => `job ${job}`)];
  return [incident.id, incident.class, incident.class.replaceAll("_", " "), incident.sentence, ...parts].join(" ").toLowerCase();
}

export function matches(incident: Incident, query: string): boolean {
  const text = haystack(incident);
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
