// What stands on Now: one sentence a job, from the incident's fields.

import { confidence, part, percent, time, words } from "./format";
import type { Culprit, Incident, JobLoss } from "./types";

/** A cable is one culprit with two ends. */
export function culprit(culprit: Culprit): string {
  return culprit.peer_device ? `${part(culprit)} ↔ ${part({ device: culprit.peer_device, port: culprit.peer_port })}` : part(culprit);
}

/** Parts that are all named in a sentence; of more the first is, and the rest counted. */
const NAMED = 3;

/** The verdict, or honestly the few parts that the evidence leaves, the likeliest first. */
export function verdict({ culprits, kind }: Incident): string {
  if (culprits.length === 0) return kind === "benign" ? "nobody is accused" : "part not yet known";
  if (culprits.length <= NAMED) return culprits.map(culprit).join(" or ");
  return `${culprit(culprits[0]!)} or one of ${culprits.length - 1} others`;
}

function loss(job: JobLoss, resolved: boolean): string {
  const verb = resolved ? "was" : "is";
  if (job.lost_step_time === null) return `${verb} slowed, by how much cannot be told,`;
  // Below 0.1 % the figure is noise, the touch is not.
  if (job.lost_step_time < 0.001) return `${verb} touched but not slowed`;
  return `${verb} ${percent(job.lost_step_time)} slow`;
}

/** `14:02` for a sentence; seconds stand in the timeline. */
function since(incident: Incident): string {
  const from = time(incident.onset_ns).slice(0, -3);
  if (incident.resolved_ns === null) return `since ${from}`;
  const to = time(incident.resolved_ns).slice(0, -3);
  return to === from ? `at ${from}` : `from ${from} to ${to}`;
}

/** `job 8123 is 7 % slow since 14:02` */
export function jobClause(incident: Incident, job: JobLoss): string {
  return `job ${job.job} ${loss(job, incident.state === "resolved")} ${since(incident)}`;
}

export interface Headline {
  /** Who is hit, since when. */
  subject: string;
  /** The part. */
  verdict: string;
  /** What is wrong with it and how sure that is. */
  detail: string;
}

/** One headline a job, worst first; one without a job when none is hit. */
export function headlines(incident: Incident): Headline[] {
  const detail = `${words(incident.class)}, confidence\u00a0${confidence(incident.confidence)}`;
  const jobs = [...incident.jobs].sort((a, b) => (b.lost_step_time ?? 0) - (a.lost_step_time ?? 0));
  if (jobs.length === 0) return [{ subject: `${quiet(incident)} ${since(incident)}`, verdict: verdict(incident), detail }];
  return jobs.map((job) => ({ subject: jobClause(incident, job), verdict: verdict(incident), detail }));
}

/** The same for a card that stands below the job's own: what of the job's time this cause takes. */
export function ofJob(incident: Incident, job: string): Headline[] {
  const own = incident.jobs.find((loss) => loss.job === job);
  const others = incident.jobs.filter((loss) => loss !== own).sort((a, b) => (b.lost_step_time ?? 0) - (a.lost_step_time ?? 0));
  const [first] = headlines({ ...incident, jobs: [] });
  return [own, ...others].flatMap((loss) => (loss ? [{ ...first!, subject: `${share(loss)} ${since(incident)}` }] : []));
}

function share({ job, lost_step_time: lost }: JobLoss): string {
  if (lost === null) return `a part of job ${job} that cannot be told,`;
  return lost < 0.001 ? `no measurable part of job ${job}` : `${percent(lost)} of job ${job}`;
}

/** `Job 8123 is 31 % slow since 14:02` */
export function jobTitle({ job, lost_step_time, onset_ns }: { job: string; lost_step_time: number | null; onset_ns: number }): string {
  return `Job ${job} ${loss({ job, lost_step_time }, false)} since ${time(onset_ns).slice(0, -3)}`;
}

function quiet(incident: Incident): string {
  if (incident.kind === "data") return "telemetry in doubt";
  return incident.kind === "benign" ? "not a fault" : "no job slowed";
}

export const plain = ({ subject, verdict, detail }: Headline): string => `${subject}: ${verdict}, ${detail}`;
