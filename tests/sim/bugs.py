#!/usr/bin/env python3
"""Plants each bug into the pure cores, one at a time, and shows after how many seeds the simulator finds it.

usage: bugs.py [--top DIR] [--build DIR] [--seeds N] [--jobs N] [NUMBER ...]

Only the files that name a bug are compiled again for it. Exit 1 when a bug is not found in time.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time

BUGS = {
    1: "a grant is used again after a release",
    2: "a late nack revives a settled message",
    3: "done is said when one step has ended",
    4: "EOS is forgotten",
    5: "credit is not returned",
    6: "the order of deadlines is reversed",
    7: "the gate of a host opens at a ghost",
    8: "the holder counts its lease from the answer",
    9: "what never arrived is not returned",
    10: "confirmed before it is durable",
    11: "BYE before the last confirmation",
    12: "the holder ignores the end of its lease",
    13: "a stall is not made up for",
    14: "what a dead handler held is dropped",
}
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g"]
NOT_PURE = re.compile(r"(^|/)(source|action)|_options|_shell|(^|/)(main|pace|left|argv)\.c")


def sources(top):
    """The pure code, and the simulator itself."""
    for folder in ("common/core", "publisher", "consumer", "handler", "tests/sim"):
        for name in sorted(os.listdir(os.path.join(top, folder))):
            path = os.path.join(folder, name)
            if name.endswith(".c") and not (folder != "tests/sim" and NOT_PURE.search(path)):
                yield path


def compile_one(top, build, path, bug):
    """The object of one file. bug 0: none."""
    target = os.path.join(build, f"{path.replace('/', '_')}.{bug}.o")
    subprocess.run(["cc", *FLAGS, f"-DMAYHEM_BUG={bug}", f"-I{top}", "-c", os.path.join(top, path),
                    "-o", target], check=True)
    return target


def names_bug(top, path, bug):
    with open(os.path.join(top, path), encoding="utf-8") as file:
        return re.search(rf"MAYHEM_BUG\s*[!=]=\s*{bug}\b", file.read())


def build_sim(top, build, clean, bug):
    """The simulator with this bug, or None when no file names it."""
    objects = dict(clean)
    named = [path for path in objects if names_bug(top, path, bug)]
    for path in named:
        objects[path] = compile_one(top, build, path, bug)
    program = os.path.join(build, f"sim_bug_{bug}")
    subprocess.run(["cc", *objects.values(), "-o", program], check=True)
    return program if named else None


def hunt(program, seeds, jobs):
    """(seeds until it was found or None, the violated rule)."""
    run = subprocess.run([program, "--seeds", str(seeds), "--jobs", str(jobs),
                          "--expect-violation"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=False)
    found = [match for match in re.finditer(r"VIOLATION in seed (\d+): (.*)", run.stdout)]
    if run.returncode or not found:
        return None, ""
    first = min(found, key=lambda match: int(match.group(1)))
    return int(first.group(1)), first.group(2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", default=os.environ.get("MAYHEM_SOURCE", "."))
    parser.add_argument("--build", default=None)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("numbers", type=int, nargs="*", default=None)
    options = parser.parse_args()
    numbers = options.numbers or sorted(BUGS)
    missed = 0
    with tempfile.TemporaryDirectory() as scratch:
        build = options.build or scratch
        os.makedirs(build, exist_ok=True)
        paths = list(sources(options.top))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            made = pool.map(lambda path: compile_one(options.top, build, path, 0), paths)
            clean = dict(zip(paths, made))
        print("bug  seeds  seconds  what, and how it showed")
        for bug in numbers:
            program = build_sim(options.top, build, clean, bug)
            began = time.monotonic()
            seeds, rule = hunt(program, options.seeds, options.jobs) if program else (None, "")
            missed += seeds is None
            shown = seeds if seeds is not None else "none" if program else "no such"
            print(f"{bug:3}  {shown!s:>5}  {time.monotonic() - began:7.1f}  "
                  f"{BUGS.get(bug, '?')}: {rule}", flush=True)
    print(f"{len(numbers) - missed} of {len(numbers)} planted bugs found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
