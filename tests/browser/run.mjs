// node run.mjs COMMAND ARG…      starts a server with a fault injected (`weft demo …`), tests its page, stops it; COMMAND
//                                is also the binary whose alerts are followed
// WEFT_URL=http://… node run.mjs  tests a server that already runs, and no alerts
// Exit code 0 when every test passed, 1 when one failed, 2 when the server did not start.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { start } from "./server.mjs";

const command = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));

if (command.length === 0 && !process.env.WEFT_URL) {
  console.error("usage: node run.mjs COMMAND ARG…   (or WEFT_URL=http://HOST:PORT node run.mjs)");
  process.exit(64);
}

let server = { url: process.env.WEFT_URL, stop: async () => {} };
try {
  if (command.length) server = await start(command);
} catch (error) {
  console.error(`browser tests: ${error.message}`);
  process.exit(2);
}
console.log(`browser tests: ${server.url}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.stop().then(() => process.exit(130)));

// One after the other: each has a browser of its own. The server's faults come while the first run.
const files = ["states.test.mjs", ...(command.length ? ["alert.test.mjs"] : []), "page.test.mjs"];
const tests = spawn(process.execPath, ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files], {
  cwd: here,
  stdio: "inherit",
  env: { ...process.env, WEFT_URL: server.url, ...(command.length ? { WEFT: command[0] } : {}) },
});
const code = await new Promise((resolve) => tests.once("close", resolve));
await server.stop();
process.exit(code === 0 ? 0 : 1);
