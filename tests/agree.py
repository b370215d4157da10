#!/usr/bin/env python3
"""Do `weft score` and the reference judge say the same?  tests/agree.py [--weft BIN] [--made-up SEEDS] [--markdown] [TRACE…]

Each trace (a folder, or a .tar.zst of one) is judged by `../shared/check/judge.py --weft BIN`, which replays it without its
truth and compares in its own way, and by `BIN score`. Every fault's row, every false incident, the node-days and the figures
in all are compared: one line a trace, exit 1 when any differs. Without TRACE it takes every trace of ../shared/traces.

With --made-up nothing is judged: incidents are drawn by so many seeds, near the truth in time, part and class and off it in
each of these by chance, and both are given them. What weft says seldom is compared that way too.
"""
import argparse, glob, importlib.util, io, contextlib, json, os, random, subprocess, sys, tempfile

HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.path.join(HOUSE, "..", "shared")
JUDGE = os.path.join(SHARED, "check", "judge.py")
# What both say of a fault. `ticks` are rounded to a tenth by both, a tie not always to the same side.
FIELDS = ["fault", "class", "family", "part", "found", "exact", "culprit", "named", "ticks", "loss", "said", "optional", "duplicates"]
S = 10**9


def label(text):
    """An incident that names nobody: Python writes None where there is no device."""
    return text.replace(" None/", " /")


def same(field, a, b):
    are_numbers = isinstance(a, float) and isinstance(b, float)
    return abs(a - b) < (0.11 if field == "ticks" else 1e-9) if are_numbers else a == b


def differences(theirs, ours):
    if "error" in theirs:
        return [f'the reference failed: {theirs["error"]}']
    theirs["false"] = [label(text) for text in theirs["false"]]
    found = [f"{what}: {theirs[what]} against {ours[what]}" for what in ("opened", "false", "node_days") if not same(what, theirs[what], ours[what])]
    if len(theirs["faults"]) != len(ours["faults"]):
        return found + ["another number of faults"]
    for a, b in zip(theirs["faults"], ours["faults"]):
        a["named"] = [label(text) for text in a["named"]]
        found += [f'{a["fault"]} {field}: {a[field]} against {b[field]}' for field in FIELDS if not same(field, a[field], b[field])]
    return found


def reference(weft, traces, env=None):
    """The rows of the reference judge in the order of the traces, and its line of figures."""
    with tempfile.TemporaryDirectory() as work:
        rows = os.path.join(work, "rows.json")
        run = subprocess.run([sys.executable, JUDGE, "--weft", weft, "--json", rows, *traces], stdout=subprocess.PIPE, text=True, env=env)
        return json.load(open(rows)), run.stdout.strip().splitlines()[-1]


