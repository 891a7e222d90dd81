"""What figures.py prints and the tests hold to their goals: each function runs one pipeline."""
import os
import re
import signal
import subprocess
import time

import mayhem
from disposable import RENEW, Record
from mayhem import Pipeline, until
from starters import RunSh

HELD = 50              # messages of a handler that dies
BURST = 5000
LONG_WORK = "20:20"    # nothing ends while it is counted
HOST_LIFE_S = 120      # a disposable host stops by itself after that


def fail_unless(condition, what):
    if not condition:
        raise AssertionError(what)


def flow(count=10000):
    """Generated messages through run.sh, as fast as they come: its last line, and the time."""
    with Pipeline() as pipeline:
        began = time.monotonic()
        with RunSh(pipeline, "--publisher", f"--count {count} --rate max", "--handler",
                   "--restart-time 0:1") as run_sh:
            run_sh.saw("Ready as publisher-1")
            ready = time.monotonic()
            code, books = run_sh.wait(60)
            took = time.monotonic()
            fail_unless(code == books["exit"], "run.sh says the code that it has")
            return {**books, "whole_s": took - began, "work_s": took - ready}


def start_hosts(record, names):
    """One process each, registered by its pid file: {name: pid}."""
    script = 'for host; do sleep "$LIFE" & echo $! > "$FOLDER/$host.pid"; done'
    hosts = [f"{name}.example.net" for name in names]
    env = {**os.environ, "LIFE": str(HOST_LIFE_S), "FOLDER": record.folder}
    subprocess.run(["sh", "-c", script, "sh", *hosts], env=env, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return {host: record.pid(host) for host in hosts}


def renewed(count=1000, concurrency=16):
    """A file of requests, real disposable processes: how many of the pids changed."""
    with Pipeline() as pipeline:
        record = Record(pipeline.folder, RENEW)
        path = pipeline.requests(count)
        try:
            before = start_hosts(record, [f"host-{n}" for n in range(1, count + 1)])
            began = time.monotonic()
            pipeline.publisher("--requests", path)
            pipeline.consumer()
            pipeline.handler("--restart-time", "0:0", "--concurrency", concurrency,
                             *record.action(str(HOST_LIFE_S)))
            codes = pipeline.wait(120)
            took = time.monotonic() - began
            after = {host: record.pid(host) for host in before}
            changed = sum(before[host] != pid and mayhem.alive(pid) and
                          not mayhem.alive(before[host]) for host, pid in after.items())
            return {"requests": count, "changed": changed, "commands": len(record.rows("start")),
                    "overlaps": len(record.rows("overlap")), "codes": set(codes.values()),
                    "done": pipeline.books()["done"], "seconds": took}
        finally:
            record.end_hosts()


def in_hand(stage):
    """What it says when asked."""
    before = stage.count("In hand")
    stage.signal(signal.SIGUSR1)
    until(lambda: stage.count("In hand") > before, "an answer to USR1")
    return max(map(int, re.findall(r"In hand: (\d+)", stage.text())))


def burst(count=BURST):
    """All at once: the time until one handler has them all, and (work of 0 to 1 s) the longest
    callback of each process, in ms."""
    result = {}
    with Pipeline() as pipeline:
        pipeline.consumer()
        handler = pipeline.handler("--restart-time", LONG_WORK)
        handler.saw("Linked with consumer-1")
        # Among so many generated names some are the same: no gate, so that nothing waits for it.
        publisher = pipeline.publisher("--count", count, "--rate", "max", "--per-host", "0")
        publisher.ready()
        began = publisher.times("Ready as")[0][0]
        until(lambda: in_hand(handler) >= count, "all taken")
        result["taken_s"] = handler.times(rf"In hand: {count};")[0][0] - began
    with Pipeline() as pipeline:
        pipeline.publisher("--count", count, "--rate", "max", "--per-host", "0")
        pipeline.consumer()
        pipeline.handler("--restart-time", "0:1")
        fail_unless(set(pipeline.wait().values()) == {0}, "clean exits")
        fail_unless(pipeline.books()["done"] == count, "all done")
        for stage in pipeline.stages.values():
            result[f"{stage.stage}_ms"] = stage.report()["longest_us"] / 1000
    return result


def one_message(work, *publisher):
    """(seconds of the day when extended [...], when acked) of one message with that work."""
    with Pipeline() as pipeline:
        pipeline.consumer()
        handler = pipeline.handler("--restart-time", f"{work}:{work}")
        handler.saw("Linked with consumer-1")
        pipeline.publisher("--requests", pipeline.requests(1), *publisher)
        fail_unless(set(pipeline.wait().values()) == {0}, "clean exits")
        return ([at for at, _ in handler.times("Extended deadline")],
                handler.times("Done. Acked")[0][0])


def both_steps():
    """Restart and save of 1.0 s each: seconds from receipt to ack."""
    extended, acked = one_message(1)
    return acked - extended[0]


def extensions():
    """Work of 5 s on a lease of 3 s: when it was extended, in seconds after receipt."""
    extended, _ = one_message(5, "--lease", 3)
    return [at - extended[0] for at in extended]


def takeover():
    """Seconds from the death of a handler that holds 50 until all are with another one."""
    with Pipeline() as pipeline:
        pipeline.publisher("--requests", pipeline.requests(HELD))
        pipeline.consumer()
        first = pipeline.handler("--restart-time", LONG_WORK)
        until(lambda: first.count("Extended deadline") >= HELD, "50 held")
        second = pipeline.handler("--restart-time", LONG_WORK)
        second.saw("Linked with consumer-1")
        began = time.monotonic()
        first.signal(signal.SIGKILL)
        until(lambda: second.count("Extended deadline") >= HELD, "50 with another one")
        took = time.monotonic() - began
        names = {name for _, name in second.times(r"Extended .* for (\S+)$")}
        fail_unless(len(names) == HELD, f"{len(names)} of the {HELD}")
        return took


def finished_drain(work=10, lease=3, after=1, timeout=15):
    """TERM to a handler in the midst of long work that it may finish."""
    with Pipeline() as pipeline:
        common = ("--drain-timeout", timeout)
        pipeline.publisher("--requests", pipeline.requests(3), "--lease", lease, *common)
        pipeline.consumer(*common)
        handler = pipeline.handler("--restart-time", f"{work}:{work}", *common)
        until(lambda: handler.count("Extended deadline") >= 3, "work")
        mayhem.moment(after)
        handler.signal(signal.SIGTERM)
        began = time.monotonic()
        codes = pipeline.wait(timeout + 10)
        return {"seconds": time.monotonic() - began, "codes": set(codes.values()),
                **pipeline.books()}


STUCK = """#!/bin/sh
# FOLDER DELIVERY: is deaf to TERM and never ends where `stuck` lies beside it
echo "start $2 $$" >> "$1/record"
[ -e "$1/free" ] && exit 0
trap '' TERM
while :; do sleep 60; done
"""


def stuck_drain(timeout=3, real=True):
    """TERM to a handler with a stuck restart: another one does the message."""
    with Pipeline() as pipeline:
        record = Record(pipeline.folder, STUCK)
        action = ["--action", "exec", "--any-host", "--", record.script, record.folder,
                  "{delivery}"]
        slow = action if real else ["--restart-time", "60:60"]
        publisher = pipeline.publisher("--requests", pipeline.requests(1))
        pipeline.consumer()
        first = pipeline.handler("--drain-timeout", timeout, *slow)
        first.saw("Extended deadline")
        if real:
            until(lambda: record.rows("start"), "the stuck command")
        open(os.path.join(record.folder, "free"), "w", encoding="utf-8").close()
        second = pipeline.handler(*(action if real else ["--restart-time", "0:0"]))
        second.saw("Linked with consumer-1")
        began = time.monotonic()
        first.signal(signal.SIGTERM)
        code = first.wait(timeout + 10)
        gone = time.monotonic() - began
        fail_unless(publisher.wait() == 0, "the publisher ends clean")
        stuck = [int(words[1]) for words in record.rows("start")]
        return {"gone_s": gone, "code": code, "done": publisher.report()["done"],
                "failed": publisher.report()["failed"], "lost": publisher.report()["lost"],
                "deliveries": {words[0] for words in record.rows("start")},
                "acked_by_other": second.count("Done. Acked"),
                "alive": [pid for pid in stuck if mayhem.alive(pid)]}


def stuck_wave(timeout=3):
    """TERM to the publisher above a stuck restart: the whole pipeline goes; what is left can be
    fed again."""
    with Pipeline() as pipeline:
        common = ("--drain-timeout", timeout)
        publisher = pipeline.publisher("--requests", pipeline.requests(5), *common)
        pipeline.consumer(*common)
        handler = pipeline.handler("--restart-time", "60:60", *common)
        until(lambda: handler.count("Extended deadline") >= 5, "work")
        began = time.monotonic()
        publisher.signal(signal.SIGTERM)
        codes = pipeline.wait(timeout + 10)
        took = time.monotonic() - began
        left = pipeline.left()
        path = os.path.join(pipeline.data, "left-publisher-1.jsonl")
        again = fed_again(pipeline, path)
        return {"seconds": took, "codes": codes, "left": len(left), **again}


def fed_again(former, path):
    """The file of what was left, read by a new pipeline."""
    with Pipeline() as pipeline:
        pipeline.publisher("--requests", path)
        pipeline.consumer()
        pipeline.handler("--restart-time", "0:0")
        fail_unless(set(pipeline.wait().values()) == {0}, "clean exits")
        books = pipeline.books()
        fail_unless(set(pipeline.acked()) == set(former.left()), "the same messages")
        return {"done_later": books["done"], "rejected": books["rejected"]}
