// The one place that touches history: the current route, and ways to change it.

import { format, parse, type Route } from "./route";

class Router {
  route = $state<Route>(parse(location.href));

  constructor() {
    addEventListener("popstate", () => (this.route = parse(location.href)));
  }

  /** A new page: Back returns here. */
  go(route: Route): void {
    history.pushState(null, "", format(route));
    this.route = route;
    scrollTo(0, 0);
  }

  /** The same page with other state: Back leaves it. */
  replace(route: Route): void {
    history.replaceState(null, "", format(route));
    this.route = route;
  }
}

export const router = new Router();

/** For <a onclick>: plain clicks stay in the page, modified ones open tabs as ever. */
export function follow(event: MouseEvent, route: Route): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  router.go(route);
}
