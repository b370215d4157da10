// What the page knows, kept current: incidents by the event stream, sight (collectors, readiness) by polling.

import { api, ApiError } from "./api";
import { assess, type Sight } from "./health";
import { follow, type SseEvent } from "./sse";
import type { Incident } from "./types";

const POLL_MS = 3_000;
const GATHER_MS = 100;
/** Resolved incidents read at the start; those that resolve later stay as well, up to so many in all. */
const RESOLVED = 100;
const KEPT = 1_000;

class Store {
  incidents = $state.raw<Incident[]>([]);
  /** False until the list was read once: an empty list then means none. */
  loaded = $state(false);
  live = $state(false);
  /** Said aloud by the page's aria-live region. */
  announcement = $state("");
  sight = $state.raw<Sight>({ reachable: null, error: "", ready: null, watching: null });
  health = $derived(assess(this.sight));
  /** Newest event time known: what "until now" means. */
  newest_ns = $state(0);

  private loads = 0;
  /** Updates that wait to be shown together. */
  private heard: Incident[] = [];
  /** Updates heard while the list is being read, newer than what it may hold; null while it is not. */
  private meanwhile: Incident[] | null = null;

  /** Starts following; returns what stops it. */
  start(): () => void {
    const stopEvents = follow({
      url: "/api/v1/events",
      onEvent: (event) => this.onEvent(event),
      onStatus: (live) => this.onStatus(live),
    });
    void this.load();
    let timer = 0;
    const poll = async () => {
      const began = performance.now();
      await this.poll();
      // A fabric whose answer takes long is asked less often: at most a tenth of the time goes to asking.
      timer = setTimeout(poll, Math.max(POLL_MS, 10 * (performance.now() - began)));
    };
    void poll();
    return () => (stopEvents(), clearTimeout(timer));
  }

  byId(id: string): Incident | undefined {
    return this.incidents.find((incident) => incident.id === id);
  }

  private onStatus(live: boolean): void {
    this.live = live;
    // A stream that comes back may have lost more than the server keeps: the list is the truth.
    if (live) void this.load();
  }

  private onEvent(event: SseEvent): void {
    if (event.event !== "incident") return void this.load();
    const incident = JSON.parse(event.data) as Incident;
    this.meanwhile?.push(incident);
    if (this.heard.length === 0) setTimeout(() => this.show(), GATHER_MS);
    this.heard.push(incident);
  }

  /** What came within a moment is shown together: many incidents that change at once cost one redraw. */
  private show(): void {
    const heard = this.heard;
    this.heard = [];
    for (const incident of heard) this.announce(incident, this.byId(incident.id));
    this.incidents = merge(this.incidents, heard);
  }

  private announce(incident: Incident, before: Incident | undefined): void {
    if (before?.state === incident.state || incident.state === "suspected") return;
    this.announcement = `${incident.state === "open" ? "New incident" : "Resolved"}: ${incident.sentence}`;
  }

  private async load(): Promise<void> {
    const load = ++this.loads;
    this.meanwhile = [];
    try {
      const [ongoing, resolved] = await Promise.all([api.ongoing(), api.incidents({ state: "resolved", limit: RESOLVED })]);
      if (load !== this.loads) return;
      this.incidents = merge(resolved.items, [...ongoing, ...(this.meanwhile ?? [])]);
      this.loaded = true;
    } catch (error) {
      this.fail(error);
    }
    if (load === this.loads) this.meanwhile = null;
  }

  private async poll(): Promise<void> {
    try {
      const [ready, watching] = await Promise.all([api.ready(), api.watching()]);
      if (!this.loaded) void this.load();
      this.newest_ns = Math.max(this.newest_ns, watching.newest_ns ?? 0);
      this.sight = { reachable: true, error: "", ready, watching };
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    const text = error instanceof ApiError ? error.message : String(error);
    this.sight = { ...this.sight, reachable: false, error: text };
  }
}

/** Newest onset first, one of each id, the later version winning; the oldest resolved are let go. */
function merge(known: Incident[], changed: Incident[]): Incident[] {
  const byId = new Map(known.map((incident) => [incident.id, incident]));
  for (const incident of changed) byId.set(incident.id, incident);
  const sorted = [...byId.values()].sort((a, b) => b.onset_ns - a.onset_ns || a.id.localeCompare(b.id));
  return sorted.filter(({ state }, at) => state !== "resolved" || at < KEPT);
}

export const store = new Store();
