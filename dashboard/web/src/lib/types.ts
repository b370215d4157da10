// The analyzer's JSON (see "HTTP" and "Incident" in the contracts). Times are event time in ns: above 2^53, so the
// last few hundred ns are rounded by JavaScript numbers; nothing on the page needs them.

export type State = "suspected" | "open" | "resolved";
export type Kind = "hardware" | "data" | "benign";
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
  /** `blind`: planned or described, but silent. */
  state: "ok" | "down" | "blind";
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

export interface Ready {
  ready: boolean;
  reasons: string[];
  /** Wall clock less the event time of the last closed tick. */
  lag_s?: number | null;
}

export interface SqlResult {
  columns: { name: string; type: string; unit?: string | null }[];
  rows: unknown[][];
  truncated: boolean;
}
