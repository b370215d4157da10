import { expect, test } from "vitest";
import { follow, SseParser, type SseEvent } from "../src/lib/sse";

const STREAM = ': hello\n\nevent: incident\nid: 7\ndata: {"a":\ndata: 1}\n\nid: 8\r\ndata:x\r\n\r\nevent: incident\n\n';
const EVENTS: SseEvent[] = [
  { event: "incident", id: "7", data: '{"a":\n1}' },
  { event: "message", id: "8", data: "x" },
];

test("events come out the same however the stream is cut", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const parser = new SseParser();
    const events: SseEvent[] = [];
    for (let at = 0; at < STREAM.length; at += size) events.push(...parser.feed(STREAM.slice(at, at + size)));
    expect(events).toEqual(EVENTS);
  }
});

test("a half-received event does not outlive its connection, the id does", () => {
  const parser = new SseParser();
  parser.feed("id: 3\ndata: lost");
  parser.restart();
  expect(parser.feed("data: kept\n\n")).toEqual([{ event: "message", id: "3", data: "kept" }]);
});

/** One scripted answer a connection: a body, a refusal, or a network error. */
type Answer = string | 503 | Error;

async function play(answers: Answer[]): Promise<{ ids: (string | undefined)[]; data: string[]; waits: number[]; statuses: boolean[] }> {
  const seen = { ids: [] as (string | undefined)[], data: [] as string[], waits: [] as number[], statuses: [] as boolean[] };
  await new Promise<void>((done) => {
    const stop = follow({
      url: "/events",
      onEvent: ({ data }) => seen.data.push(data),
      onStatus: (live) => seen.statuses.push(live),
      wait: async (ms) => void seen.waits.push(ms),
      fetch: async (_url, init) => {
        const answer = answers.shift();
        if (answer === undefined) return stop(), done(), new Response(null, { status: 503 });
        seen.ids.push((init!.headers as Record<string, string>)["Last-Event-ID"]);
        if (answer instanceof Error) throw answer;
        return answer === 503 ? new Response(null, { status: 503 }) : new Response(answer);
      },
    });
  });
  return seen;
}

test("the stream resumes after the last event heard, through refusals and errors", async () => {
  const seen = await play(["id: 1\ndata: a\n\n", 503, new Error("refused"), "id: 2\ndata: b\n\n"]);
  expect(seen.ids).toEqual([undefined, "1", "1", "1"]);
  expect(seen.data).toEqual(["a", "b"]);
});

test("waits grow while nothing answers and start anew after success", async () => {
  const { waits, statuses } = await play([503, 503, 503, "data: a\n\n", 503]);
  expect(waits).toEqual([250, 500, 1_000, 250, 500]);
  expect(statuses).toEqual([false, false, false, true, false, false]);
});
