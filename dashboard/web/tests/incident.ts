import type { Incident } from "../src/lib/types";

/** A plain incident at 14:02 local time, with `changes`. */
export function incident(changes: Partial<Incident> = {}): Incident {
  const onset_ns = new Date(new Date().setHours(14, 2, 11, 0)).getTime() * 1e6;
  return {
    id: "9f3c",
    kind: "hardware",
    class: "silent_drop",
    family: "failing_link",
    state: "open",
    severity: "critical",
    tier: "A",
    confidence: 0.94,
    onset_ns,
    opened_ns: onset_ns + 3e9,
    resolved_ns: null,
    culprits: [{ device: "leaf-17", port: "eth23", peer_device: "node-3", peer_port: "mlx5_0/1", confidence: 0.94 }],
    victims: [],
    jobs: [{ job: "8123", lost_step_time: 0.07 }],
    sentence: "leaf-17 eth23 loses packets.",
    action: "Replace the cable.",
    evidence: [],
    transitions: [],
    ...changes,
  };
}