def score(weft, traces, *args):
    run = subprocess.run([weft, "score", *traces, "--output", "json", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = json.loads(run.stdout) if run.stdout else {"traces": []}
    if len(said["traces"]) != len(traces):
        sys.exit(run.stderr)
    return said


def figures(overall):
    value = {name: overall[name]["value"] or 0 for name in ("recall", "exact", "culprit", "precision")}
    return (f'faults {overall["faults"]} strong (+{overall["weak"]} weak)  recall {value["recall"]:.3f}  class-exact {value["exact"]:.3f}  '
            f'culprit {value["culprit"]:.3f}  precision {value["precision"]:.3f}  false {overall["false"]} duplicates {overall["duplicates"]} ')


def judged(args, traces):
    theirs, summary = reference(args.weft, traces)
    said = score(args.weft, traces)
    differing = 0
    if args.markdown:
        print("| trace | faults | found | false | agree |\n|---|---|---|---|---|")
    for their, our in zip(theirs, said["traces"]):
        found = differences(their, our)
        differing += bool(found)
        cells = [f'{our["source"]}/{our["trace"]}', len(our["faults"]), sum(f["found"] for f in our["faults"]), len(our["false"]), "; ".join(found) or "yes"]
        print("| " + " | ".join(map(str, cells)) + " |" if args.markdown else f"{cells[4]:8} {cells[0]}: {cells[2]} of {cells[1]} faults found, {cells[3]} false")
    agree = summary.startswith(figures(said["overall"]))
    print(f"\nreference: {summary}\nscore:     {figures(said['overall'])}")
    print(f"{len(theirs)} traces compared, {differing} differ; figures in all {'agree' if agree else 'differ'}")
    return agree and not differing


def made_up_incidents(judge, folder, chance):
    truth, ports = judge.rows(folder, "truth.csv"), [(p["device"], p["port"]) for p in judge.rows(folder, "ports.csv")]
    ports += [(d["device"], "") for d in judge.rows(folder, "devices.csv")]
    ends = [((c["a_device"], c["a_port"]), (c["b_device"], c["b_port"])) for c in judge.rows(folder, "cables.csv")]
    far = dict(ends + [(b, a) for a, b in ends])
    classes = [*judge.FAMILY, "rule:mine", "unheard_of"]
    for number in range(chance.randint(0, 12)):
        near = chance.choice(truth) if truth and chance.random() < 0.8 else {"class": "none", "device": "", "port": "", "start_ns": 1795884148 * S, "end_ns": 1795884348 * S}
        own = (near["device"], near["port"])
        part = chance.choice([own, far.get(own, own), (own[0], ""), (own[0], "another"), chance.choice(ports)])
        family = [name for name in classes if judge.FAMILY.get(name) == judge.FAMILY.get(near["class"])]
        moment = lambda: chance.randint(int(near["start_ns"]) - 10 * S, int(near["end_ns"]) + 140 * S)
        yield {
            "class": chance.choice([near["class"], chance.choice(family), chance.choice(classes)]),
            "kind": chance.choice(["hardware"] * 5 + ["benign", "data"]), "severity": chance.choice(["warning"] * 5 + ["info", "critical"]),
            "opened_ns": chance.choice([moment()] * 9 + [None]), "resolved_ns": chance.choice([None, moment()]), "confidence": chance.random(),
            "culprits": [{"device": d, "port": p} for d, p in [part] + chance.sample(ports, min(3, len(ports)))] if chance.random() < 0.93 else [],
            "jobs": chance.choice([[], [{"job": "j", "lost_step_time": chance.choice([None, chance.random()])}, {"job": "k", "lost_step_time": chance.random()}]])}


def load_judge():
    """The reference as a module; its last line runs it, which without arguments only complains."""
    spec = importlib.util.spec_from_file_location("judge", JUDGE)
    judge = importlib.util.module_from_spec(spec)
    with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
        argv, sys.argv = sys.argv, ["judge.py"]
        try:
            spec.loader.exec_module(judge)
        finally:
            sys.argv = argv
    return judge


def made_up(args, traces):
    judge, well, counts = load_judge(), True, [0, 0, 0]
    with tempfile.TemporaryDirectory() as work:
        # What the reference takes for weft copies the incidents that the environment names.
        stand_in = os.path.join(work, "weft")
        open(stand_in, "w").write('#!/bin/sh\nmkdir -p "$6" && cp "$INCIDENTS" "$6/incidents.ndjson"\n')
        os.chmod(stand_in, 0o755)
        for seed in range(args.made_up):
            chance, theirs, said = random.Random(seed), [], os.path.join(work, f"said-{seed}")
            for trace in traces:
                whole = os.path.abspath(trace)
                own = os.path.join(said, os.path.basename(os.path.dirname(whole)), os.path.basename(whole).removesuffix(".tar.zst"))
                os.makedirs(own)
                with tempfile.TemporaryDirectory() as unpacked, open(os.path.join(own, "incidents.ndjson"), "w") as file:
                    for incident in made_up_incidents(judge, judge.unpack(trace, unpacked), chance):
                        file.write(json.dumps(incident) + "\n")
                theirs += reference(stand_in, [trace], {**os.environ, "INCIDENTS": file.name})[0]
            for their, our in zip(theirs, score(args.weft, traces, "--incidents", said)["traces"]):
                found = differences(their, our)
                well &= not found
                counts = [a + b for a, b in zip(counts, [our["opened"], sum(f["found"] for f in our["faults"]), len(our["false"])])]
                if found:
                    print(f'seed {seed}, {our["source"]}/{our["trace"]}: {"; ".join(found)}')
    print(f"{args.made_up} times {len(traces)} traces: {counts[0]} incidents, {counts[1]} faults found, {counts[2]} false; {'all agree' if well else 'they differ'}")
    return well


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", default="weft")
    parser.add_argument("--made-up", type=int, metavar="SEEDS")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("traces", nargs="*")
    args = parser.parse_args()
    traces = args.traces or sorted(glob.glob(os.path.join(SHARED, "traces", "*", "*.tar.zst")))
    if not traces:
        sys.exit(f"no trace in {SHARED}/traces")
    sys.exit(0 if (made_up if args.made_up else judged)(args, traces) else 1)


main()
