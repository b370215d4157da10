"""Writes docs/benchmarks.md from the benches' NDJSON: `python3 bench_page.py FIGURES`."""
import datetime
import json
import os
import sys


def rows(path):
    for line in open(path):
        if line.startswith("{"):
            told = json.loads(line)
            yield told["bench"], told["value"], told["unit"], told.get("goal"), told.get("ok", True)


def number(value):
    return "" if value is None or value != value else f"{value:,.0f}" if value >= 1000 else f"{value:g}"


def machine():
    models = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{os.cpu_count()} × {models[0] if models else os.uname().machine}, Linux {os.uname().release}"


def main():
    print("# Benchmarks\n\nWritten by `make bench`; do not edit.\n")
    print(f"{datetime.date.today()}, {machine()}, release build.\n")
    print("| what | measured | unit | goal | |\n|---|---:|---|---:|---|")
    for what, value, unit, goal, ok in rows(sys.argv[1]):
        print(f"| {what} | {number(value)} | {unit.replace('_', ' ')} | {number(goal)} | {'' if goal is None else 'held' if ok else 'MISSED'} |")


main()
