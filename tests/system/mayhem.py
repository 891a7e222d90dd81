"""A real pipeline for a test: processes in a private folder, their logs, reports and requests.

Nothing here outlives its test: a pipeline kills what it started when it is left, and every
process dies with the one that started it. All waiting polls, with a deadline.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(os.environ.get("MAYHEM_BUILD", os.path.join(TOP, "build")), "bin")
WITHIN = 30.0    # seconds that anything may take, unless a test says otherwise
POLL = 0.005
STAGES = ("publisher", "consumer", "handler")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

# The last lines of every process, in this order, each once.
FAREWELL = (
    r"Nacking outstanding messages \(\d+\)",
    r"Cancelling \d+ outstanding tasks",
    "Closing database connections",
    "Flushing metrics",
    r"Successfully shutdown the Mayhem service\.",
)


def until(condition, what, within=WITHIN):
    """The condition's value, as soon as it is true."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(POLL)


def moment(duration):
    """For what has to come at a certain time, never to wait for something."""
    time.sleep(duration)


def die_with_parent():
    """In a child, before it becomes another program: also, no signal stays ignored because the
    tests were started by nohup or by a script's `&`."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(signo, signal.SIG_DFL)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def seconds(stamp):
    """`HH:MM:SS,mmm` as seconds of the day."""
    return int(stamp[:2]) * 3600 + int(stamp[3:5]) * 60 + int(stamp[6:8]) + int(stamp[9:]) / 1000


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Stage:
    """One process of a pipeline. Started again under the same name, it goes on in the same log."""

    def __init__(self, pipeline, stage, name, args, wrap=(), stderr=None):
        self.stage, self.name, self.args = stage, name, [str(arg) for arg in args]
        self.pipeline, self.wrap, self.stderr = pipeline, list(wrap), stderr
        self.log = os.path.join(pipeline.folder, f"{name}.log")
        self.report_path = os.path.join(pipeline.folder, f"{name}.json")
        self.process = None
        self.pid = 0    # of the stage itself, even when something else started it

    def command(self):
        return [*self.wrap, os.path.join(BIN, f"mayhem-{self.stage}"), "--name", self.name,
                "--data", self.pipeline.data, "--report", self.report_path, *self.args]

    def start(self, stdin=subprocess.DEVNULL):
        """Nothing is awaited, not even that the program runs."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=stdin, stdout=log, stderr=self.stderr or log,
                preexec_fn=die_with_parent, env=self.pipeline.env,
            )
        self.pid = 0 if self.wrap else self.process.pid
        return self

    def text(self):
        return read(self.log)

    def count(self, pattern):
        return len(re.findall(pattern, self.text(), re.M))

    def saw(self, pattern, within=WITHIN):
        """The match, awaited."""
        return until(lambda: re.search(pattern, self.text(), re.M), f"{self.name}: {pattern}",
                     within)

    def ready(self):
        self.saw(rf"Ready as {self.name} at ")
        return self

    def times(self, pattern):
        """(seconds of the day, first group or None) of each line that has the pattern."""
        found = []
        for line in self.text().splitlines():
            match = re.search(pattern, line)
            if match and re.match(r"\d\d:\d\d:\d\d,\d{3} ", line):
                found.append((seconds(line[:12]), match.group(1) if match.lastindex else None))
        return found

    def find(self):
        """The pid of the stage itself, when something else started it and is still there."""
        def found():
            pids = [self.process.pid, *children(self.process.pid)]
            name = f"mayhem-{self.stage}"[:15]    # as long as the kernel keeps it
            return [pid for pid in pids if read(f"/proc/{pid}/comm").strip() == name]
        self.pid = until(found, f"process of {self.name}")[0]
        return self.pid

    def signal(self, signo):
        os.kill(self.pid or self.find(), signo)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, within=WITHIN):
        """The exit code: -n after signal n."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{self.name} has not left within {within} s") from error

    def kill(self):
        """End it as a crash does, now, even when it is stopped."""
        if self.running():
            for pid in children(self.process.pid) if self.wrap else ():
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()

    def report(self):
        text = read(self.report_path)
        return json.loads(text) if text else {}

    def farewell_faults(self, signalled):
        """What is wrong with the last lines; signalled: how often it may have said so."""
        text, faults, at = self.text(), [], -1
        said = len(re.findall(r"Received exit signal SIG[A-Z]+\.\.\.", text))
        if said != signalled:
            faults.append(f"{self.name} received a signal {said} times, not {signalled}")
        for pattern in FAREWELL:
            places = [match.start() for match in re.finditer(rf"INFO: {pattern}$", text, re.M)]
            if len(places) != 1:
                faults.append(f"{self.name} said {len(places)} times: {pattern}")
            elif places[0] < at:
                faults.append(f"{self.name} said too early: {pattern}")
            at = places[0] if places else at
        return faults


class Pipeline:
    """Stages that share one private folder. A context manager; after an error it shows all logs."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mayhem-")
        self.data = os.path.join(self.folder, "data")
        os.mkdir(self.data)
        self.env = {**os.environ}
        self.stages = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for stage in self.stages.values():
            stage.kill()
        if error:
            self.show()
        shutil.rmtree(self.folder, ignore_errors=True)

    def show(self):
        for stage in self.stages.values():
            print(f"---- {stage.name}, {stage.report()}\n{shorten(stage.text())}")

    def add(self, stage, *args, name=None, **more):
        """A stage, not started. Its name is STAGE-n unless said otherwise."""
        number = 1 + sum(other.stage == stage for other in self.stages.values())
        name = name or f"{stage}-{number}"
        self.stages[name] = Stage(self, stage, name, args, **more)
        return self.stages[name]

    def publisher(self, *args, **more):
        return self.add("publisher", *args, **more).start()

    def consumer(self, *args, **more):
        return self.add("consumer", *args, **more).start()

    def handler(self, *args, **more):
        return self.add("handler", *args, **more).start()

    def of(self, stage):
        return [one for one in self.stages.values() if one.stage == stage]

    def endpoint(self, name):
        """The default endpoint of a name."""
        path = os.path.realpath(self.data).encode()
        crc = subprocess.run(["cksum"], input=path, capture_output=True, check=True).stdout
        return f"ipc://@mayhem-{int(crc.split()[0]):08x}-{name}"

    def connect(self, *names):
        return [word for name in names for word in ("--connect", self.endpoint(name))]

    def several(self, options, count=2, wraps=None):
        """count instances of each stage, each linked with all above. options: stage -> list, or
        number -> list; wraps: name -> what starts it."""
        for number, stage in enumerate(STAGES):
            above = [f"{STAGES[number - 1]}-{n}" for n in range(1, count + 1)] if number else []
            for n in range(1, count + 1):
                args = options.get(stage, [])
                args = args(n) if callable(args) else args
                wrap = (wraps or {}).get(f"{stage}-{n}", ())
                self.add(stage, *self.connect(*above), *args, wrap=wrap).start()

    def ready(self):
        for stage in self.stages.values():
            stage.ready()
        return self

    def wait(self, within=WITHIN):
        """{name: exit code} once all have left."""
        return {name: stage.wait(within) for name, stage in self.stages.items()}

    def requests(self, count, prefix="host", file="requests.jsonl"):
        """A file of requests for prefix-1 to prefix-n; the path."""
        path = os.path.join(self.folder, file)
        with open(path, "w", encoding="utf-8") as out:
            for n in range(1, count + 1):
                out.write(json.dumps({"instance_name": f"{prefix}-{n}"}) + "\n")
        return path

    def books(self):
        """The sum of the publishers' reports."""
        total = {}
        for publisher in self.of("publisher"):
            for key, value in publisher.report().items():
                if isinstance(value, int):
                    total[key] = total.get(key, 0) + value
        return total

    def left(self):
        """Instances in the files of what is left; each line must be a request."""
        found = []
        for name in sorted(os.listdir(self.data)):
            if name.startswith("left-"):
                lines = read(os.path.join(self.data, name)).splitlines()
                found += [json.loads(line)["instance_name"] for line in lines]
        return found

    def instances(self, pattern):
        """The first group of every match in any log, in the order of each log."""
        return [found for stage in self.stages.values()
                for found in re.findall(pattern, stage.text(), re.M)]

    def acked(self):
        return self.instances(r"INFO: Done\. Acked (\S+)$")

    def restarted(self):
        return self.instances(r"INFO: Restarted ([^.\s]+)\S*$")


def shorten(text, lines=120):
    """The first and last lines of a log."""
    rows = text.splitlines()
    if len(rows) > lines:
        rows[lines // 3:len(rows) - 2 * lines // 3] = [f"... {len(rows) - lines} lines ..."]
    return "\n".join(rows)
