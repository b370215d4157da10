// Which page is shown at which address, and which pages stand in the menu.

import type { Component } from "svelte";
import type { Action } from "./lib/keys";
import { toListed, toNow, type Route } from "./lib/route";

/** A page that has keys of its own is told of them. */
export interface PageExports {
  onAction?(action: Action): void;
}

type Page = Component<Record<string, never>, PageExports>;

/** Every page by the name of its file. */
const FILES = import.meta.glob<Page>("./pages/*.svelte", { eager: true, import: "default" });

/**
 * The menu, in its order: adding a page = its file in pages/ and its row here. `Collectors` is pages/Collectors.svelte, stands
 * at /collectors and is called Collectors in the menu. `Now` stands at /.
 */
export const MENU = [
  "Now",
  "Collectors",
];

const nameOf = (title: string) => title.toLowerCase();

export const routeOf = (title: string): Route => (title === "Now" ? toNow() : toListed(nameOf(title)));

/** The name of the page's file, which is also its title in the menu if it stands there. */
export function titleOf(route: Route): string {
  switch (route.page) {
    case "now":
      return "Now";
    case "incident":
      return "Incident";
    case "listed":
      return MENU.find((title) => title !== "Now" && nameOf(title) === route.name) ?? "Missing";
    case "missing":
      return "Missing";
  }
}

export function pageOf(route: Route): Page {
  const page = FILES[`./pages/${titleOf(route)}.svelte`];
  if (!page) throw new Error(`pages/${titleOf(route)}.svelte does not exist, and pages.ts has a row for it`);
  return page;
}
