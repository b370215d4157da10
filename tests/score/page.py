"""Writes docs/detection.md from the JSON of `weft score`. Imported by run.py."""
import datetime
import statistics

HEAD = """# What weft finds

Written by `make score`; do not edit. {date}; {traces} traces: {sources}. How each figure is made stands in
[scoring.md](scoring.md), and which traces the simulator makes in `tests/score/simulated.csv`. In brackets: hits and all, and
Wilson's interval of 95 %.

A figure of a source that a constant was chosen on tells how well it was fitted. What can be hoped for on unseen data stands under
"Where constants were not chosen".
"""


def number(value):
    return "none" if value is None else f"{value:.3f}".removeprefix("0")


def ratio(of):
    if not of["of"]:
        return "none"
    return f'{number(of["value"])} ({of["hits"]}/{of["of"]}, {number(of["low"])}–{number(of["high"])})'


def points(value):
    return "" if value is None else f"{value * 100:.1f}"


def half(figures):
    value = figures["seconds"]["half"]
    return "never" if value is None else f"{value:.1f}"


def table(head, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines, ""])


def figures(name, of):
    cells = [ratio(of["recall"]), ratio(of["exact"]), ratio(of["precision"]), of["false"], half(of), points(of["loss"]["median"])]
    return [name, of["faults"], *cells]


FIGURES = ["", "faults", "recall", "exact class", "precision", "false", "half told after s", "loss error, points"]


def groups(score, by):
    rows = [figures(group["name"], group["figures"]) for group in score["groups"] if group["by"] == by]
    return table(FIGURES, rows)


def rate(score):
    of = score["overall"]["false_rate"]
    return (f'False incidents: {of["false"]} in {of["node_days"]:.2f} node-days, which proves fewer than {of["bound"]:,.0f} per 1,000 node-days '
            "with 95 % certainty, and no more: traces full of faults are short.\n") if of["bound"] is not None else ""


def beside(score):
    rows = []
    for one in score.get("beside", []):
        of, thresholds = one["figures"], ", ".join(f"{t:.1f}" for t in one["thresholds"])
        rows.append([one["name"], thresholds, ratio(of["recall"]), ratio(of["precision"]), of["false"], half(of), one["about"]])
    rows[:1] = [["weft", *rows[0][1:-1], ""]] if rows else []
    return table(["", "thresholds", "recall", "precision", "false", "half told after s", "what it is"], rows)


def elsewhere(score):
    rows = []
    for one in score.get("elsewhere", []):
        detector, of = one["detector"], one["figures"]
        on = ", ".join(detector["chosen_on"]) or "none"
        rows.append([detector["name"], on, ", ".join(detector["classes"]), of["faults"], ratio(of["recall"]), ratio(of["precision"]), of["false"]])
    return table(["detector", "constants chosen on", "classes", "faults elsewhere", "recall", "precision", "false"], rows)


def disturbed(score):
    runs = score.get("metamorphic", {}).get("runs", [])
    rows = []
    for name in dict.fromkeys(run["disturbance"] for run in runs):
        own = [run for run in runs if run["disturbance"] == name]
        changes = [change["kind"] for run in own for change in run["changes"]]
        later = sorted(s for run in own for s in run["later_s"])
        told = f"{statistics.median(later):.1f} ({later[0]:.1f} to {later[-1]:.1f})" if later else ""
        followed = sum(not run["changes"] for run in own)
        counts = [sum(run[what] for run in own) for what in ("found_before", "found")]
        rows.append([name, f"{followed} of {len(own)}", *counts, *(changes.count(kind) for kind in ("lost", "gained", "renamed", "more_false")), told])
    return table(["disturbance", "followed", "found before", "found", "lost", "gained", "another class", "more false", "later by s"], rows)


def misses(score):
    rows = []
    for trace in score["traces"]:
        for fault in trace["faults"]:
            if not fault["found"] and not fault["optional"]:
                limit = fault["limit"]
                read = f'{limit["had"]} read, {limit["needed"]:.0f} needed' if limit else ""
                lost = points(fault["loss"])
                rows.append([f'{trace["source"]}/{trace["trace"]}', fault["class"], fault["part"], lost, ", ".join(fault["named"]), read])
        rows += [[f'{trace["source"]}/{trace["trace"]}', "nothing", "", "", f"**{label}**", ""] for label in trace["false"]]
    return table(["trace", "truth", "part", "lost, %", "said in its time", "readings"], rows)


def write(path, score):
    counts = {}
    for trace in score["traces"]:
        counts[trace["source"]] = counts.get(trace["source"], 0) + 1
    sources = ", ".join(f"{count} of {name}" for name, count in counts.items())
    head = HEAD.format(date=datetime.date.today(), traces=len(score["traces"]), sources=sources)
    parts = [
        ("In all, and by source", table(FIGURES, [figures("all", score["overall"])]) + "\n" + groups(score, "source") + "\n" + rate(score)),
        ("By class", groups(score, "class")),
        ("By what can be seen of the part", groups(score, "tier")),
        ("Where constants were not chosen", "A class may be said by several detectors: a row counts what all of them find.\n\n" + elsewhere(score)),
        ("Beside other rules", "On the traces with faults. Each rule has two thresholds, for each half of the traces the one that was tuned on the other half and\n"
         "on the traces without faults, so that it accuses nobody falsely there.\n\n" + beside(score)),
        ("Disturbed", disturbed(score)),
        ("What was missed, and what was said falsely", misses(score)),
    ]
    with open(path, "w") as file:
        # A table without rows is not shown: its line of dashes ends the text.
        file.write(head + "".join(f"\n## {title}\n\n{text}" for title, text in parts if not text.rstrip().endswith("---|")))
