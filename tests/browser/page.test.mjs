// The page against a real server (WEFT_URL) in which a fault has been or will be injected: what a person would check.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./chromium.mjs";
import { DRAW_MS, visit } from "./visit.mjs";

const URL_ = process.env.WEFT_URL;
assert.ok(URL_, "WEFT_URL names the server under test");
const ORIGIN = new URL(URL_).origin;
/** From the server's start to its first verdict: warm-up, injection, detection. */
const FAULT_MS = 90_000;
/** For the page to notice by polling, each poll with its own deadline. */
const POLLS_MS = 45_000;

let browser, page, complaints, done, incident;

before(async () => {
  browser = await launch();
  incident = await openHardwareIncident();
});
after(() => browser?.close());

beforeEach(async () => ({ page, complaints, done } = await visit(browser, ORIGIN)));
afterEach(() => done());

async function ask(path) {
  const response = await fetch(ORIGIN + path);
  assert.equal(response.status, 200, `${path} answers`);
  return response.json();
}

/** Waits until the server itself has named a fault; the page is then held to it. */
async function openHardwareIncident() {
  const deadline = Date.now() + FAULT_MS;
  while (Date.now() < deadline) {
    const { items } = await ask("/api/v1/incidents?limit=100");
    const drawn = ({ evidence }) => evidence.some(({ chart }) => chart);
    const named = items.find((item) => item.kind === "hardware" && item.state !== "suspected" && item.culprits.length > 0 && drawn(item));
    if (named) return named;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`the server named no fault in ${FAULT_MS / 1000} s`);
}

const card = (id) => page.locator(`[data-incident="${id}"]`);
const path = () => page.evaluate(() => location.pathname + location.search);

test("the injected fault stands on Now as a sentence naming the part", async () => {
  await page.goto(ORIGIN);
  const text = await card(incident.id).locator("h3").innerText();
  const [culprit] = incident.culprits;
  for (const name of [culprit.device, culprit.port]) assert.ok(text.includes(name), `${text} names ${name}`);
  for (const { job } of incident.jobs.slice(0, 1)) assert.ok(text.toLowerCase().includes(`job ${job}`.toLowerCase()), `${text} names job ${job}`);
  assert.match(text, /confidence\s(\.\d\d|1\.0)/);
  assert.doesNotMatch(await page.locator("main").innerText(), /No data/);
});

/** Two significant digits, as the page writes them. */
function percent(part) {
  const value = part * 100;
  return `${value >= 9.95 ? Math.round(value) : Number(value.toPrecision(2))} %`;
}

/** Looks again until it is so: both go on while they are compared. */
async function agreed(compare) {
  const deadline = Date.now() + DRAW_MS;
  for (;;) {
    try {
      return await compare();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await page.waitForTimeout(250);
    }
  }
}

test("what stands on Now is what the API says: ports heard, detectors armed, each job's loss once", async () => {
  await page.goto(ORIGIN);
  await page.locator("[data-armed]").waitFor({ state: "attached" });
  await agreed(async () => {
    const [watching, { items: armed }, { items: incidents }] = await Promise.all(["/api/v1/watching", "/api/v1/armed", "/api/v1/incidents?state=open&limit=1000"].map(ask));
    assert.equal(watching.stands_still, false);
    const sight = await page.locator("[data-sight]").innerText();
    assert.ok(sight.includes(`${watching.ports_heard.toLocaleString("en-GB")} ports watched`), `${sight} says ${watching.ports_heard}`);
    // The page writes abbreviations as people do: PFC deadlock.
    const said = (await page.locator("[data-armed]").textContent()).toLowerCase();
    for (const { detector } of armed.filter(({ armed }) => armed)) assert.ok(said.includes(detector.replaceAll("_", " ")), `${said} says ${detector}`);
    const offs = (await page.locator("[data-off]").allTextContents()).join("\n");
    for (const { reason, arm } of armed.flatMap(({ off }) => off)) assert.ok(offs.includes(`${reason} (${arm})`), `${offs} says ${reason}`);
    const jobs = [...new Set(incidents.flatMap(({ jobs }) => jobs.map(({ job }) => job)))].sort();
    const cards = await page.locator("[data-job]").evaluateAll((cards) => cards.map((card) => card.dataset.job));
    assert.deepEqual([...cards].sort(), jobs, "one card a job");
    const { items: losses } = await ask("/api/v1/jobs");
    for (const { job, lost_step_time: lost } of losses.filter(({ job, lost_step_time }) => jobs.includes(job) && lost_step_time >= 0.001)) {
      const title = await page.locator(`[data-job="${job}"] header h3`).innerText();
      assert.ok(title.startsWith(`Job ${job} is ${percent(lost)} slow since `), `${title} says ${lost}`);
    }
  });
});

test("evidence stands in the API's words, drawn by the series and in the unit that the API names", async () => {
  await page.goto(`${ORIGIN}/incidents/${incident.id}`);
  await page.locator(".says").first().waitFor();
  const words = (counter) => counter.replaceAll("_", " ");
  const name = ({ device, port, counter }) => `${device} ${port ? `${port} ` : ""}${words(counter)}`;
  await agreed(async () => {
    const { evidence } = await ask(`/api/v1/incidents/${incident.id}`);
    assert.ok(evidence.some(({ chart }) => chart), "something of it can be drawn");
    for (const [at, { says, chart }] of evidence.entries()) {
      const card = page.locator("[data-counter]").nth(at);
      assert.ok((await card.locator(".says").innerText()).startsWith(says), says);
      if (!chart) continue;
      const both = [chart.value, chart.reference].filter(Boolean).map(name);
      assert.deepEqual(await card.locator("[data-series]").allInnerTexts(), chart.form === "missing" ? [both.join(" less ")] : both);
      assert.equal(await card.getAttribute("data-unit"), chart.unit);
    }
  });
});

