#!/usr/bin/env python3
"""The signal matrix: 3 stages x 4 signals x (the only instance, one of two; started by run.sh, by
a script's &, under nohup, as pid 1), under load.

usage: test_signals.py [--runs N] [--width N] [STAGE|SIGNAL|WAY...]    N runs of each (2)

Prints `runs, clean exits, lost, run twice` of each row; exit 0 only if every run was clean.
"""
import argparse
import json
import sys
import time

import mayhem
import runner
import signal_case


def rows(words):
    for stage in mayhem.STAGES:
        for signo in signal_case.SIGNALS:
            for how in signal_case.WAYS:
                if all(word in (stage, signo.name, how) for word in words):
                    yield stage, signo, how


def name_of(row):
    return f"{row[0]} {row[1].name} {row[2]}"


def matrix(runs, width, words=(), tell=None):
    """[(row, jobs)], each job's result being the JSON text of signal_case.run."""
    calls, found = [], []
    for row in rows(words):
        #  The other ways to start it need half the runs: they are about reaching it at all.
        numbers = runs if row[2] in (signal_case.ALONE, signal_case.SEVERAL) else (runs + 1) // 2
        found.append((row, len(calls), numbers))
        for number in range(numbers):
            def call(row=row, number=number):
                return json.dumps(signal_case.run(*row, number))
            calls.append((f"{name_of(row)}, run {number + 1}", call))
    jobs = runner.run(calls, width, tell)
    return [(row, jobs[at:at + numbers]) for row, at, numbers in found]


def tell(job):
    result = json.loads(job.result) if job.result else {"faults": ["did not end"]}
    if any(result.values()):
        print(f"FAILED: {job.name}: {result}\n{job.output}", flush=True)


def counts(jobs):
    """runs, clean exits, lost, run twice."""
    results = [json.loads(job.result) for job in jobs if job.result]
    return (len(jobs), sum(not result["faults"] for result in results),
            sum(len(result["lost"]) for result in results),
            sum(len(result["twice"]) for result in results))


def table(found):
    """Prints it; are all runs clean?"""
    print(f"{'':34} {'runs':>6} {'clean exits':>12} {'lost':>6} {'run twice':>10}")
    total = [0, 0, 0, 0]
    for row, jobs in found:
        numbers = counts(jobs)
        total = [a + b for a, b in zip(total, numbers)]
        print(f"{name_of(row):34} {numbers[0]:6} {numbers[1]:12} {numbers[2]:6} {numbers[3]:10}")
    print(f"{'all':34} {total[0]:6} {total[1]:12} {total[2]:6} {total[3]:10}")
    return total[0] > 0 and total[0] == total[1] and total[2] == total[3] == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--width", type=int, default=6)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    began = time.monotonic()
    clean = table(matrix(args.runs, args.width, args.words, tell))
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
