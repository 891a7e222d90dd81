"""run.sh against stages that only pretend: starting, prefixes, waves, restarts, no orphans."""
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import runner

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAKE = os.path.join(TOP, "tests", "system", "fake_stage.py")
WITHIN = 20.0    # seconds that anything here may take
ALL = ("publisher-1", "consumer-1", "handler-1", "handler-2")


def until(condition, what):
    """Polls with a deadline; the condition's value."""
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {WITHIN} s: {what}")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class RunShTest(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="run-sh-")
        self.data = os.path.join(self.top, "data")
        self.bin = os.path.join(self.top, "bin")
        os.mkdir(self.bin)
        for stage in ("publisher", "consumer", "handler"):
            path = os.path.join(self.bin, f"mayhem-{stage}")
            with open(path, "w", encoding="utf-8") as file, open(FAKE, encoding="utf-8") as fake:
                file.write(f"#!{sys.executable} -SE\n{fake.read()}")
            os.chmod(path, 0o755)
        self.log = os.path.join(self.top, "log")
        self.running = []

    def tearDown(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        until(lambda: not self.keepers(), "the end of everything")
        shutil.rmtree(self.top)

    def keepers(self):
        """Pids of all processes that have this test's folder in their command line."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if self.top.encode() in file.read():
                        found.append(int(pid))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def start(self, *args, stdin=subprocess.DEVNULL, data=None):
        env = {**os.environ, "MAYHEM_BIN": self.bin}
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [os.path.join(TOP, "run.sh"), "--data", data or self.data, *args],
                stdout=log, stderr=log, stdin=stdin, env=env, start_new_session=True,
            )
        self.running.append(process)
        return process

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def saw(self, pattern):
        return until(lambda: re.search(pattern, self.text(), re.M), pattern + "\n" + self.text())

    def pid(self, name):
        path = os.path.join(self.data, "run", f"{name}.pid")

        def read():
            try:
                with open(path, encoding="utf-8") as file:
                    return int(file.read() or 0)
            except FileNotFoundError:
                return 0
        return until(read, f"pid of {name}")

    def ready(self, names=ALL):
        for name in names:
            self.saw(rf"^{name} +\| .*Ready as {name} at ")
        return {name: self.pid(name) for name in names}

    def end(self, process):
        """(exit code, last line) of run.sh."""
        code = process.wait(WITHIN)
        self.assertFalse(self.keepers(), "an orphan")
        return code, self.text().splitlines()[-1]

    def test_one_signal_goes_to_the_uppermost_stage_and_the_wave_ends_all(self):
        process = self.start()
        pids = self.ready()
        for name, pid in pids.items():
            self.saw(rf"^{name} pid {pid}, .*kill -9 {pid}$")
        process.send_signal(signal.SIGTERM)
        code, last = self.end(process)
        self.assertEqual(code, 0, self.text())
        self.assertRegex(
            last, r"^drained in \d+\.\d s: accepted 3 done 3 dead 0 kept 0 lost 0, exit 0$"
        )
        self.assertEqual(self.text().count("Received exit signal"), 1)
        self.assertRegex(self.text(), r"(?m)^publisher-1 \| .*Received exit signal SIGTERM")
        self.assertEqual([one for one in os.listdir(f"{self.data}/run") if one.endswith("pid")], [])

    def test_a_stage_starts_when_the_one_before_is_ready(self):
        process = self.start("--consumer", "--slow-ready 0.7", "--handlers", "1")
        self.ready(("publisher-1", "consumer-1", "handler-1"))
        text = self.text()
        self.assertLess(text.index("Ready as publisher-1"), text.index("consumer-1  | "))
        self.assertLess(text.index("Ready as consumer-1"), text.index("handler-1 "))
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[0], 0, self.text())

    def test_no_line_is_lost(self):
        process = self.start("--handler", "--says line --times 3000", "--for", "0.5")
        code, last = self.end(process)
        self.assertEqual(code, 0)
        for name in ("handler-1", "handler-2"):
            found = re.findall(rf"(?m)^{name}   \| 12:00:00,000 INFO: line (\d+)$", self.text())
            self.assertEqual([int(one) for one in found], list(range(3000)))
        self.assertTrue(last.startswith("drained in "))

    def test_a_killed_process_is_started_again(self):
        process = self.start()
        pids = self.ready()
        os.kill(pids["handler-1"], signal.SIGKILL)
        found = self.saw(
            rf"^handler-1 \({pids['handler-1']}\) killed by SIGKILL, started again as (\d+)$"
        )
        self.assertEqual(self.pid("handler-1"), int(found.group(1)))
        until(lambda: self.text().count("Ready as handler-1") == 2, "ready again")
        process.send_signal(signal.SIGTERM)
        code, last = self.end(process)
        self.assertEqual((code, last[-6:]), (0, "exit 0"))

    def test_the_fifth_crash_drains_the_rest_and_gives_its_code(self):
        began = time.monotonic()
        process = self.start("--consumer", "--after 0.02 --code 3")
        code, last = self.end(process)
        self.assertEqual(code, 3, self.text())
        self.assertEqual(self.text().count(", started again"), 4)
        self.assertGreater(time.monotonic() - began, 0.5 + 1 + 2 + 4)
        self.assertTrue(last.endswith(", exit 3"))

    def test_a_process_that_drained_is_not_started_again(self):
        process = self.start()
        pids = self.ready()
        os.kill(pids["publisher-1"], signal.SIGTERM)
        self.assertEqual(self.end(process)[0], 0, self.text())
        self.assertNotIn("started again", self.text())

    def test_with_stay_it_is_and_the_drain_goes_stage_by_stage(self):
        process = self.start("--stay", "--handlers", "1")
        pids = self.ready(("publisher-1", "consumer-1", "handler-1"))
        for name, pid in pids.items():
            os.kill(pid, signal.SIGTERM)
            self.saw(rf"^{name} \({pid}\) left with code 0, started again as \d+$")
            until(lambda: self.text().count(f"Ready as {name}") == 2, f"{name} ready again")
        process.send_signal(signal.SIGTERM)
        code, last = self.end(process)
        self.assertEqual(code, 0, self.text())
        self.assertIn("accepted 6 done 6", last)
        text = self.text()
        order = [text.rindex(f"{name} | 12:00:00,000 INFO: Received exit signal SIGTERM")
                 for name in ("publisher-1", "consumer-1 ", "handler-1  ")]
        self.assertEqual(order, sorted(order))

    def test_a_second_signal_is_passed_on_to_all(self):
        process = self.start("--publisher", "--stubborn", "--consumer", "--stubborn")
        self.ready()
        process.send_signal(signal.SIGTERM)
        self.saw(r"^publisher-1 \| .*Received exit signal SIGTERM")
        self.assertNotRegex(self.text(), r"consumer-1  \| .*Received")
        process.send_signal(signal.SIGTERM)
        self.saw(r"^publisher-1 \| .*Received exit signal SIGINT")
        self.saw(r"^consumer-1  \| .*Received exit signal SIGINT")
        os.kill(self.pid("publisher-1"), signal.SIGKILL)
        os.kill(self.pid("consumer-1"), signal.SIGKILL)
        self.assertEqual(self.end(process)[0], 137)

    def test_who_does_not_leave_in_time_is_killed(self):
        process = self.start("--publisher", "--stubborn", "--handler", "--stubborn")
        self.ready()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(WITHIN)
        took = time.monotonic() - began
        self.assertEqual(code, 137, self.text())
        self.assertGreater(took, 8 + 4 - 0.2)
        self.assertLess(took, 8 + 4 + 2)
        self.assertIn("lost 0, exit 137", self.text().splitlines()[-1])
        self.assertRegex(self.text(), r"publisher-1 \(\d+\) left no report")
        self.assertEqual(self.text().count("has not left in time"), len(ALL))    # once for each

    def session(self, process):
        """Pids of everything that run.sh started, itself excepted."""
        found = []
        for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
            try:
                if os.getsid(pid) == process.pid and pid != process.pid and alive(pid):
                    found.append(pid)
            except ProcessLookupError:
                pass
        return found

    def test_a_signal_for_every_process_is_one_drain(self):
        for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=signo.name):
                self.data = os.path.join(self.top, signo.name)
                self.log = self.data + ".log"
                process = self.start()
                self.ready()
                for pid in [*self.session(process), process.pid]:
                    try:
                        os.kill(pid, signo)
                    except ProcessLookupError:
                        pass
                code, last = self.end(process)
                self.assertEqual(code, 0, self.text())
                self.assertRegex(last, "^drained in .* accepted 3 done 3 .*exit 0$")

    def test_a_process_whose_keeper_was_killed_is_not_waited_for(self):
        process = self.start("--handlers", "1")
        names = ("publisher-1", "consumer-1", "handler-1")
        pids = self.ready(names)
        everything = self.session(process)
        for pid in everything:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if pid not in pids.values() and file.read().strip() == "run.sh":
                    os.kill(pid, signal.SIGKILL)
        os.kill(process.pid, signal.SIGTERM)
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        process.wait(2 * WITHIN)
        self.assertIn("nobody knows how it left", self.text())

    def test_an_input_or_output_error_is_no_crash(self):
        process = self.start("--publisher", "--after 0.3 --code 74")
        self.assertEqual(self.end(process)[0], 74, self.text())
        self.assertNotIn("started again", self.text())

    def test_nothing_is_left_when_run_sh_is_killed(self):
        process = self.start("--consumer", "--stubborn --drain-timeout 0", "--publisher",
                             "--drain-timeout 0", "--handler", "--drain-timeout 0")
        pids = self.ready()
        process.kill()
        process.wait()
        until(lambda: not alive(pids["handler-2"]), "end of handler-2")
        self.assertEqual(self.start("--for", "1").wait(WITHIN), 73)
        until(lambda: not any(alive(pid) for pid in pids.values()), "end of the stages")
        until(lambda: not self.keepers(), "end of the keepers")
        self.assertRegex(self.text(), r"(?m)^handler-2   \| .*Received exit signal SIGTERM")

    def test_a_stopped_process_is_not_taken_for_a_dead_one(self):
        process = self.start()
        pid = self.ready()["handler-1"]
        os.kill(pid, signal.SIGSTOP)
        os.kill(self.pid("handler-2"), signal.SIGKILL)
        self.saw(r"handler-2 \(\d+\) killed by SIGKILL, started again")
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(self.pid("handler-1"), pid)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process)[0], 0, self.text())
        self.assertEqual(self.text().count("started again"), 1)

    def test_two_run_sh_do_not_share_a_folder_but_run_side_by_side(self):
        first = self.start()
        self.ready()
        second = self.start()
        self.assertEqual(second.wait(WITHIN), 73)
        self.saw("another run.sh")
        third = self.start("--for", "0.2", data=os.path.join(self.top, "other"))
        self.assertEqual(third.wait(WITHIN), 0)
        first.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(first)[0], 0)

    def test_a_stage_that_cannot_start_ends_all_with_its_code(self):
        process = self.start("--handler", "--slow-ready 60 --after 0.1 --code 64")
        code, last = self.end(process)
        self.assertEqual(code, 64)
        self.assertTrue(last.endswith("exit 64"))
        self.assertNotIn("started again", self.text())

    def test_whoever_waits_for_a_stage_that_left_is_drained(self):
        process = self.start("--publisher", "--stubborn --peer-timeout 1 --drain-timeout 0",
                             "--consumer", "--drain-timeout 0 --peer-timeout 1",
                             "--handler", "--after 0.3 --code 0 --peer-timeout 1 --drain-timeout 0")
        self.saw("a whole stage has left")
        self.saw(r"^publisher-1 \| .*Received exit signal SIGTERM")
        self.assertEqual(self.end(process)[0], 137)

    def test_several_of_a_stage_are_connected_to_all_above_and_books_are_summed(self):
        process = self.start(
            "--publishers", "2", "--consumers", "2", "--for", "0.3", "--publisher",
            "--books '{\"accepted\":10,\"done\":5,\"dead\":1,\"dropped\":1,\"pending\":2}'",
        )
        code, last = self.end(process)
        self.assertEqual(code, 0)
        self.assertIn("accepted 20 done 10 dead 2 kept 4 lost 2, exit 0", last)
        crc = subprocess.run(["cksum"], input=os.path.realpath(self.data).encode(),
                             capture_output=True, check=True).stdout.split()[0]
        for above, below in (("publisher", "consumer"), ("consumer", "handler")):
            ends = " ".join(f"--connect ipc://@mayhem-{int(crc):08x}-{above}-{n}" for n in (1, 2))
            for number in (1, 2):
                self.assertRegex(self.text(), rf"(?m)^{below}-{number} +\| .*args .*{ends}")

    def test_the_first_publisher_reads_what_run_sh_is_given(self):
        read, write = os.pipe()
        os.write(write, b"a request\n")
        os.close(write)
        process = self.start("--publisher", "--echo", "--for", "0.3", stdin=read)
        os.close(read)
        self.assertEqual(self.end(process)[0], 0, self.text())
        self.assertIn("stdin a request", self.text())

    def test_ctrl_c_reaches_run_sh_alone_and_a_terminal_gets_colours(self):
        env = {**os.environ, "MAYHEM_BIN": self.bin, "TERM": "xterm"}
        env.pop("NO_COLOR", None)
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(os.path.join(TOP, "run.sh"), ["run.sh", "--data", self.data], env)
        seen = ""
        while "Ready as handler-2" not in seen or "Ready as handler-1" not in seen:
            seen += os.read(terminal, 4096).decode()
        os.write(terminal, b"\x03")
        while "drained in" not in seen:
            seen += os.read(terminal, 4096).decode()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        os.close(terminal)
        self.assertEqual(seen.count("Received exit signal"), 1, seen)
        self.assertRegex(seen, "\x1b\\[36mpublisher-1 \\| \x1b\\[0m.*Received exit signal SIGTERM")

    def test_a_pipeline_that_nobody_reads_drains(self):
        read, write = os.pipe()
        env = {**os.environ, "MAYHEM_BIN": self.bin}
        process = subprocess.Popen(
            [os.path.join(TOP, "run.sh"), "--data", self.data, "--handler", "--after 1 --code 3"],
            stdout=write, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env,
        )
        self.running.append(process)
        os.close(write)
        os.read(read, 1)
        os.close(read)
        process.wait(WITHIN)
        until(lambda: not self.keepers(), "the end of everything")

    def test_as_the_first_process_of_a_namespace(self):
        command = ["unshare", "-pf", "--mount-proc", os.path.join(TOP, "run.sh"), "--for", "0.3"]
        if os.geteuid() != 0:
            self.skipTest("needs root")
        with open(self.log, "ab") as log:
            done = subprocess.run(
                [*command, "--data", self.data], stdout=log, stderr=log, check=False,
                stdin=subprocess.DEVNULL, env={**os.environ, "MAYHEM_BIN": self.bin},
            )
        self.assertEqual(done.returncode, 0, self.text())
        self.assertIn("accepted 3 done 3", self.text().splitlines()[-1])

    def test_bad_options_are_refused_with_one_line(self):
        for args in (("--nonsense",), ("--handlers", "x"), ("--publishers", "17"),
                     ("--consumers", "17"), ("--handlers", "65"), ("--for", "0"), ("--data",),
                     ("--publishers", "0", "--consumers", "0", "--handlers", "0"),
                     ("--handler", "it's"), ("extra",)):
            done = subprocess.run(
                [os.path.join(TOP, "run.sh"), *args], capture_output=True, text=True, check=False,
                env={**os.environ, "MAYHEM_BIN": self.bin}, cwd=self.top, timeout=WITHIN,
            )
            self.assertEqual(done.returncode, 64, args)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    runner.main()
