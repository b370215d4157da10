// The link in an alert leads to the incident: `weft analyzer` (WEFT names the binary) is told of a cable that goes down and
// sends a webhook, and a browser follows its generatorURL. The thin binary beside it holds no page and tells it as text.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launch } from "./chromium.mjs";
import { start } from "./server.mjs";
import { cableDown } from "./trace.mjs";
import { visit } from "./visit.mjs";

const WEFT = process.env.WEFT;
assert.ok(WEFT, "WEFT names the binary under test");
const ALERT_MS = 60_000;
/** What every sentence of the incident says, whatever its loss is by then. */
const PART = "the link host-b eth0 – leaf-a swp1 is down";

let folder;
before(async () => (folder = await cableDown()));
after(() => rm(folder, { recursive: true, force: true }));

/** A receiver of webhooks; `next` resolves to the first one's payload. */
async function receiver() {
  let heard;
  const next = new Promise((resolve) => (heard = resolve));
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => (heard(JSON.parse(Buffer.concat(chunks).toString())), response.end()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/hook`, next, stop: () => server.close() };
}

/** Runs an analyzer with a receiver until its first alert, then `look`. */
async function alerted(command, look) {
  const hook = await receiver();
  const config = join(folder, `${command.length}.toml`);
  await writeFile(config, `[analyzer]\nlateness_s = 20\n[[notify]]\nkind = "webhook"\nurl = "${hook.url}"\n`);
  const args = ["--config", config, "--plan", folder, "--listen", "127.0.0.1:0", "--transport", "direct://127.0.0.1:0"];
  const analyzer = await start([...command, ...args]);
  const late = setTimeout(() => analyzer.stop(), ALERT_MS);
  try {
    await promisify(execFile)(WEFT, ["replay", folder, "--to", `direct://${analyzer.ready.direct}`]);
    const [alert] = (await hook.next).alerts;
    assert.equal(alert.labels.class, "link_down");
    await look(alert, analyzer);
  } finally {
    clearTimeout(late);
    await analyzer.stop();
    hook.stop();
  }
}

test("an alert of `weft analyzer` leads to the incident's page", { timeout: 2 * ALERT_MS }, () =>
  alerted([WEFT, "analyzer"], async (alert, { url }) => {
    assert.equal(new URL(alert.generatorURL).origin, url);
    const browser = await launch();
    try {
      const { page, done } = await visit(browser, url);
      const answer = await page.goto(alert.generatorURL);
      assert.equal(answer.status(), 200);
      await page.locator("h1", { hasText: "host-b" }).waitFor();
      const told = await (await fetch(`${url}/api/v1/incidents/${alert.labels.incident}`)).json();
      const text = await page.locator("main").innerText();
      for (const words of [told.sentence, told.action, told.evidence[0].says]) assert.ok(text.includes(words), `${text} says ${words}`);
      assert.ok(alert.annotations.summary.includes(PART) && told.sentence.includes(PART), "both name the part");
      assert.equal(alert.labels.severity, "critical", "a part of a job is down");
      await done();
    } finally {
      await browser.close();
    }
  }));

test("an alert of `weft-analyzer`, which holds no page, leads to the incident as text", { timeout: 2 * ALERT_MS }, () =>
  alerted([join(dirname(WEFT), "weft-analyzer")], async (alert, { url }) => {
    const answer = await fetch(alert.generatorURL);
    const text = await answer.text();
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/plain; charset=utf-8"]);
    assert.ok(text.split("\n")[0].includes(PART), text);
    assert.match(text, /link_down: host-b eth0 was up, down since 20/);
    assert.match(await (await fetch(url)).text(), new RegExp(`/incidents/${alert.labels.incident}  `));
  }));
