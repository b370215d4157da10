#!/usr/bin/env python3
"""What weft finds, on traces that stay the same.  tests/score/run.py [--quick|--calm] [--weft BIN] [--sim BIN]

Simulates the traces of simulated.csv, takes those of ../shared/traces where they are, has `weft score` judge all, and compares
with expected.csv. Exit 1 when a figure fell by more than its noise, 2 when a trace could not be scored.

  --quick   the traces of the quick set and nothing else: a step of tests/run.sh
  without   all traces, judged again under every disturbance, other rules beside: writes docs/detection.md and score.html
  --calm    the same without the disturbances, which take ten times as long
UPDATE=1 writes expected.csv anew, of the traces that were judged; what the others had stays.

The noise. The same trace and the same judge give the same verdicts, whatever the machine: of a fault that was found, of its
exact class and of nobody accused falsely no fall is allowed, fault by fault. How soon and how exactly is allowed to move by what
so few faults leave open: of those found both times, the median of the delays, and of the errors of the loss, may not lie above the
95 % interval of the median in expected.csv (order statistics: of 24 values the 18th).
"""
import argparse, concurrent.futures, csv, glob, json, math, os, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import page

HERE = os.path.dirname(os.path.abspath(__file__))
HOUSE = os.path.dirname(os.path.dirname(HERE))
SHARED = os.path.join(HOUSE, "..", "shared", "traces")
EXPECTED = os.path.join(HERE, "expected.csv")
FIELDS = ["trace", "fault", "class", "part", "verdict", "after_s", "loss_error"]
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.expanduser("~/.cache/weft/target"))
# From good to bad: a fall is a step to the right. What may be missed is not asked for.
RANK = {"found": 0, "class": 1, "missed": 2}


