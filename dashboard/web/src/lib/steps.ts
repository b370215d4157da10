// How long a job's iterations took, as one chart draws it.

import type { Level, Line } from "./chart";
import { percent, quantity } from "./format";
import type { JobStep } from "./types";

export interface Steps {
  lines: Line[];
  /** The usual length of an iteration, the latest that is known. */
  level: Level | null;
  from_ns: number;
  to_ns: number;
  /** The latest value in words, or why there is none. */
  says: string;
}

/** Null: nothing has been told of the job yet. */
export function drawn(steps: JobStep[]): Steps | null {
  const last = steps.at(-1);
  if (!last) return null;
  const usual = steps.findLast(({ usual_step_time_s }) => usual_step_time_s !== null)?.usual_step_time_s ?? null;
  // A value that is not known breaks the line: it is not zero, and not the one before.
  const points = steps.map(({ ts_ns, step_time_s }): [number, number | null] => [ts_ns, step_time_s]);
  return {
    lines: [{ label: "step time", series: { unit: "s", points, marks: [] } }],
    level: usual === null ? null : { value: usual, label: "usual" },
    from_ns: steps[0]!.ts_ns,
    to_ns: Math.max(last.ts_ns, steps[0]!.ts_ns + 1e9),
    says: says(last),
  };
}

function says({ step_time_s, usual_step_time_s, lost_step_time, lost_error, known_by, reason }: JobStep): string {
  if (step_time_s === null) return known_by === "" ? `not known: ${reason}` : reason;
  const by = known_by === "marks" ? "by its step marks" : "by the levels of its bytes";
  const error = lost_error === null ? "" : ` ± ${percent(lost_error)}`;
  const lost = lost_step_time === null || lost_step_time < 0.005 ? "" : `, ${percent(lost_step_time)}${error} of it lost`;
  return `an iteration takes ${quantity(step_time_s, "s")}, usually ${quantity(usual_step_time_s, "s")}${lost}, ${by}`;
}
