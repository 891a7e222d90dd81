#!/usr/bin/env python3
"""--action exec from end to end: commands that misbehave, what they are given, who may run."""
import json
import os
import stat
import time
import unittest

import mayhem
import measures
import runner
from disposable import Record
from mayhem import Pipeline, until

ONCE = ("--max-deliveries", "1")
SOON_S = 15    # with instrumented programs on a busy machine; what hangs does so for a minute


def script(pipeline, body, mode=0o755):
    """A command of these lines; its first argument is the folder to leave traces in."""
    path = os.path.join(pipeline.folder, "command")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{body}\n")
    os.chmod(path, mode)
    return path


def trace(pipeline, name):
    return mayhem.read(os.path.join(pipeline.folder, name))


class Misbehaviour(unittest.TestCase):
    def run_command(self, pipeline, command, *handler, count=1, publisher=ONCE):
        """A whole pipeline from the first message to the end; the seconds that it took."""
        pipeline.publisher("--requests", pipeline.requests(count), *publisher)
        pipeline.consumer()
        began = time.monotonic()
        pipeline.handler("--restart-time", "0:0", *handler, "--action", "exec", "--any-host", "--",
                         command, pipeline.folder)
        self.assertEqual(set(pipeline.wait().values()), {0})
        return time.monotonic() - began

    def dead(self, pipeline, reason):
        pipeline.stages["handler-1"].saw(
            rf"ERROR: Could not restart host-1\.example\.net: {reason}$")
        pipeline.stages["publisher-1"].saw(rf"ERROR: Dead: host-1 after 1 deliveries: {reason}$")
        books = pipeline.books()
        self.assertEqual((books["accepted"], books["done"], books["dead"]), (1, 0, 1))
        self.assertEqual(pipeline.acked(), [])

    def gone(self, pipeline, name="pids"):
        """Every process that wrote its pid has ended."""
        pids = [int(word) for word in trace(pipeline, name).split()]
        self.assertTrue(pids)
        until(lambda: not any(map(mayhem.alive, pids)), f"the end of {pids}", 3)

    def test_a_command_that_hangs_is_ended_after_its_timeout(self):
        with Pipeline() as pipeline:
            command = script(pipeline, 'sleep 60 & echo "$$ $!" > "$1/pids"; wait')
            took = self.run_command(pipeline, command, "--timeout", "500ms")
            self.assertLess(took, SOON_S)
            self.dead(pipeline, "it took longer than the time-out")
            self.gone(pipeline)

    def test_a_command_that_ignores_term_is_killed(self):
        with Pipeline() as pipeline:
            command = script(pipeline, 'trap "" TERM HUP INT QUIT; echo $$ > "$1/pids"\n'
                                       "while :; do sleep 60; done")
            took = self.run_command(pipeline, command, "--timeout", "500ms")
            self.assertLess(took, SOON_S)
            self.dead(pipeline, "it took longer than the time-out")
            self.gone(pipeline)

    def test_children_that_a_command_leaves_in_its_group_are_ended_with_it(self):
        with Pipeline() as pipeline:
            command = script(pipeline, '(sleep 60 & sleep 61 & echo "$!" > "$1/pids"; wait) &\n'
                                       'until [ -s "$1/pids" ]; do :; done')
            took = self.run_command(pipeline, command)
            self.assertLess(took, SOON_S)
            self.assertEqual(pipeline.books()["done"], 1)
            self.gone(pipeline)

    def test_a_child_that_left_the_group_holds_nobody_up(self):
        with Pipeline() as pipeline:
            command = script(pipeline, 'setsid sh -c \'echo $$ > "$1/pids"; exec sleep 60\' sh "$1"'
                                       ' &\nuntil [ -s "$1/pids" ]; do :; done')
            took = self.run_command(pipeline, command)
            self.assertLess(took, SOON_S)
            self.assertEqual(pipeline.books()["done"], 1)
            pid = int(trace(pipeline, "pids"))
            self.assertTrue(mayhem.alive(pid), "what is told to stay stays")
            os.kill(pid, 9)

    def test_a_command_that_floods_its_output_is_cut(self):
        with Pipeline() as pipeline:
            command = script(pipeline, "yes 0123456789 | head -c 20000000\n"
                                       "head -c 3000000 /dev/zero >&2")
            self.run_command(pipeline, command)
            handler = pipeline.stages["handler-1"]
            self.assertEqual(pipeline.books()["done"], 1)
            self.assertLessEqual(handler.count("INFO: host-1: 0123456789$"), 100)
            self.assertGreater(handler.count("INFO: host-1: 0123456789$"), 50)
            self.assertEqual(handler.count(r"INFO: host-1: \d+ more lines$"), 1)
            self.assertLess(len(handler.text()), 100000)
            self.assertNotIn("\0", handler.text())

    def test_control_characters_of_a_command_never_reach_the_log(self):
        with Pipeline() as pipeline:
            command = script(pipeline, "printf 'a\\033[31mred\\007\\r\\b\\300\\n'")
            self.run_command(pipeline, command)
            handler = pipeline.stages["handler-1"]
            self.assertEqual(handler.count("host-1: a.*red"), 1)
            with open(handler.log, "rb") as file:
                self.assertFalse(set(file.read()) & (set(range(32)) - {10}))

    def test_a_command_that_is_missing(self):
        with Pipeline() as pipeline:
            self.run_command(pipeline, os.path.join(pipeline.folder, "nothing"))
            self.dead(pipeline, r"not started \(errno 2\), see the log")

    def test_a_command_that_is_not_executable(self):
        with Pipeline() as pipeline:
            command = script(pipeline, "exit 0", stat.S_IRUSR)
            self.run_command(pipeline, command)
            self.dead(pipeline, r"not started \(errno 13\), see the log")

    def test_a_command_that_is_no_program(self):
        with Pipeline() as pipeline:
            path = os.path.join(pipeline.folder, "noise")
            with open(path, "wb") as file:
                file.write(bytes(range(256)))
            os.chmod(path, 0o755)
            self.run_command(pipeline, path)
            self.dead(pipeline, r"not started \(errno 8\), see the log")

    def test_a_command_that_dies_by_a_signal(self):
        with Pipeline() as pipeline:
            self.run_command(pipeline, script(pipeline, "kill -SEGV $$"))
            self.dead(pipeline, "ended by signal 11")

    def test_a_command_that_fails(self):
        with Pipeline() as pipeline:
            self.run_command(pipeline, script(pipeline, "exit 3"))
            self.dead(pipeline, "exit code 3")

    def test_not_now_is_deferred_and_counts_no_delivery(self):
        with Pipeline() as pipeline:
            command = script(pipeline, 'echo x >> "$1/tries"\n'
                                       '[ "$(wc -l < "$1/tries")" -ge 3 ] || exit 75')
            self.run_command(pipeline, command)
            books = pipeline.books()
            self.assertEqual((books["done"], books["dead"], books["failed"]), (1, 0, 0))
            self.assertEqual(books["deferred"], 2)
            self.assertEqual(trace(pipeline, "tries"), "x\n" * 3)

    def test_one_that_fails_disturbs_no_other(self):
        with Pipeline() as pipeline:
            command = script(pipeline, 'case $MAYHEM_HOST in *-1.*|*-4.*) kill -9 $$;; esac')
            self.run_command(pipeline, command, count=12)
            books = pipeline.books()
            self.assertEqual((books["done"], books["dead"]), (10, 2))


