// The page against a real server (WEFT_URL) in which a fault has been or will be injected: what a person would check.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { launch } from "./chromium.mjs";

const URL_ = process.env.WEFT_URL;
assert.ok(URL_, "WEFT_URL names the server under test");
const ORIGIN = new URL(URL_).origin;
/** From the server's start to its first verdict: warm-up, injection, detection. */
const FAULT_MS = 90_000;
/** For a page to draw what it has already been told, on a busy machine. */
const DRAW_MS = 20_000;
/** For the page to notice by polling, each poll with its own deadline. */
const POLLS_MS = 45_000;

let browser, page, left, complaints, incident;

before(async () => {
  browser = await launch();
  incident = await openHardwareIncident();
});
after(() => browser?.close());

beforeEach(async () => open());
afterEach(async () => {
  await page.context().close();
  assert.deepEqual(left, [], "no request leaves the origin");
  assert.deepEqual(complaints, [], "nothing is complained of in the console");
});

/** A fresh page that notes every request elsewhere and every error. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(DRAW_MS);
  [left, complaints] = [[], []];
  await context.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.origin === ORIGIN || url.protocol === "data:" || url.protocol === "blob:") return route.continue();
    left.push(url.href);
    return route.abort();
  });
  page.on("console", (message) => isComplaint(message) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
}

/** Derived quantities have no series: the browser itself notes the 404 that the page then explains. */
function isComplaint(message) {
  const noSeries = message.location().url.includes("/api/v1/series?") && message.text().includes("404");
  return ["error", "warning"].includes(message.type()) && !noSeries;
}

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
    const named = items.find(({ kind, state, culprits }) => kind === "hardware" && state !== "suspected" && culprits.length > 0);
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
  complaints = [];
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
