// Starts the command under test and waits until it says on stdout that it is ready: `{"ready":true,"http":URL,…}`, or, of
// the demo, `weft demo: URL`.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const READY_MS = 60_000;
const STOP_MS = 10_000;

/** Runs `command` (an argv); resolves to {url, ready, lines, stop}. `lines` goes on filling with its stdout. */
export async function start(command) {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("close", (code, signal) => resolve(signal ?? code)));
  const lines = [];
  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      const demo = /^weft demo: (http:\S+)$/.exec(line);
      const said = demo ? { ready: true, http: demo[1] } : parse(line);
      if (said?.ready === true && said.http) resolve(said);
    });
  });
  const failed = new Promise((_, reject) => child.once("error", (error) => reject(new Error(`${command[0]}: ${error.message}`))));
  const gone = exited.then((how) => Promise.reject(new Error(`${command.join(" ")} ended (${how}) before it was ready:\n${lines.join("\n")}`)));
  gone.catch(() => {});
  const stop = () => end(child, exited);
  try {
    const said = await withDeadline(Promise.race([ready, failed, gone]), READY_MS, `${command.join(" ")} was not ready in ${READY_MS / 1000} s`);
    return { url: said.http, ready: said, lines, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** SIGINT as a person would, SIGKILL when that is not heard. */
async function end(child, exited) {
  if (child.exitCode !== null || child.pid === undefined) return;
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(timer);
}

async function withDeadline(promise, ms, message) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(message)), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