DUMP = """tr '\\0' '\\n' < /proc/$$/cmdline > "$1/argv"
tr '\\0' '\\n' < /proc/$$/environ > "$1/environ"
# Read by the shell itself: while it forks a grep, it blocks all signals for a moment.
while read -r key value; do
    case $key in Sig*) echo "$key $value" ;; esac
done < /proc/$$/status > "$1/signals"
ls -l /proc/$$/fd > "$1/fds"
ps -o pgid= -p $$ > "$1/group"; echo $$ >> "$1/group\""""


class Given(unittest.TestCase):
    """What a command gets, to the letter, whatever the request says and however we were started."""
    NAME = "a'b\"; touch $(pwd)/pwned `id` {host} %s"
    ID = "0b6a1a06-23ae-4b8f-a7cb-7ddc1d5bf8a1"

    def run_dump(self, pipeline):
        path = os.path.join(pipeline.folder, "requests")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"instance_name": self.NAME, "hostname": "db-1.example.org",
                       "message_id": self.ID}, file)
            file.write("\n")
        pipeline.env.update(SECRET="x", LD_PRELOAD="", PATH="/usr/bin:/bin")
        pipeline.publisher("--requests", path)
        pipeline.consumer()
        command = script(pipeline, DUMP)
        handler = pipeline.add(
            "handler", "--restart-time", "0:0", "--action", "exec", "--any-host", "--", command,
            pipeline.folder, "{host}", "x{instance}y", "{id}/{delivery}", "", "{unknown}", "$HOME",
            wrap=["nohup"])
        handler.start()
        self.assertEqual(set(pipeline.wait().values()), {0})
        return command

    def test_the_exact_arguments_and_environment_signals_and_descriptors(self):
        with Pipeline() as pipeline:
            command = self.run_dump(pipeline)
            self.assertEqual(trace(pipeline, "argv").split("\n"), [
                "/bin/sh", command, pipeline.folder, "db-1.example.org", f"x{self.NAME}y",
                f"{self.ID}/1", "", "{unknown}", "$HOME", ""])
            self.assertEqual(sorted(trace(pipeline, "environ").split("\n")), sorted([
                "PATH=/usr/bin:/bin", "MAYHEM_HOST=db-1.example.org",
                f"MAYHEM_INSTANCE={self.NAME}", f"MAYHEM_ID={self.ID}", "MAYHEM_DELIVERY=1", ""]))
            for mask in ("SigBlk", "SigIgn"):
                self.assertRegex(trace(pipeline, "signals"), rf"{mask}:\s+0+\n")
            fds = [line.split(" -> ") for line in trace(pipeline, "fds").splitlines()[1:]]
            numbers = {head.split()[-1]: target for head, target in fds}
            self.assertEqual(numbers["0"], "/dev/null")
            # Above 2 the shell keeps its script and copies of what it redirects; ours would be
            # sockets, an epoll set, a signalfd, or the pipes of other commands.
            kinds = {target.split(":")[0] for target in numbers.values()}
            self.assertEqual(kinds, {"/dev/null", "pipe", command, f"{pipeline.folder}/fds"})
            pipes = {target for target in numbers.values() if target.startswith("pipe:")}
            self.assertLessEqual(len(pipes), 2)
            group, pid = trace(pipeline, "group").split()
            self.assertEqual(group, pid)
            self.assertFalse([name for name in os.listdir(pipeline.folder) if "pwned" in name])


