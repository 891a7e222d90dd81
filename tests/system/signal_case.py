"""One run of the signal matrix: a pipeline under load, one signal, and what came of it."""
import os
import random
import signal

import mayhem
from disposable import Record
from starters import RunSh, WRAPS

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
ALONE, SEVERAL, RUN_SH = "the only one", "one of two", "by run.sh"
WAYS = (ALONE, SEVERAL, RUN_SH, *WRAPS)    # to be there, and to be started
MESSAGES = 3000       # more than a run takes
RATE = 20             # messages a second and publisher; every line of a handler is logged then
BUSY = 8              # messages done before the signal
LATER_S = 0.25        # the signal comes up to that much later


def options(pipeline, real):
    """Options of each stage; real: with commands instead of simulated restarts."""
    def publisher(number):
        file = pipeline.requests(MESSAGES, f"p{number}", f"requests-{number}")
        return ["--requests", file, "--rate", RATE]
    record = Record(pipeline.folder)
    handler = record.action("0.15") if real else ["--restart-time", "0:0.4"]
    return {"publisher": publisher, "handler": handler}, record


def accepted(pipeline):
    """Every instance that a publisher took: the first lines of its file."""
    return {f"p{publisher.name[-1]}-{n}" for publisher in pipeline.of("publisher")
            for n in range(1, publisher.report().get("accepted", 0) + 1)}


def lost(pipeline):
    return accepted(pipeline) - set(pipeline.acked()) - set(pipeline.left())


def doubled(items):
    seen, again = set(), set()
    for item in items:
        (again if item in seen else seen).add(item)
    return again


def twice(pipeline, record):
    """Instances restarted twice, at once or one after the other, or done and still left."""
    ran = doubled(record.hosts("start")) | doubled(pipeline.restarted())
    return ran | set(record.hosts("overlap")) | (set(pipeline.acked()) & set(pipeline.left()))


def exit_faults(pipeline, signalled):
    """What is untrue in codes, last lines and books. signalled: {name: times}.

    0 means that nothing is left in hand; a publisher that wrote down what is left says 75.
    """
    faults = []
    for name, stage in pipeline.stages.items():
        left = os.path.exists(os.path.join(pipeline.data, f"left-{name}.jsonl"))
        code = stage.process.returncode
        if code != (75 if left else 0):
            faults.append(f"{name} left with {code}, {'with' if left else 'without'} a left file")
        faults += stage.farewell_faults(signalled.get(name, 0))
    books = pipeline.books()
    kept = books["done"] + books["dead"] + books["dropped"] + books["pending"]
    if books["accepted"] != kept or books["pending"] != len(pipeline.left()):
        faults.append(f"the books do not balance: {books}, left {len(pipeline.left())}")
    return faults


def others_go_on(pipeline, gone):
    """One of several has been signalled: it alone leaves, and work is done without it."""
    code = gone.wait()
    done = len(pipeline.acked())
    mayhem.until(lambda: len(pipeline.acked()) >= done + BUSY, "work goes on")
    stopped = [one.name for one in pipeline.stages.values() if one is not gone and
               not one.running()]
    return [f"{gone.name} left with {code}, and so did {stopped}"] if stopped else []


def end(pipeline, signalled):
    """The rest of several is drained from above."""
    for publisher in pipeline.of("publisher"):
        if publisher.running():
            publisher.signal(signal.SIGTERM)
            signalled[publisher.name] = 1


def results(pipeline, record, faults):
    found = {"faults": faults, "lost": sorted(lost(pipeline)),
             "twice": sorted(twice(pipeline, record))}
    if any(found.values()):
        pipeline.show()
    return found


def moment(seed):
    mayhem.moment(random.Random(seed).uniform(0, LATER_S))


def run(stage, signo, how, number):
    """{faults, lost, twice} of one run. Every other run has real commands to end."""
    if how == RUN_SH:
        return run_by_run_sh(stage, signo, number)
    several = how == SEVERAL
    with mayhem.Pipeline() as pipeline:
        args, record = options(pipeline, number % 2)
        wrap = {f"{stage}-1": WRAPS.get(how, ())}
        pipeline.several(args, 2 if several else 1, wrap)
        mayhem.until(lambda: len(pipeline.acked()) >= BUSY, "work is done")
        moment(f"{stage} {signo} {number}")
        target, signalled, faults = pipeline.stages[f"{stage}-1"], {f"{stage}-1": 1}, []
        target.signal(signo)
        if several:
            faults += others_go_on(pipeline, target)
            end(pipeline, signalled)
        elif how == "nohup" and signo == signal.SIGHUP:
            faults += others_go_on_with(pipeline, target)
        pipeline.wait()
        return results(pipeline, record, faults + exit_faults(pipeline, signalled))


def others_go_on_with(pipeline, target):
    """HUP was ignored at the start and stays so: all goes on until TERM."""
    done = len(pipeline.acked())
    mayhem.until(lambda: len(pipeline.acked()) >= done + BUSY, "work goes on")
    faults = [] if target.running() else [f"{target.name} left after an ignored SIGHUP"]
    target.signal(signal.SIGTERM)
    return faults


def run_by_run_sh(stage, signo, number):
    """The pipeline is run.sh's, the signal goes to one of its processes."""
    with mayhem.Pipeline() as pipeline:
        args, record = options(pipeline, 1)
        words = {name: " ".join(map(str, given(1) if callable(given) else given))
                 for name, given in args.items()}
        with RunSh(pipeline, "--handlers", 1, "--publisher", words["publisher"],
                   "--handler", words["handler"]) as run_sh:
            mayhem.until(lambda: len(run_sh.acked()) >= BUSY, "work is done")
            moment(f"{stage} {signo} {number}")
            os.kill(run_sh.pid(f"{stage}-1"), signo)
            code, books = run_sh.wait()
            left = pipeline.left()
            faults = []
            if code != (75 if left else 0) or code != books["exit"] or books["kept"] != len(left):
                faults = [f"run.sh left with {code}, {books}, {len(left)} left"]
            all_of_it = {f"p1-{n}" for n in range(1, int(books["accepted"]) + 1)}
            gone = all_of_it - set(run_sh.acked()) - set(left)
            again = doubled(record.hosts("start")) | set(record.hosts("overlap"))
            if faults or gone or again:
                print(run_sh.text())
            return {"faults": faults, "lost": sorted(gone), "twice": sorted(again)}
