// Fails the build when the page's JavaScript outgrows its budget: 150 KB gzip, all chunks together.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 150_000;
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const gzipBytes = (path) => gzipSync(readFileSync(dist + path), { level: 9 }).length;

const files = readdirSync(dist, { recursive: true }).filter((path) => /\.(js|css)$/.test(path));
const total = (ext) => files.filter((path) => path.endsWith(ext)).reduce((sum, path) => sum + gzipBytes(path), 0);

const js = total(".js");
console.log(`page: ${(js / 1000).toFixed(1)} KB gzip of JavaScript (budget 150), ${(total(".css") / 1000).toFixed(1)} KB of CSS`);
if (js > BUDGET_BYTES) {
  console.error(`dashboard/web: JavaScript is ${js} bytes gzip, above the budget of ${BUDGET_BYTES}; find the import that brought it`);
  process.exit(1);
}
