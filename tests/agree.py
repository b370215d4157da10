#!/usr/bin/env python3
"""Do `weft score` and the reference judge say the same?  tests/agree.py [--weft BIN] [--markdown] [TRACE…]

Each trace (a folder, or a .tar.zst of one) is judged by `../shared/check/judge.py --weft BIN`, which replays it without its
truth and compares in its own way, and by `BIN score`. Every fault's row and every false incident is compared, and the
figures in all: one line a trace, exit 1 when any differs. Without TRACE it takes every trace of ../shared/traces.
"""
import argparse, glob, json, os, subprocess, sys, tempfile

HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.path.join(HOUSE, "..", "shared")
# What both say of a fault. `ticks` are rounded to a tenth by both, a tie not always to the same side.
FIELDS = ["fault", "class", "family", "part", "found", "exact", "culprit", "named", "ticks", "loss", "said", "optional", "duplicates"]


def label(text):
    """An incident that names nobody: Python writes None where there is no device."""
    return text.replace(" None/", " /")


def reference(rows):
    """Rows of the reference judge, in the order of the traces."""
    for row in rows:
        row["false"] = [label(text) for text in row.get("false", [])]
        for fault in row.get("faults", []):
            fault["named"] = [label(text) for text in fault["named"]]
    return rows


def same(field, a, b):
    is_number = [isinstance(value, float) for value in (a, b)] == [True, True]
    return abs(a - b) < (0.11 if field == "ticks" else 1e-12) if is_number else a == b


def differences(theirs, ours):
    if "error" in theirs:
        return [f'the reference failed: {theirs["error"]}']
    found = [f"{what}: {theirs[what]} against {ours[what]}" for what in ("opened", "false") if theirs[what] != ours[what]]
    if len(theirs["faults"]) != len(ours["faults"]):
        return found + ["another number of faults"]
    for a, b in zip(theirs["faults"], ours["faults"]):
        found += [f'{a["fault"]} {field}: {a[field]} against {b[field]}' for field in FIELDS if not same(field, a[field], b[field])]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="weft"); parser.add_argument("--markdown", action="store_true"); parser.add_argument("traces", nargs="*")
    args = parser.parse_args()
    traces = args.traces or sorted(glob.glob(os.path.join(SHARED, "traces", "*", "*.tar.zst")))
    if not traces:
        sys.exit(f"no trace in {SHARED}/traces")
    with tempfile.TemporaryDirectory() as work:
        rows = os.path.join(work, "rows.json")
        judge = [sys.executable, os.path.join(SHARED, "check", "judge.py"), "--weft", args.weft, "--json", rows, *traces]
        summary = subprocess.run(judge, capture_output=True, text=True).stdout.strip().splitlines()[-1]
        theirs = reference(json.load(open(rows)))
        run = subprocess.run([args.weft, "score", *traces, "--output", "json"], stdout=subprocess.PIPE, text=True)
        score = json.loads(run.stdout)
    ours = score["traces"]
    if len(ours) != len(theirs):
        sys.exit(f"weft score could not score {len(theirs) - len(ours)} of {len(theirs)} traces")
    differing = 0
    if args.markdown:
        print("| trace | faults | found | false | agree |\n|---|---|---|---|---|")
    for their, row in zip(theirs, ours):
        found = differences(their, row)
        differing += bool(found)
        cells = [f'{row["source"]}/{row["trace"]}', len(row["faults"]), sum(f["found"] for f in row["faults"]), len(row["false"]), "; ".join(found) or "yes"]
        print("| " + " | ".join(map(str, cells)) + " |" if args.markdown else f"{cells[4]:8} {cells[0]}: {cells[2]} of {cells[1]} faults found, {cells[3]} false")
    overall = score["overall"]
    figures = (f'faults {overall["faults"]} strong (+{overall["weak"]} weak)  recall {overall["recall"]["value"] or 0:.3f}  '
               f'class-exact {overall["exact"]["value"] or 0:.3f}  culprit {overall["culprit"]["value"] or 0:.3f}  '
               f'precision {overall["precision"]["value"] or 0:.3f}  false {overall["false"]} duplicates {overall["duplicates"]} ')
    agrees = summary.startswith(figures)
    print(f"\nreference: {summary}\nscore:     {figures}\n{len(theirs)} traces compared, {differing} differ; figures in all {'agree' if agrees else 'differ'}")
    sys.exit(0 if not differing and agrees else 1)


main()
