// node screenshot.mjs URL OUT.png [light|dark] [WIDTHxHEIGHT] [KEY…]
// A picture of the page at URL, once it has said what it sees; keys (`j`, `Enter`) are pressed before it is taken.
import { launch } from "./chromium.mjs";

const [url, out, colorScheme = "light", size = "1280x860", ...keys] = process.argv.slice(2);
if (!url || !out) {
  console.error("usage: node screenshot.mjs URL OUT.png [light|dark] [WIDTHxHEIGHT] [KEY…]");
  process.exit(64);
}
const [width, height] = size.split("x").map(Number);

const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, deviceScaleFactor: 2, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator("main h1").waitFor();
  // Until the sight is known and every chart on the page is drawn or said to be empty.
  const settled = () =>
    !document.querySelector('[data-sight="unknown"]') &&
    [...document.querySelectorAll("[data-counter]")].every((card) => card.querySelector("canvas, .hole:not(.muted)") ?? !/reading…/.test(card.textContent));
  await page.waitForFunction(settled);
  for (const key of keys) await page.keyboard.press(key);
  if (keys.length) await page.locator("main h1").waitFor();
  await page.waitForFunction(settled);
  await page.screenshot({ path: out });
  console.log(out);
} finally {
  await browser.close();
}
