import { expect, test } from "vitest";
import { format, parse, type Route } from "../src/lib/route";

const NS = Date.parse("2026-11-23T14:02:11.500Z") * 1e6;

test("every route survives the address bar", () => {
  const routes: Route[] = [
    { page: "now", selected: "", query: "" },
    { page: "now", selected: "9f3c", query: "leaf-17 & more" },
    { page: "listed", name: "collectors", query: "node-1" },
    { page: "incident", id: "9f3c", range: null, mode: null },
    { page: "incident", id: "a/b?c", range: { from_ns: NS, to_ns: NS + 60e9 }, mode: "raw" },
  ];
  for (const route of routes) expect(parse(format(route))).toEqual(route);
});

test("times are absolute and readable", () => {
  const route: Route = { page: "incident", id: "9f3c", range: { from_ns: NS, to_ns: NS + 60e9 }, mode: "rate" };
  expect(format(route)).toBe("/incidents/9f3c?from=2026-11-23T14:02:11.500Z&to=2026-11-23T14:03:11.500Z&mode=rate");
});

test("what is malformed is left out, not thrown", () => {
  expect(parse("/incidents/x?from=yesterday&to=2026-11-23T14:03:11Z&mode=loud")).toEqual({ page: "incident", id: "x", range: null, mode: null });
  expect(parse("/incidents/x?from=2026-11-23T14:03:11Z&to=2026-11-23T14:02:11Z")).toMatchObject({ range: null });
  expect(parse("/incidents/%E0%A4%A")).toMatchObject({ id: "%E0%A4%A" });
  expect(parse("/nowhere/at/all")).toEqual({ page: "missing", path: "/nowhere/at/all" });
});
