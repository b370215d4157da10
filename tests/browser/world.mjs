// What an analyzer answers, as its API shapes it: a small fabric that is well. Tests change what they are about.

const S = 1e9;
export const now_ns = () => Date.now() * 1e6;

export const watching = (changes = {}) => ({
  ports_heard: 64,
  ports_silent: 0,
  ports_never_heard: 0,
  collectors: 5,
  collectors_silent: 0,
  silent: [],
  blind: 0,
  newest_ns: now_ns(),
  closed_s: 0.4,
  stands_still: false,
  lag_s: 1.2,
  ...changes,
});

export const collector = (name, changes = {}) => ({
  collector: name,
  state: "live",
  last_ns: now_ns(),
  lag_s: 0.3,
  heard_s: 0.2,
  frames: 10,
  samples: 100,
  late_rows: 0,
  repeats: 0,
  missing: 0,
  dropped: 0,
  clock_error_us: null,
  ports: 8,
  blind: [],
  ...changes,
});

export const armed = (detector, facts, changes = {}) => ({ detector, facts, armed: true, ports: 64, jobs: 0, off: [], ...changes });

export const off = (reason, count, of, arm) => ({ reason, count, of, arm });

export const ARMED = [
  armed("link_down", ["link_down"]),
  armed("slow_link", ["low_service_rate"], { armed: false, ports: 0, off: [off("speed unknown", 64, "ports", "plan ports.csv speed_bps")] }),
  armed("straggler by traffic", ["late_onset"], { armed: false, ports: 0, off: [off("no job in the plan", 0, "jobs", "plan jobs.csv: job, device")] }),
  armed("counter_reset", ["counters_fell"]),
];

const culprit = (device, port, peer_device, peer_port) => ({ device, port, peer_device, peer_port, confidence: 0.9, reason: "" });

/** An open incident of a minute ago; `losses` as [job, part]. */
export function incident(id, losses = [], changes = {}) {
  const onset_ns = now_ns() - 60 * S;
  return {
    id,
    kind: "hardware",
    class: "silent_drop",
    family: "failing_link",
    state: "open",
    severity: "warning",
    tier: "A",
    confidence: 0.9,
    onset_ns,
    opened_ns: onset_ns + 3 * S,
    resolved_ns: null,
    culprits: [culprit(`leaf-${id}`, "swp3", `node-${id}`, "eth0")],
    victims: [],
    jobs: losses.map(([job, lost_step_time]) => ({ job, lost_step_time })),
    sentence: `the link leaf-${id} swp3 loses packets`,
    action: "test the cable",
    evidence: [],
    transitions: [{ ts_ns: onset_ns + 3 * S, state: "open", reason: "present for 2 ticks" }],
    ...changes,
  };
}

const curve = (device, port, counter, mode = "raw", times = 1) => ({ device, port, counter, mode, times });

/** One item of evidence for each form of a claim, and one that no counter holds. */
export function evidence(since_ns) {
  const item = (fact, says, chart, changes = {}) => {
    const [device, port] = chart ? [chart.value.device, chart.value.port] : ["node-9", ""];
    return { fact, device, port, since_ns, counter: fact, value: 1, unit: "", reference: 0, reference_of: "", sql: "SELECT 1", says, chart, ...changes };
  };
  const chart = (unit, form, value, changes = {}) => ({ unit, form, value, reference: null, level: null, ...changes });
  const lost = { reference: curve("node-1", "eth0", "rx_packets"), level: 0.02 };
  return [
    item("link_down", "was up, down", chart("state", "states", curve("leaf-1", "swp3", "link_up"))),
    item("conservation_loss", "2 % of the packets sent never reach the far end", chart("fraction", "missing", curve("leaf-1", "swp3", "tx_packets"), lost)),
    item("low_service_rate", "sends 50 Gbit/s while a queue stands, of 100 Gbit/s planned", chart("bit/s", "values", curve("leaf-1", "swp3", "tx_bytes", "rate", 8), { level: 1e11 }), { reference_of: "plan" }),
    item("late_onset", "begins to send 154 ms later than its peers in every 1.07 s", null),
  ];
}

/** Two minutes of readings a second apart: a link that goes down a minute ago, 2 % of packets lost since then. */
export function series({ counter, mode }) {
  const end = Math.floor(Date.now() / 1000) - 1;
  const seconds = Array.from({ length: 120 }, (_, at) => [at, (end - 119 + at) * S]);
  const since = (at) => Math.max(0, at - 60);
  const told = {
    link_up: ["1", (at) => (at < 60 ? 1 : 0)],
    tx_packets: ["packets", (at) => 1000 * at],
    rx_packets: ["packets", (at) => 1000 * at - 20 * since(at)],
    tx_bytes: ["bytes", (at) => 6.25e9 * at],
  }[counter];
  if (!told) return null;
  const [unit, value] = told;
  const isRate = mode === "rate" && counter !== "link_up";
  const points = seconds.map(([at, ns]) => [ns, isRate ? value(at) - value(at - 1) : value(at)]);
  return { unit: isRate ? `${unit}/s` : unit, points, marks: [] };
}

/** A minute in which each iteration of a job took a fifth longer from its half on. */
export function steps(job) {
  const end_ns = Math.floor(Date.now() / 1000) * S;
  const step = (at) => ({ job, ts_ns: end_ns - (60 - 10 * at) * S, known_by: "levels", reason: "", step_time_s: at < 3 ? 1.6 : 2, usual_step_time_s: 1.6, lost_step_time: at < 3 ? 0 : 0.2, lost_error: at < 3 ? null : 0.01, slow_since_ns: at < 3 ? null : end_ns - 30 * S, steps: 40 + 6 * at });
  return Array.from({ length: 7 }, (_, at) => step(at));
}

export const wellWorld = (changes = {}) => ({
  update: 0,
  ready: { ready: true, reasons: [] },
  watching: watching(),
  armed: ARMED,
  collectors: Array.from({ length: 5 }, (_, at) => collector(`node-${at}`)),
  incidents: [],
  series,
  steps,
  ...changes,
});
