// Open incidents by the job that they cost most: one card a job, its causes inside.

import { urgency } from "./status";
import type { Incident, JobLoss } from "./types";

export interface JobGroup {
  job: string;
  /** The largest of its causes' losses, as /api/v1/jobs says it; null when none is known. */
  lost_step_time: number | null;
  onset_ns: number;
  /** What costs it time and is told here in full, the worst first. */
  causes: Incident[];
  /** What costs it time too, and another job more: told in full there. */
  shared: Incident[];
}

export interface Grouped {
  /** The job that loses most stands first. */
  groups: JobGroup[];
  /** What costs no job, the most urgent first. */
  others: Incident[];
}

export const lossOf = (incident: Incident, job: string): JobLoss | undefined => incident.jobs.find((loss) => loss.job === job);

const lost = ({ lost_step_time }: { lost_step_time: number | null }): number => lost_step_time ?? 0;

export const worstLoss = ({ jobs }: Incident): JobLoss | undefined => [...jobs].sort((a, b) => lost(b) - lost(a) || a.job.localeCompare(b.job))[0];

export function byJob(open: Incident[]): Grouped {
  const names = [...new Set(open.flatMap(({ jobs }) => jobs.map(({ job }) => job)))];
  const groups = names.map((job) => group(job, open.filter((incident) => lossOf(incident, job))));
  const most = ({ causes, shared }: JobGroup) => Math.max(...[...causes, ...shared].map(urgency));
  return {
    groups: groups.sort((a, b) => lost(b) - lost(a) || most(b) - most(a) || a.job.localeCompare(b.job)),
    others: open.filter(({ jobs }) => jobs.length === 0).sort((a, b) => urgency(b) - urgency(a)),
  };
}

function group(job: string, hitting: Incident[]): JobGroup {
  const known = hitting.flatMap((incident) => lossOf(incident, job)?.lost_step_time ?? []);
  const worst = [...hitting].sort((a, b) => lost(lossOf(b, job)!) - lost(lossOf(a, job)!) || urgency(b) - urgency(a));
  return {
    job,
    lost_step_time: known.length ? Math.max(...known) : null,
    onset_ns: Math.min(...hitting.map(({ onset_ns }) => onset_ns)),
    causes: worst.filter((incident) => worstLoss(incident)!.job === job),
    shared: worst.filter((incident) => worstLoss(incident)!.job !== job),
  };
}