def simulated(sim, row, folder):
    """Writes one trace of simulated.csv."""
    out, script = os.path.join(folder, "simulator", row["name"]), os.path.join(folder, row["name"] + ".csv")
    with open(script, "w") as file:
        file.write("at_s,for_s,class,device,port,strength,course\n")
        for at, lasts, fault, strength, course in ((fault + ":").split(":")[:5] for fault in row["faults"].split()):
            file.write(f"{at},{lasts},{fault},,,{strength},{course}\n")
    command = [sim, "trace", "--out", out, "--seed", row["seed"], "--gpus", row["gpus"], "--duration", row["seconds"] + "s", "--script", script]
    read, _, dithered = row["read"].partition(" ")
    command += {"fast": ["--fast", "on"], "slow": ["--fast", "off"], "marks": ["--fast", "off", "--marks"]}[read]
    command += ["--dither", "on" if dithered else "off"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out


def rows_of(score):
    """A row a fault and a row a false incident."""
    for trace in score["traces"]:
        name = f'{trace["source"]}/{trace["trace"]}'
        for fault in trace["faults"]:
            verdict = "found" if fault["exact"] else "class" if fault["found"] else "optional" if fault["optional"] else "missed"
            after = fault["opened_after_ns"] / 1e9 if fault["found"] else None
            error = abs(fault["said"] - fault["loss"]) if fault["found"] and None not in (fault["said"], fault["loss"]) else None
            yield {"trace": name, "fault": fault["fault"], "class": fault["class"], "part": fault["part"], "verdict": verdict,
                   "after_s": "" if after is None else f"{after:.1f}", "loss_error": "" if error is None else f"{error:.4f}"}
        for label in trace["false"]:
            kind, part = label.split(" ", 1)
            yield {"trace": name, "fault": "", "class": kind, "part": part, "verdict": "false", "after_s": "", "loss_error": ""}


def most(values):
    """The upper end of the 95 % interval of the median: the largest k of which a coin shows fewer heads in 97.5 % of n throws."""
    n, below = len(values), 0.0
    for k in range(n):
        below += math.comb(n, k) / 2**n
        if below >= 0.975:
            return sorted(values)[k]
    return max(values)


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def falls(expected, found):
    """What became worse than it may, and what became better; a line each."""
    key = lambda row: (row["trace"], row["fault"])
    before = {key(row): row for row in expected if row["fault"]}
    worse, better = [], []
    for row in found:
        old, name = before.get(key(row)), f'{row["trace"]} {row["class"]} {row["part"]}'
        if row["verdict"] == "false":
            known = any(all(row[field] == other[field] for field in FIELDS) for other in expected)
            worse += [] if known else [f"{name}: accused falsely"]
        elif old and "optional" not in (old["verdict"], row["verdict"]):
            step = RANK[row["verdict"]] - RANK[old["verdict"]]
            (worse if step > 0 else better if step < 0 else []).append(f'{name}: {old["verdict"]}, now {row["verdict"]}')
        elif not old:
            better.append(f"{name}: new, {row['verdict']}")
    now = {key(row) for row in found}
    worse += [f"{row['trace']} {row['class']}: not judged any more" for name, row in before.items() if name not in now]
    for field, what in (("after_s", "seconds to detect"), ("loss_error", "error of the loss")):
        # Of what was found both times: a fault that is found late now, and was missed, makes nothing worse.
        pairs = [(float(before[key(row)][field]), float(row[field])) for row in found if row[field] and before.get(key(row), {}).get(field)]
        old, new = zip(*pairs) if pairs else ((), ())
        if pairs and median(new) > most(old):
            worse.append(f"{what}: median {median(new):g}, was {median(old):g}, may be {most(old):g}")
    return worse, better


def read(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def write(rows):
    with open(EXPECTED, "w", newline="") as file:
        out = csv.DictWriter(file, FIELDS, lineterminator="\n")
        out.writeheader()
        out.writerows(sorted(rows, key=lambda row: [row[field] for field in FIELDS]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--html", default=os.path.join(TARGET, "score.html"), metavar="FILE")
    parser.add_argument("--weft", default=os.path.join(TARGET, "debug", "weft"))
    parser.add_argument("--sim", default=os.path.join(TARGET, "debug", "weft-sim"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wanted = [row for row in read(os.path.join(HERE, "simulated.csv")) if row["set"] == "quick" or not args.quick]
        traces = list(pool.map(lambda row: simulated(args.sim, row, folder), wanted))
        shared = sorted(glob.glob(os.path.join(SHARED, "*", "*.tar.zst")))
        print(f"{len(traces)} simulated traces, " + (f"{len(shared)} of {SHARED}" if shared else f"SKIPPED: there is no {SHARED}"))
        more = [] if args.quick else ["--baselines", "--html", args.html] + ([] if args.calm else ["--metamorphic"])
        run = subprocess.run([args.weft, "score", *traces, *shared, "--output", "json", *more], stdout=subprocess.PIPE, stderr=None if more else subprocess.PIPE, text=True)
        if run.returncode not in (0, 1):
            sys.exit(run.stderr or 2)
        score = json.loads(run.stdout)
    found, judged = list(rows_of(score)), {f'{trace["source"]}/{trace["trace"]}' for trace in score["traces"]}
    everything = read(EXPECTED)
    overall = score["overall"]
    value = lambda name: f'{overall[name]["value"] or 0:.3f} ({overall[name]["hits"]}/{overall[name]["of"]})'
    print(f'recall {value("recall")}, exact class {value("exact")}, precision {value("precision")}, {overall["false"]} false, {overall["duplicates"]} duplicates')
    if not args.quick:
        page.write(os.path.join(HOUSE, "docs", "detection.md"), score)
        print(f"wrote docs/detection.md and {args.html}")
    if os.environ.get("UPDATE"):
        return write([row for row in everything if row["trace"] not in judged] + found)
    # Without the shared traces, or in a quick run, only what was judged is compared.
    worse, better = falls([row for row in everything if row["trace"] in judged], found)
    for line in better:
        print(f"better: {line}")
    for line in worse:
        print(f"WORSE: {line}", file=sys.stderr)
    if better and not worse:
        print("UPDATE=1 tests/score/run.py keeps what is better")
    sys.exit(1 if worse else 0)


main()
