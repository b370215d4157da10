// Of what one end of a cable counted as sent, the part that the other end did not count as received.

import type { Series } from "./types";

type Point = [number, number | null];

/** Over so long a stretch the ends' different moments of reading do not matter: they are fractions of a second apart. */
const STRETCH_NS = 10e9;

/** A running total at a moment, and how often it had begun anew by then. */
interface Count {
  value: number;
  falls: number;
}

/** A running total, read at any moment between two of its readings; null where it was not told or began anew. */
class Total {
  private at = 0;
  private falls = 0;

  constructor(private readonly points: Point[]) {}

  /** Moments must be asked in order. */
  read(ns: number): Count | null {
    const { points } = this;
    for (; this.at + 1 < points.length && points[this.at + 1]![0] <= ns; this.at++) {
      if (fell(points[this.at]!, points[this.at + 1]!)) this.falls++;
    }
    const [from, to] = [points[this.at], points[this.at + 1]];
    if (!from || from[1] === null || ns < from[0]) return null;
    if (ns === from[0]) return { value: from[1], falls: this.falls };
    if (!to || to[1] === null || fell(from, to)) return null;
    return { value: from[1] + ((to[1] - from[1]) * (ns - from[0])) / (to[0] - from[0]), falls: this.falls };
  }
}

const fell = ([, before]: Point, [, after]: Point): boolean => before !== null && after !== null && after < before;

/** At each reading of `sent`, the part that was lost in the ten seconds up to it; null while too little passed to tell. */
export function missing(sent: Series, received: Series): Series {
  const ends = () => [new Total(sent.points), new Total(received.points)] as const;
  const [[sentNow, receivedNow], [sentThen, receivedThen]] = [ends(), ends()];
  const share = ([ns]: Point): Point => {
    const rose = (now: Total, then: Total) => {
      const [before, after] = [then.read(ns - STRETCH_NS), now.read(ns)];
      return before === null || after === null || after.falls !== before.falls ? null : after.value - before.value;
    };
    const [left, arrived] = [rose(sentNow, sentThen), rose(receivedNow, receivedThen)];
    return [ns, left && arrived !== null ? (left - arrived) / left : null];
  };
  return { unit: "fraction", points: sent.points.map(share), marks: [...sent.marks, ...received.marks] };
}
