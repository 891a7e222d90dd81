"""A stage of no work, to test run.sh: says Ready, leaves on TERM or when the stage above goes.

Options beside those that run.sh gives:
  --after SECONDS --code N   leaves by itself, as if it had crashed or finished
  --slow-ready SECONDS       says Ready later (never: no such option, use a large one)
  --stubborn                 ignores signals and the stage above; with --stay only signals count
  --says TEXT --times N      says that N times at start
  --echo                     says what comes on stdin
  --books "JSON"             its report (default: all done)
"""
import json
import os
import signal
import sys
import time

ABOVE = {"consumer": "publisher", "handler": "consumer"}


def parse(args):
    found = {}
    key = None
    for arg in args:
        if arg.startswith("--"):
            key = arg[2:]
            found[key] = ""
        else:
            found[key] = arg
    return found


def say(text):
    os.write(2, f"12:00:00,000 INFO: {text}\n".encode())


def leave(options, stage, code):
    if stage == "publisher":
        books = options.get("books") or '{"accepted": 3, "done": 3, "dead": 0, "pending": 0}'
        with open(options["report"], "w", encoding="utf-8") as file:
            json.dump({"stage": stage, "exit": code, **json.loads(books)}, file)
    if code == 0:
        open(os.path.join(options["data"], f"going-{stage}"), "w", encoding="utf-8").close()
        say("Successfully shutdown the Mayhem service.")
    sys.exit(code)


def main():
    stage = os.path.basename(sys.argv[0]).replace("mayhem-", "")
    options = parse(sys.argv[1:])
    signals = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    say("args " + " ".join(sys.argv[1:]))
    for number in range(int(options.get("times", "1"))):
        if "says" in options:
            say(f"{options['says']} {number}")
    if "echo" in options:
        say("stdin " + sys.stdin.read().strip())
    started = time.monotonic()
    ready_at = started + float(options.get("slow-ready") or 0)
    ready = False
    above = os.path.join(options["data"], f"going-{ABOVE.get(stage, 'nobody')}")
    stubborn = "stubborn" in options
    while True:
        now = time.monotonic()
        if not ready and now >= ready_at:
            ready = True
            say(f"Ready as {options['name']} at ipc://@fake-{options['name']}")
        if "after" in options and now >= started + float(options["after"]):
            if int(options["code"]) < 0:
                os.kill(os.getpid(), -int(options["code"]))
            leave(options, stage, int(options.get("code", "0")))
        got = signal.sigtimedwait(signals, 0.02)
        got = got if got and got.si_signo else None    # 0: stopped and continued
        if got:
            say(f"Received exit signal {signal.Signals(got.si_signo).name}...")
        if not stubborn and (got or ("stay" not in options and os.path.exists(above))):
            leave(options, stage, 0)


main()
