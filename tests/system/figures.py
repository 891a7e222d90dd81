#!/usr/bin/env python3
"""The figures of the closing note, measured: medians with the smallest and the largest of the runs.

usage: figures.py NUMBER... [--runs N]    1 flow, 2 burst, 3 steps, 4 signals, 5 crashes, 6 drains
"""
import argparse
import statistics
import subprocess
import sys

import measures
import mayhem

RUNS = 5
MATRIX_RUNS = 20


def times(function, runs):
    """That many results, one after the other."""
    return [function() for _ in range(runs)]


def spread(values, unit="s", digits=2):
    return (f"{statistics.median(values):.{digits}f} {unit} "
            f"({min(values):.{digits}f} to {max(values):.{digits}f}, {len(values)} runs)")


def span(values):
    """One number, or from where to where."""
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def row(results, *keys):
    return ", ".join(f"{key} {span([result[key] for result in results])}" for key in keys)


def flow(runs):
    print('  ./run.sh --publisher "--count 10000 --rate max" --handler "--restart-time 0:1"')
    found = times(measures.flow, runs)
    print(f"  {row(found, 'accepted', 'done', 'dead', 'lost', 'exit')}")
    work, whole = ([one[key] for one in found] for key in ("work_s", "whole_s"))
    print(f"  from the publisher's readiness to the end {spread(work)}")
    print(f"  with the start of all processes {spread(whole)}")
    found = times(measures.renewed, runs)
    print("  1000 requests, --action exec, real processes:")
    took = spread([one["seconds"] for one in found])
    print(f"  {row(found, 'done', 'changed', 'overlaps')}; {took}")


def burst(runs):
    found = times(measures.burst, runs)
    taken = spread([one["taken_s"] for one in found])
    print(f"  {measures.BURST} at once, all taken after {taken}")
    for stage in mayhem.STAGES:
        longest = [one[f"{stage}_ms"] for one in found]
        print(f"  longest callback of the {stage}: {spread(longest, 'ms', 1)}")


def steps(runs):
    print(f"  restart and save of 1.0 s each: {spread(times(measures.both_steps, runs))}")
    found = times(measures.extensions, runs)
    print(f"  work of 5 s, lease of 3 s: {span([len(one) for one in found])} extensions, at")
    for at in zip(*found):
        print(f"    {spread(at)}")


def signals(_):
    print(f"  tests/system/test_signals.py --runs {MATRIX_RUNS}", flush=True)
    command = [sys.executable, "-B", f"{mayhem.TOP}/tests/system/test_signals.py"]
    subprocess.run([*command, "--runs", str(MATRIX_RUNS)], check=False)


def crashes(runs):
    print(f"  {measures.HELD} messages of a killed handler are with another one after "
          f"{spread(times(measures.takeover, runs))}", flush=True)
    print("  tests/system/test_kill.py UnderLoad: each stage killed, stopped", flush=True)
    command = [sys.executable, "-B", f"{mayhem.TOP}/tests/system/test_kill.py"]
    subprocess.run([*command, "UnderLoad"], check=False)


def drains(runs):
    found = times(measures.finished_drain, runs)
    print("  work of 10 s, lease 3 s, TERM to the handler after 1 s, --drain-timeout 15:")
    took = spread([one["seconds"] for one in found])
    print(f"  {row(found, 'done', 'redelivered')}; gone after {took}")
    found = times(measures.stuck_drain, runs)
    print("  a stuck restart, --drain-timeout 3:")
    print(f"  handler gone after {spread([one['gone_s'] for one in found])}, "
          f"{row(found, 'code', 'acked_by_other', 'failed', 'lost')}, "
          f"deliveries {sorted(set().union(*(one['deliveries'] for one in found)))}")
    found = times(measures.stuck_wave, runs)
    print("  the same with TERM to the publisher:")
    print(f"  all gone after {spread([one['seconds'] for one in found])}, "
          f"{row(found, 'left', 'done_later')}")


FIGURES = {1: flow, 2: burst, 3: steps, 4: signals, 5: crashes, 6: drains}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", type=int, nargs="+", choices=FIGURES)
    parser.add_argument("--runs", type=int, default=RUNS)
    args = parser.parse_args()
    for number in args.numbers:
        print(f"{number}. {FIGURES[number].__name__}", flush=True)
        FIGURES[number](args.runs)


if __name__ == "__main__":
    main()
