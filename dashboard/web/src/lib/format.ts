// Numbers, times and names as the page says them. Pure; null and NaN are "–", never 0.

const NONE = "–";
const finite = (value: number | null | undefined): value is number => typeof value === "number" && Number.isFinite(value);

/** `.94`, as interfaces and pagers write a confidence. */
export function confidence(value: number): string {
  if (!finite(value)) return NONE;
  return value >= 0.995 ? "1.0" : value.toFixed(2).replace(/^0/, "");
}

/** How a chart names its unit: percent as such, and nothing of states, which are words. */
export const axisUnit = (unit: string): string => (unit === "fraction" ? "%" : unit === "state" ? "" : unit);

/** A fraction as a percentage with two significant digits: `7 %`, `0.4 %`. */
export function percent(fraction: number | null | undefined): string {
  if (!finite(fraction)) return NONE;
  const value = fraction * 100;
  return `${Math.abs(value) >= 9.95 || Number.isInteger(value) ? Math.round(value) : Number(value.toPrecision(2))} %`;
}

export const count = (value: number | null | undefined): string => (finite(value) ? value.toLocaleString("en-GB") : NONE);

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

const SCALES: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** Three significant digits with an SI prefix: `12.4 M`. Without a unit the prefix stands alone. */
export function quantity(value: number | null | undefined, unit = ""): string {
  if (!finite(value)) return NONE;
  if (unit === "fraction" || unit === "ratio") return percent(value);
  if (unit === "state") return value === 0 ? "down" : value === 1 ? "up" : String(value);
  const size = Math.abs(value);
  if (unit === "s" && size > 0 && size < 1) return size < 1e-3 ? quantity(value * 1e6, "µs") : quantity(value * 1e3, "ms");
  if (size !== 0 && (size < 1e-3 || size >= 1e15)) return join(value.toExponential(2), unit);
  const [scale, prefix] = SCALES.find(([limit]) => size >= limit) ?? [1, ""];
  const text = String(Number((value / scale).toPrecision(3)));
  return join(text, prefix + unitName(unit, prefix));
}

const join = (number: string, unit: string) => (unit ? `${number} ${unit}` : number);

/** `bytes/s` → `B/s`, so that prefixes read well; without a prefix words stay whole. */
function unitName(unit: string, prefix: string): string {
  if (unit === "percent" || unit === "1/s") return unit === "percent" ? "%" : "/s";
  const short = unit.replace(/^bytes?\b/, "B").replace(/^bits?\b/, "bit");
  if (/^(B|bit|s|Hz|W)(\/s|ps)?$/.test(short)) return short;
  return prefix && unit ? ` ${unit}` : unit;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const day = (ms: number) => new Date(ms).toDateString();

/** Local time of day, `14:02:11`; with the date when it is not today's. */
export function time(ns: number | null | undefined, now_ms = Date.now()): string {
  if (!finite(ns)) return NONE;
  const ms = ns / 1e6;
  const text = clock.format(ms);
  return day(ms) === day(now_ms) ? text : `${date.format(ms)} ${text}`;
}

/** ISO in UTC, for titles and machine-readable `datetime`. */
export const utc = (ns: number): string => (finite(ns) ? new Date(ns / 1e6).toISOString() : "");

/** A span in its two greatest units: `4.2 s`, `3 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ns: number | null | undefined): string {
  if (!finite(ns)) return NONE;
  const seconds = Math.abs(ns) / 1e9;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.5) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const at = units.findIndex(([length]) => whole >= length);
  const [big, small] = [units[at]!, units[at + 1]!];
  const rest = Math.floor((whole % big[0]) / small[0]);
  return `${Math.floor(whole / big[0])} ${big[1]}${rest ? ` ${rest} ${small[1]}` : ""}`;
}

/** `lossy_link` → `lossy link`; names that people know in capitals keep them. */
export function words(name: string): string {
  return name.replaceAll("_", " ").replace(/\b(gpu|pcie|ecmp|ecn|pfc|mtu|nic|cnp|crc)\b/gi, (word) => (word.toLowerCase() === "pcie" ? "PCIe" : word.toUpperCase()));
}

export const part = ({ device, port }: { device: string; port: string }): string => (port ? `${device} ${port}` : device);
