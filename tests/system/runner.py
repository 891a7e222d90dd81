"""Runs tests side by side: they wait more than they work. Each runs in a process of its own.

usage of a test file: [--width N] [PATTERN...]    only the tests whose name contains a pattern
"""
import os
import signal
import sys
import tempfile
import time
import traceback
import unittest

import mayhem

WIDTH = 4         # tests at once
LIMIT_S = 150     # no test may take longer; it is killed, and what it started dies with it


class Job:
    def __init__(self, name, call):
        self.name, self.call = name, call
        self.pid, self.began, self.took = 0, 0.0, 0.0
        self.output = None
        self.result = None    # what call returned as text; None: it failed

    def start(self):
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8")
        sys.stdout.flush()
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self.child()

    def child(self):
        code = 1
        try:
            mayhem.die_with_parent()
            os.setpgid(0, 0)
            for number in (1, 2):
                os.dup2(self.output.fileno(), number)
            print(f"\0{self.call()}", end="", flush=True)
            code = 0
        except SystemExit as error:
            code = error.code
        except BaseException:    # whatever it was is the test's result
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def poll(self):
        """Has it ended? One that takes too long is ended."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            if time.monotonic() - self.began > LIMIT_S:
                os.kill(self.pid, signal.SIGKILL)
            return False
        self.took = time.monotonic() - self.began
        self.output.seek(0)
        text, _, result = self.output.read().partition("\0")
        self.output.close()
        self.output = text + ("" if status == 0 else f"\nended with {status}")
        self.result = result if status == 0 else None
        return True


def run(calls, width=WIDTH, tell=None):
    """calls: (name, function) pairs. All jobs, ended, in the order given."""
    jobs = [Job(name, call) for name, call in calls]
    waiting, running = list(jobs), []
    try:
        while waiting or running:
            while waiting and len(running) < width:
                running.append(waiting.pop(0))
                running[-1].start()
            for job in [job for job in running if job.poll()]:
                running.remove(job)
                if tell:
                    tell(job)
            time.sleep(mayhem.POLL)
    finally:
        for job in running:
            os.kill(job.pid, signal.SIGKILL)
            os.waitpid(job.pid, 0)
    return jobs


def run_test(test):
    """One test method in this process; "ok" or why it was skipped."""
    result = unittest.TestResult()
    test.run(result)
    for _, text in result.failures + result.errors:
        print(text)
    if not result.wasSuccessful():
        raise SystemExit(1)
    return f"skipped: {result.skipped[0][1]}" if result.skipped else "ok"


def tell(job):
    print(f"{job.result or 'FAILED'}: {job.name} ({job.took:.1f} s)", flush=True)
    if job.result is None:
        print(job.output, flush=True)


def main(width=WIDTH):
    """Every test of the calling file, side by side. Exit 0, 1, or 77: all were skipped."""
    args = sys.argv[1:]
    if "--width" in args:
        at = args.index("--width")
        width = int(args[at + 1])
        del args[at:at + 2]
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    tests = [test for group in suite for test in group]
    tests = [test for test in tests if not args or any(word in test.id() for word in args)]
    calls = [(test.id().split(".", 1)[1], lambda test=test: run_test(test)) for test in tests]
    began = time.monotonic()
    jobs = run(calls, width, tell)
    failed = [job.name for job in jobs if job.result is None]
    print(f"{len(jobs)} tests, {len(failed)} failed, {time.monotonic() - began:.0f} s", *failed)
    if failed or not jobs:
        sys.exit(1)
    sys.exit(77 if all(job.result.startswith("skipped") for job in jobs) else 0)
