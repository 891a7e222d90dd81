"""Other ways to start a stage than from a shell's foreground, and a whole pipeline by run.sh."""
import os
import re
import subprocess

import mayhem

RUN_SH = os.path.join(mayhem.TOP, "run.sh")

# A command that starts the one behind it. Each leaves other signals ignored, or other pids.
WRAPS = {
    # A script's `&`: INT and QUIT are ignored.
    "a script's &": ["sh", "-c", 'setpriv --pdeathsig KILL "$@" & wait $!', "sh"],
    # HUP is ignored, and stays so.
    "nohup": ["nohup"],
    # The first process of a pid namespace: a signal without a handler would not reach it.
    "as pid 1": ["unshare", "-pf", "--mount-proc", "--kill-child"],
}


class RunSh:
    """One run.sh in a pipeline's folder; its stages write into its log."""

    def __init__(self, pipeline, *args, stdin=subprocess.DEVNULL):
        self.pipeline = pipeline
        self.log = os.path.join(pipeline.folder, "run.sh.log")
        command = [RUN_SH, "--data", pipeline.data, *(str(arg) for arg in args)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=stdin, start_new_session=True,
                preexec_fn=mayhem.die_with_parent, env={**pipeline.env, "MAYHEM_BIN": mayhem.BIN},
            )

    def text(self):
        return mayhem.read(self.log)

    def saw(self, pattern, within=mayhem.WITHIN):
        return mayhem.until(lambda: re.search(pattern, self.text(), re.M), f"run.sh: {pattern}",
                            within)

    def pid(self, name):
        """The stage that bears the name now."""
        path = os.path.join(self.pipeline.data, "run", f"{name}.pid")
        return int(mayhem.until(lambda: mayhem.read(path).strip(), f"pid of {name}"))

    def acked(self):
        return re.findall(r"INFO: Done\. Acked (\S+)$", self.text(), re.M)

    def remains(self):
        """Pids of all that has this pipeline's folder in its command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if self.pipeline.folder in mayhem.read(f"/proc/{pid}/cmdline"):
                found.append(int(pid))
        return found

    def wait(self, within=mayhem.WITHIN):
        """(exit code, numbers of the last line)."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"run.sh has not left within {within} s") from error
        numbers = re.search(
            r"^drained in ([\d.]+) s: accepted (\d+) done (\d+) dead (\d+) kept (\d+) lost (\d+), "
            r"exit (\d+)$", self.text().splitlines()[-1])
        keys = ("seconds", "accepted", "done", "dead", "kept", "lost", "exit")
        if not numbers:
            raise AssertionError(f"no last line: {self.text().splitlines()[-1:]}")
        return code, dict(zip(keys, map(float, numbers.groups())))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        """What it started ends when it does."""
        if error:
            print(f"---- run.sh\n{mayhem.shorten(self.text(), 200)}")
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.remains() if error else ():
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        mayhem.until(lambda: not self.remains(), "the end of what run.sh started")
