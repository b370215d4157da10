// A fresh page that notes every request elsewhere and every complaint of the browser.
import assert from "node:assert/strict";

/** For a page to draw what it has already been told, on a busy machine. */
export const DRAW_MS = 20_000;

/** `done` closes the page and fails when anything left the origin or was complained of. */
export async function visit(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(DRAW_MS);
  const [left, complaints] = [[], []];
  await context.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (url.origin === origin || url.protocol === "data:" || url.protocol === "blob:") return route.continue();
    left.push(url.href);
    return route.abort();
  });
  page.on("console", (message) => isComplaint(message) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  const done = async () => {
    await context.close();
    assert.deepEqual(left, [], "no request leaves the origin");
    assert.deepEqual(complaints, [], "nothing is complained of in the console");
  };
  return { page, complaints, done };
}

/** A series that is not kept, an analyzer that is not ready: the browser itself notes the status of what the page explains. */
function isComplaint(message) {
  const [url, text] = [message.location().url, message.text()];
  const explained = (url.includes("/api/v1/series?") && text.includes("404")) || (url.endsWith("/readyz") && text.includes("503"));
  return ["error", "warning"].includes(message.type()) && !explained;
}
