import { expect, test } from "vitest";
import { byJob } from "../src/lib/jobs";
import { jobTitle, ofJob, plain } from "../src/lib/sentence";
import { incident } from "./incident";

const open = (id: string, losses: [string, number | null][], changes = {}) =>
  incident({ id, jobs: losses.map(([job, lost_step_time]) => ({ job, lost_step_time })), ...changes });

test("a job has one card with its causes inside, the worst first; the job that loses most stands first", () => {
  const incidents = [open("a", [["small", 0.04]]), open("b", [["big", 0.14]]), open("c", [["big", 0.31]]), open("d", [])];
  const { groups, others } = byJob(incidents);
  expect(groups.map(({ job, lost_step_time, causes }) => [job, lost_step_time, causes.map(({ id }) => id)])).toEqual([
    ["big", 0.31, ["c", "b"]],
    ["small", 0.04, ["a"]],
  ]);
  expect(others.map(({ id }) => id)).toEqual(["d"]);
});

test("a cause of several jobs is told in full once, with the job that it costs most", () => {
  const { groups } = byJob([open("x", [["one", 0.05], ["two", 0.2]]), open("y", [["one", 0.1]])]);
  expect(groups.map(({ job, causes, shared }) => [job, causes.map(({ id }) => id), shared.map(({ id }) => id)])).toEqual([
    ["two", ["x"], []],
    ["one", ["y"], ["x"]],
  ]);
});

test("an unknown loss is unknown, never zero and never the figure of another", () => {
  const { groups } = byJob([open("a", [["j", null]]), open("b", [["k", 0.01]])]);
  expect(groups.map(({ job, lost_step_time }) => [job, lost_step_time])).toEqual([["k", 0.01], ["j", null]]);
  expect(jobTitle(groups[1]!)).toMatch(/^Job j is slowed, by how much cannot be told, since \d\d:\d\d$/);
});

test("the job's card says the job's loss, a cause what it takes of it", () => {
  const cause = open("a", [["big", 0.31], ["small", 0.02]]);
  const [group] = byJob([cause]).groups;
  expect(jobTitle(group!)).toBe("Job big is 31 % slow since 14:02");
  expect(ofJob(cause, "big").map(plain)).toEqual([
    "31 % of job big since 14:02: leaf-17 eth23 ↔ node-3 mlx5_0/1, silent drop, confidence\u00a0.94",
    "2 % of job small since 14:02: leaf-17 eth23 ↔ node-3 mlx5_0/1, silent drop, confidence\u00a0.94",
  ]);
  expect(ofJob(open("b", [["big", null]]), "big")[0]!.subject).toBe("a part of job big that cannot be told, since 14:02");
});
