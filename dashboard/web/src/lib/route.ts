// The page's state as a URL: shareable, reloadable, with absolute times.

export interface TimeRange {
  from_ns: number;
  to_ns: number;
}

export type Mode = "rate" | "raw";

export type Route =
  | { page: "now"; selected: string; query: string }
  | { page: "incident"; id: string; range: TimeRange | null; mode: Mode | null }
  /** Another page of the menu, at /<name>. */
  | { page: "listed"; name: string; query: string }
  | { page: "missing"; path: string };

export function parse(href: string): Route {
  const url = new URL(href, "http://page");
  const [first = "", second = ""] = url.pathname.split("/").filter(Boolean);
  const query = url.searchParams.get("q") ?? "";
  if (first === "") return { page: "now", selected: url.searchParams.get("sel") ?? "", query };
  if (/^incidents?$/.test(first) && second) {
    return { page: "incident", id: decode(second), range: parseRange(url.searchParams), mode: parseMode(url.searchParams) };
  }
  // Whether there is such a page is known to the menu alone (pages.ts).
  if (!second) return { page: "listed", name: decode(first), query };
  return { page: "missing", path: url.pathname };
}

export function format(route: Route): string {
  switch (route.page) {
    case "now":
      return suffix("/", { sel: route.selected, q: route.query });
    case "listed":
      return suffix(`/${encodeURIComponent(route.name)}`, { q: route.query });
    case "incident": {
      const { range, mode } = route;
      const times = range ? { from: iso(range.from_ns), to: iso(range.to_ns) } : {};
      return suffix(`/incidents/${encodeURIComponent(route.id)}`, { ...times, mode: mode ?? "" });
    }
    case "missing":
      return route.path;
  }
}

export const toIncident = (id: string): Route => ({ page: "incident", id, range: null, mode: null });
export const toNow = (selected = ""): Route => ({ page: "now", selected, query: "" });
export const toListed = (name: string, query = ""): Route => ({ page: "listed", name, query });
export const toCollectors = (query = ""): Route => toListed("collectors", query);
export const isCollectors = (route: Route) => route.page === "listed" && route.name === "collectors";

const iso = (ns: number) => new Date(ns / 1e6).toISOString();

function suffix(path: string, query: Record<string, string | undefined>): string {
  const params = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  // Colons are legal in a query: times stay readable in the address bar.
  const text = params.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%3A", ":")}`).join("&");
  return text ? `${path}?${text}` : path;
}

function parseRange(params: URLSearchParams): TimeRange | null {
  const from_ns = Date.parse(params.get("from") ?? "") * 1e6;
  const to_ns = Date.parse(params.get("to") ?? "") * 1e6;
  return from_ns < to_ns ? { from_ns, to_ns } : null;
}

function parseMode(params: URLSearchParams): Mode | null {
  const mode = params.get("mode");
  return mode === "rate" || mode === "raw" ? mode : null;
}

/** A malformed escape is shown as it stands, not thrown. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