test("the page is live", async () => {
  const events = page.waitForResponse((response) => response.url().endsWith("/api/v1/events"));
  await page.goto(ORIGIN);
  assert.match((await events).headers()["content-type"], /^text\/event-stream/);
  await page.locator('[data-live="true"]').waitFor();
});

test("an incident opens by keyboard and its chart has points", async () => {
  await page.goto(ORIGIN);
  await card(incident.id).waitFor();
  await page.keyboard.press("j");
  await page.locator("[data-incident][aria-current]").waitFor();
  const selected = await page.locator("[data-incident][aria-current]").getAttribute("data-incident");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/incidents/${selected}`);

  await page.goto(`${ORIGIN}/incidents/${incident.id}`);
  const drawn = page.locator("[data-counter]:has(canvas)").first();
  await drawn.waitFor();
  assert.ok(await inked(drawn.locator("canvas")), "the chart is drawn");
  await drawn.locator("details > summary", { hasText: "Data" }).click();
  await drawn.locator("tbody tr").first().waitFor();
  assert.ok((await drawn.locator("tbody tr").count()) > 1, "the table behind the chart has rows");
  assert.ok((await page.locator("#timeline-title ~ ol > li").count()) > 1, "the timeline has transitions");

  await page.keyboard.press("Escape");
  await page.waitForURL((url) => url.pathname === "/");
});

/** Whether anything was drawn: a canvas that stays empty has one colour. */
function inked(canvas) {
  return canvas.evaluate((element) => {
    const { data } = element.getContext("2d").getImageData(0, 0, element.width, element.height);
    return data.some((byte) => byte !== 0);
  });
}

test("evidence shows its SQL, and the SQL answers", async () => {
  await page.goto(`${ORIGIN}/incidents/${incident.id}`);
  const sql = page.locator("details", { has: page.locator("summary", { hasText: "SQL" }) }).first();
  await sql.locator("summary").click();
  assert.match(await sql.locator("pre").innerText(), /select/i);
  await sql.getByRole("button", { name: "Run" }).click();
  await sql.locator("table tbody tr").first().waitFor();
});

test("Collectors lists every collector", async () => {
  const { items } = await ask("/api/v1/collectors?limit=1000");
  assert.ok(items.length > 0);
  await page.goto(ORIGIN);
  await page.keyboard.press("2");
  await page.waitForURL("**/collectors");
  await page.locator(`[data-collector="${items[0].collector}"]`).waitFor();
  assert.equal(await page.locator("[data-collector]").count(), Math.min(items.length, 300));
});

test("dark follows the system, and the switch goes before it", async () => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(ORIGIN);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await ground();
  assert.notEqual(dark, light);
  const button = page.getByRole("button", { name: /^Theme/ });
  await button.click();
  assert.equal(await ground(), light, "light was chosen");
  await page.reload();
  assert.equal(await ground(), light, "the choice outlives a reload");
});

test("a reload keeps the page as it was: all state is in the URL", async () => {
  await page.goto(ORIGIN);
  await card(incident.id).waitFor();
  await page.keyboard.press("j");
  await page.waitForURL("**/?sel=*");
  const selected = await page.locator("[data-incident][aria-current]").getAttribute("data-incident");
  await page.reload();
  assert.equal(await page.locator("[data-incident][aria-current]").getAttribute("data-incident"), selected);

  await page.goto(`${ORIGIN}/incidents/${incident.id}`);
  await page.getByRole("button", { name: "raw", exact: true }).click();
  await page.getByRole("button", { name: "Zoom out" }).click();
  await page.waitForURL(/from=\d{4}-.*&to=\d{4}-.*&mode=raw/);
  const before = await path();
  await page.reload();
  await page.getByRole("button", { name: "raw", exact: true, pressed: true }).waitFor();
  assert.equal(await path(), before);
});

test("the keys are told by ?, and it closes by Escape", async () => {
  await page.goto(ORIGIN);
  await page.locator("main h1").waitFor();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.waitFor();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
});

test("a page that is cut off says that it sees nothing", async () => {
  await page.goto(ORIGIN);
  await page.locator('[data-sight="well"], [data-sight="partial"]').waitFor();
  await page.context().setOffline(true);
  await page.locator('[data-sight="none"]').waitFor({ timeout: POLLS_MS });
  assert.match(await page.locator('[data-sight="none"]').innerText(), /^No data/);
  await page.context().setOffline(false);
  await page.locator('[data-sight="well"], [data-sight="partial"]').waitFor({ timeout: POLLS_MS });
  // Being cut off is complained of by the browser itself.
  complaints.length = 0;
});

test("a narrow screen needs no sideways scrolling", async () => {
  await page.setViewportSize({ width: 420, height: 900 });
  for (const path of ["/", "/collectors", `/incidents/${incident.id}`]) {
    await page.goto(ORIGIN + path);
    await page.locator("main h1").waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
  }
});