class Allowed(unittest.TestCase):
    def test_only_hosts_of_the_list_are_restarted(self):
        with Pipeline() as pipeline:
            record = Record(pipeline.folder)
            path = os.path.join(pipeline.folder, "allowed")
            with open(path, "w", encoding="utf-8") as file:
                file.write("# ours\nHOST-1.example.net\n\nhost-3.example.net  # and this one\n")
            pipeline.publisher("--requests", pipeline.requests(4))
            pipeline.consumer()
            pipeline.handler("--restart-time", "0:0", "--action", "exec", "--hosts", path, "--",
                             record.script, "{host}", record.folder, "0")
            self.assertEqual(set(pipeline.wait().values()), {0})
            self.assertEqual(sorted(record.hosts("start")), ["host-1", "host-3"])
            books = pipeline.books()
            self.assertEqual((books["done"], books["dead"], books["redelivered"]), (2, 2, 0))
            self.assertEqual(sorted(pipeline.instances(r"ERROR: Refused (\S+): .*not allowed")),
                             ["host-2", "host-4"])

    def refused_start(self, *args):
        with Pipeline() as pipeline:
            handler = pipeline.handler(*args)
            code = handler.wait()
            self.assertEqual(handler.text().count("\n"), 1, handler.text())
            return code, handler.text()

    def test_without_a_list_nothing_is_restarted(self):
        code, text = self.refused_start("--action", "exec", "--", "/bin/true")
        self.assertIn(code, (64, 78))
        self.assertIn("--any-host", text)

    def test_a_list_that_cannot_be_understood_is_refused(self):
        self.assertEqual(self.refused_start("--action", "exec", "--hosts", "/nonexistent", "--",
                                            "/bin/true")[0], 78)

    def test_exec_without_a_command_is_refused(self):
        self.assertEqual(self.refused_start("--action", "exec", "--any-host")[0], 64)


class Overlap(unittest.TestCase):
    """The record of the disposable hosts finds what it is there to find."""

    def restarts(self, *publisher):
        with Pipeline() as pipeline:
            record = Record(pipeline.folder)
            path = os.path.join(pipeline.folder, "same")
            with open(path, "w", encoding="utf-8") as file:
                file.write('{"instance_name": "same"}\n' * 4)
            pipeline.publisher("--requests", path, *publisher)
            pipeline.consumer()
            pipeline.handler("--restart-time", "0:0", *record.action("0.2"))
            self.assertEqual(set(pipeline.wait().values()), {0})
            self.assertEqual(len(record.rows("end")), 4)
            return len(record.rows("overlap"))

    def test_without_the_gate_restarts_of_a_host_overlap(self):
        self.assertGreater(self.restarts("--per-host", "0"), 0)

    def test_with_it_they_do_not(self):
        self.assertEqual(self.restarts(), 0)


    def test_two_publishers_with_the_same_hosts_and_two_handlers(self):
        with Pipeline() as pipeline:
            record = Record(pipeline.folder)
            pipeline.publisher("--requests", pipeline.requests(10))
            pipeline.publisher("--requests", pipeline.requests(10))
            pipeline.consumer(*pipeline.connect("publisher-1", "publisher-2"))
            for _ in range(2):
                pipeline.handler("--restart-time", "0:0", "--concurrency", "8",
                                 *record.action("0.2"))
            self.assertEqual(set(pipeline.wait().values()), {0})
            self.assertEqual(pipeline.books()["done"], 20)
            self.assertEqual(len(record.rows("end")), 20)
            self.assertEqual(record.rows("overlap"), [])


class RealProcesses(unittest.TestCase):
    def test_a_thousand_requests_restart_a_thousand_real_processes(self):
        found = measures.renewed(1000)
        self.assertEqual((found["done"], found["changed"], found["commands"]), (1000, 1000, 1000))
        self.assertEqual((found["overlaps"], found["codes"]), (0, {0}))


if __name__ == "__main__":
    runner.main()
