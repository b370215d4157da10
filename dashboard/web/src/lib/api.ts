// A typed client of the analyzer's HTTP API. Every failure is an ApiError whose message a person can act on.

import type { Armed, Collector, Gap, Incident, Job, JobStep, Maintenance, Page, Port, Ready, Series, SqlResult, Watching } from "./types";

const BASE = "/api/v1";
/** Long enough for a busy analyzer, short enough that a dead one is said to be dead. */
const DEADLINE_MS = 8_000;

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the analyzer could not be reached at all. */
    readonly status: number,
    message: string,
    readonly hint = "",
  ) {
    super(message);
    this.name = "ApiError";
  }
}

type Query = Record<string, string | number | undefined>;

export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

async function request<T>(url: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    const headers = { Accept: "application/json", ...init.headers };
    response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new ApiError(0, late ? `no answer in ${DEADLINE_MS / 1000} s` : "the analyzer cannot be reached");
  }
  const body: unknown = await response.json().catch(() => null);
  // /readyz answers 503 with a body that says why: that is an answer, not a failure.
  if (!response.ok && !(response.status === 503 && isReady(body))) throw failure(response, body);
  return body as T;
}

function isReady(body: unknown): body is Ready {
  return typeof body === "object" && body !== null && "ready" in body;
}

function failure(response: Response, body: unknown): ApiError {
  const error = (body as { error?: { message?: string; hint?: string } } | null)?.error;
  return new ApiError(response.status, error?.message ?? `${response.status} ${response.statusText}`, error?.hint ?? "");
}

/** A busy fabric has 12,500 collectors: read in pages, up to a bound that no real fabric meets. */
const PAGES = 50;

async function everything<T>(path: string, query: Query = {}): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const answer = await get<Page<T>>(path, { ...query, limit: 1000, after });
    items.push(...answer.items);
    if (!answer.next) break;
    after = answer.next;
  }
  return items;
}

const get = <T>(path: string, query: Query = {}) => request<T>(withQuery(BASE + path, query));

export const api = {
  /** Newest onset first; `state` and `class` may name several, comma-separated. */
  incidents: (query: { state?: string; class?: string; since_ns?: number; limit?: number; after?: string } = {}) =>
    get<Page<Incident>>("/incidents", query),
  ongoing: () => everything<Incident>("/incidents", { state: "suspected,open" }),
  incident: (id: string) => get<Incident>(`/incidents/${encodeURIComponent(id)}`),
  explain: (id: string) => get<{ text: string }>(`/incidents/${encodeURIComponent(id)}/explain`),
  facts: (query: Query = {}) => get<Page<Record<string, unknown>>>("/facts", query),
  ports: (query: { sort?: string; filter?: string; limit?: number } = {}) => get<Page<Port>>("/ports", query),
  jobs: () => everything<Job>("/jobs"),
  jobSteps: (job: string) => get<Page<JobStep>>(`/jobs/${encodeURIComponent(job)}/steps`),
  collectors: () => everything<Collector>("/collectors"),
  watching: () => get<Watching>("/watching"),
  armed: () => get<Page<Armed>>("/armed"),
  maintenance: () => get<Page<Maintenance>>("/maintenance"),
  gaps: () => everything<Gap>("/gaps"),
  series: (query: { device: string; port: string; counter: string; from_ns: string; to_ns: string; mode: "raw" | "rate" }) =>
    get<Series>("/series", query),
  ready: () => request<Ready>("/readyz"),
  sql: (sql: string) =>
    request<SqlResult>(`${BASE}/sql`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ sql, timeout_ms: 5_000, max_rows: 200 }),
    }),
};
