// The built page over an API that answers what a test wants: states that a simulated fabric does not come into.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dashboard/web/dist/", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** `world`: what the API answers, as `wellWorld` has it; a test may change it at any time. */
export async function serve(world) {
  const streams = new Set();
  const asked = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://page");
    asked.push(url.pathname);
    if (url.pathname === "/api/v1/events") return stream(response, streams);
    const body = answer(url, world);
    if (body) return json(response, body.status ?? 200, body.json);
    file(url.pathname, response).catch((error) => json(response, 500, { error: { message: String(error) } }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** Paths asked for so far. */
    asked,
    /** Sends an update of an incident to every page that listens. */
    tell(incident) {
      for (const open of streams) open.write(`event: incident\nid: ${++world.update}\ndata: ${JSON.stringify(incident)}\n\n`);
    },
    stop: () => new Promise((resolve) => (streams.forEach((open) => open.end()), server.close(resolve), server.closeAllConnections())),
  };
}

/** Null: no path of the API. */
function answer(url, world) {
  if (url.pathname === "/readyz") return { json: world.ready, status: world.ready.ready ? 200 : 503 };
  if (!url.pathname.startsWith("/api/v1/")) return null;
  const list = (items) => {
    const [skip, limit] = [Number(url.searchParams.get("after") ?? 0), Number(url.searchParams.get("limit") ?? 100)];
    const end = skip + limit;
    return { json: { items: items.slice(skip, end), next: end < items.length ? String(end) : null } };
  };
  const path = url.pathname.replace(/^\/api\/v1/, "");
  const states = url.searchParams.get("state")?.split(",");
  switch (path) {
    case "/maintenance":
      return list(world.maintenance ?? []);
    case "/watching":
      return { json: world.watching };
    case "/armed":
      return list(world.armed);
    case "/collectors":
      return list(world.collectors);
    case "/gaps":
      return list([]);
    case "/incidents":
      return list(world.incidents.filter(({ state }) => !states || states.includes(state)));
    case "/series": {
      const series = world.series(Object.fromEntries(url.searchParams));
      return series ? { json: series } : { status: 404, json: { error: { message: "no such series" } } };
    }
  }
  const job = /^\/jobs\/([^/]+)\/steps$/.exec(path)?.[1];
  if (job) return { json: { items: world.steps(decodeURIComponent(job)), next: null } };
  const id = /^\/incidents\/([^/]+)$/.exec(path)?.[1];
  const incident = world.incidents.find((incident) => incident.id === id);
  return incident ? { json: incident } : { status: 404, json: { error: { message: `there is no ${url.pathname}` } } };
}

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function stream(response, streams) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": hello\n\n");
  streams.add(response);
  response.on("close", () => streams.delete(response));
}

async function file(path, response) {
  const name = extname(path) ? path.slice(1) : "index.html";
  const body = await readFile(DIST + name);
  response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" });
  response.end(body);
}
