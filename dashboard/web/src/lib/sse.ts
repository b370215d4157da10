// Server-sent events over fetch. EventSource cannot be given a Last-Event-ID after it has closed for good (a 503 of a
// restarting analyzer does that); this one resumes after every kind of failure.

export interface SseEvent {
  event: string;
  data: string;
  id: string;
}

/** Splits a byte stream's text into events, whatever the chunks. */
export class SseParser {
  private buffer = "";
  private event = "";
  private data: string[] = [];
  /** The last id seen, kept over reconnects as the standard says. */
  lastId = "";

  feed(text: string): SseEvent[] {
    this.buffer += text;
    const events: SseEvent[] = [];
    // A trailing \r may be the first half of \r\n: it waits for the next chunk.
    for (;;) {
      const match = /\r\n|\n|\r(?!$)/.exec(this.buffer);
      if (!match) return events;
      const line = this.buffer.slice(0, match.index);
      this.buffer = this.buffer.slice(match.index + match[0].length);
      const event = this.line(line);
      if (event) events.push(event);
    }
  }

  /** Forgets a half-received event, keeps the id: to be called on every new connection. */
  restart(): void {
    this.buffer = this.event = "";
    this.data = [];
  }

  private line(line: string): SseEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.lastId = value;
    return null;
  }

  private dispatch(): SseEvent | null {
    const { event, data } = this;
    this.event = "";
    this.data = [];
    return data.length ? { event: event || "message", data: data.join("\n"), id: this.lastId } : null;
  }
}

export interface LiveOptions {
  url: string;
  onEvent(event: SseEvent): void;
  /** Called when the stream opens and when it breaks. */
  onStatus(live: boolean): void;
  fetch?: typeof fetch;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const BACKOFF_MS = [250, 500, 1_000, 2_000, 4_000];

/** Follows a stream until the returned function is called. */
export function follow(options: LiveOptions): () => void {
  const stop = new AbortController();
  void run(options, stop.signal);
  return () => stop.abort();
}

async function run(options: LiveOptions, signal: AbortSignal): Promise<void> {
  const parser = new SseParser();
  const wait = options.wait ?? sleep;
  for (let failures = 0; !signal.aborted; failures++) {
    const before = parser.lastId;
    const opened = await connect(options, parser, signal).catch(() => false);
    if (signal.aborted) return;
    options.onStatus(false);
    if (opened || parser.lastId !== before) failures = 0;
    await wait(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)]!, signal);
  }
}

/** One connection, to its end. True when the server accepted it. */
async function connect(options: LiveOptions, parser: SseParser, signal: AbortSignal): Promise<boolean> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (parser.lastId) headers["Last-Event-ID"] = parser.lastId;
  const response = await (options.fetch ?? fetch)(options.url, { headers, signal, cache: "no-store" });
  if (!response.ok || !response.body) return false;
  parser.restart();
  options.onStatus(true);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      for (const event of parser.feed(value)) options.onEvent(event);
    }
  } catch {
    return true;
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
