// Every page of the site: adding one = one file, one row here and one arm in route.ts.

import type { Component } from "svelte";
import type { Action } from "./lib/keys";
import type { Route } from "./lib/route";
import Collectors from "./pages/Collectors.svelte";
import Incident from "./pages/Incident.svelte";
import Missing from "./pages/Missing.svelte";
import Now from "./pages/Now.svelte";

/** A page that has keys of its own is told of them. */
export interface PageExports {
  onAction?(action: Action): void;
}

export const PAGES: Record<Route["page"], Component<Record<string, never>, PageExports>> = {
  now: Now,
  incident: Incident,
  collectors: Collectors,
  missing: Missing,
};
