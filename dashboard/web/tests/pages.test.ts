// Every row of the menu leads to a page of its own, and what the menu does not know is said to be missing.

import { beforeAll, expect, test, vi } from "vitest";
import { format, parse } from "../src/lib/route";

let pages: typeof import("../src/pages");

beforeAll(async () => {
  // The router and the theme look at the browser as soon as they are imported.
  vi.stubGlobal("location", { href: "http://page/" });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {} }));
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
  pages = await import("../src/pages");
});

test("every row of the menu stands at its address and has its file", () => {
  const { MENU, pageOf, routeOf, titleOf } = pages;
  for (const title of MENU) {
    const route = parse(format(routeOf(title)));
    expect(titleOf(route)).toBe(title);
    expect(pageOf(route)).toBeTypeOf("function");
  }
  expect(new Set(MENU.map((title) => pageOf(routeOf(title)))).size).toBe(MENU.length);
});

test("an address without a row is missing", () => {
  const { pageOf, titleOf } = pages;
  for (const address of ["/nowhere", "/now", "/incident", "/missing", "/nowhere/at/all"]) {
    expect(titleOf(parse(address))).toBe("Missing");
    expect(pageOf(parse(address))).toBe(pageOf({ page: "missing", path: "/" }));
  }
});
