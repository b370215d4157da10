// The analyzer's JSON (see "HTTP" and "Incident" in the contracts). Times are event time in ns: above 2^53, so the
// last few hundred ns are rounded by JavaScript numbers; nothing on the page needs them.

export type State = "suspected" | "open" | "resolved";
export type Kind = "hardware" | "data" | "benign" | "job";
export type Severity = "info" | "warning" | "critical";

export interface PortRef {
  device: string;
  port: string;
}

export interface Culprit extends PortRef {
  peer_device: string;
  peer_port: string;
  confidence: number;
  /** Of a candidate, why the evidence does not rule it out. */
  reason?: string;
}

export interface JobLoss {
  job: string;
  /** A fraction of step time; null when it cannot be known. */
  lost_step_time: number | null;
}

export interface EvidenceItem extends PortRef {
  fact: string;
  since_ns: number;
  counter: string;
  value: number;
  unit: string;
  reference: number;
  reference_of: string;
  sql: string;
  /** The claim in words, to be followed by "since" and the time; empty in incidents of older versions. */
  says?: string;
  /** What a chart of it draws; null where no counter holds it. */
  chart?: ClaimChart | null;
}

/** One series of /api/v1/series. */
export interface Curve extends PortRef {
  counter: string;
  mode: "raw" | "rate";
  /** What a value of the series is multiplied by to be in the chart's unit. */
  times: number;
}

export interface ClaimChart {
  unit: string;
  /** `states`: 1 is up, 0 is down. `missing`: of what `value` counted, the part that `reference` did not count. */
  form: "values" | "states" | "missing";
  value: Curve;
  reference: Curve | null;
  /** The number that the claim compares it with, in `unit`. */
  level: number | null;
}

export interface Transition {
  ts_ns: number;
  state: State;
  reason: string;
}

export interface Incident {
  id: string;
  kind: Kind;
  class: string;
  family: string;
  state: State;
  severity: Severity;
  tier: "A" | "B" | "C";
  confidence: number;
  onset_ns: number;
  opened_ns: number | null;
  resolved_ns: number | null;
  culprits: Culprit[];
  victims: PortRef[];
  jobs: JobLoss[];
  sentence: string;
  action: string;
  evidence: EvidenceItem[];
  transitions: Transition[];
}

export interface Page<T> {
  items: T[];
  next?: string | null;
}

export type MarkKind = "gap" | "reset" | "wrap" | "saturated";

export interface Series {
  unit: string;
  points: [number, number | null][];
  marks: { ts_ns: number; kind: MarkKind }[];
}

export interface Collector {
  collector: string;
  /** `idle` is too far behind to be awaited. */
  state: "live" | "idle" | "silent";
  /** Event time of its latest frame. */
  last_ns: number | null;
  lag_s: number | null;
  /** Since its last frame came, s. */
  heard_s?: number | null;
  /** The sequence number of its latest frame, where the analyzer says it. */
  sequence?: number | null;
  frames: number;
  samples: number;
  late_rows: number;
  repeats: number;
  /** Frames that never came. */
  missing: number;
  /** Dropped on its own side. */
  dropped: number;
  clock_error_us: number | null;
  ports: number;
  /** Counters it cannot read, each `port/counter: reason`. */
  blind: string[];
}

export interface Gap {
  collector: string;
  boot: number;
  first_sequence: number;
  last_sequence: number;
  from_ns: number;
  to_ns: number;
  reason: string;
}

export interface Port extends PortRef {
  table: string;
  driver: string;
  speed_bps: number | null;
  last_ns: number | null;
  /** `silent`: heard before, and not of late. `blind`: planned or described, and never heard. */
  state: "ok" | "down" | "silent" | "blind";
  incident: string | null;
}

export interface Job {
  job: string;
  ranks: number;
  devices: number;
  step_time_s: number | null;
  ideal_step_time_s: number | null;
  lost_step_time: number | null;
  incident: string | null;
}

/** How long an iteration of a job took at a moment, and what it loses against the usual. */
export interface JobStep {
  job: string;
  ts_ns: number;
  /** Empty where `reason` says why nothing is known. */
  known_by: "marks" | "levels" | "";
  reason: string;
  step_time_s: number | null;
  usual_step_time_s: number | null;
  lost_step_time: number | null;
  lost_error: number | null;
  slow_since_ns: number | null;
  steps: number | null;
}

export interface Ready {
  ready: boolean;
  reasons: string[];
}

/** What weft hears at this moment. */
export interface Watching {
  ports_heard: number;
  ports_silent: number;
  ports_never_heard: number;
  collectors: number;
  collectors_silent: number;
  /** Some of them, the longest silent first. */
  silent: { collector: string; heard_s: number | null }[];
  /** Counters that are there and cannot be read. */
  blind: number;
  newest_ns: number | null;
  /** Since a tick last closed, s; null before the first. */
  closed_s: number | null;
  stands_still: boolean;
  /** Wall clock less the event time of the last closed tick, s. */
  lag_s: number | null;
  /** What is wrong with a source of jobs, and what is in force meanwhile. */
  troubles: string[];
}

/** Announced maintenance. */
export interface Maintenance {
  id: string;
  state: "planned" | "in_force" | "over";
  parts: { device?: string; port?: string; rack?: string }[];
  from_ns: number;
  /** Null: until it is said to be over. */
  until_ns: number | null;
  who: string;
  reason: string;
  source: string;
}

/** What one detector can see, and what would arm it elsewhere. */
export interface Armed {
  detector: string;
  facts: string[];
  armed: boolean;
  ports: number;
  jobs: number;
  off: { reason: string; count: number; of: "ports" | "jobs" | "devices"; arm: string }[];
}

export interface SqlResult {
  columns: { name: string; type: string; unit?: string | null }[];
  rows: unknown[][];
  truncated: boolean;
}
