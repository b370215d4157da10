// Which canonical counters are readings (gauges, states) rather than running totals: those are drawn raw, all else as a
// rate. The analyzer's catalogue is the authority; this is only the choice made before a person chooses.

import type { Mode } from "./route";

const SUFFIX = /(_up|_percent|_celsius|_c|_dbm|_ma|_db|_mhz|_w|_gtps|_bps|_width|_ber|_reasons|_p50|_p99|_error_us|_ppm)$/;
const NAMES = new Set(["queue_bytes", "queue_max_bytes", "watermark_bytes", "last_xid", "credits_used"]);

export const isReading = (counter: string): boolean => NAMES.has(counter) || SUFFIX.test(counter);

export const defaultMode = (counter: string): Mode => (isReading(counter) ? "raw" : "rate");
