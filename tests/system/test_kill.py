#!/usr/bin/env python3
"""Crashes and standstills under load: nothing is lost, no host is restarted twice at once."""
import os
import signal
import subprocess
import time
import unittest

import mayhem
import measures
import runner
from disposable import DEAF, Record
from mayhem import Pipeline, until
from starters import RunSh

LEASE_S = 1.0
MESSAGES = 60
GOAL_S = 1.0      # until a dead handler's messages are with another one


class UnderLoad(unittest.TestCase):
    """Real commands under 2 handlers; every command takes its host's lock."""

    def begin(self, pipeline, consumers=1, *publisher):
        self.record = Record(pipeline.folder, DEAF)
        pipeline.env["MAYHEM_DRAIN_TIMEOUT"] = "4"    # the time that a crashed one has to return
        pipeline.publisher("--requests", pipeline.requests(MESSAGES), "--rate", "30", "--lease",
                           LEASE_S, *publisher)
        consumer_names = [f"consumer-{n + 1}" for n in range(consumers)]
        for _ in consumer_names:
            pipeline.consumer()
        for _ in range(2):
            pipeline.handler(*pipeline.connect(*consumer_names), "--concurrency", "8",
                             *self.record.action("0.8"))
        until(lambda: len(self.record.rows("end")) >= 8, "commands have run")

    def check(self, pipeline, within=mayhem.WITHIN, dismissed=None):
        """The source ends, so the pipeline does: all is done, nothing overlapped."""
        publisher = pipeline.stages["publisher-1"]
        self.assertEqual(publisher.wait(within), 0)
        books = publisher.report()
        self.assertEqual((books["accepted"], books["done"]), (MESSAGES, MESSAGES))
        everything = {f"host-{n}" for n in range(1, MESSAGES + 1)}
        self.assertEqual(everything - set(self.record.hosts("end")), set())
        self.assertEqual(self.record.rows("overlap"), [])
        for name, stage in pipeline.stages.items():
            if stage.running() and name == dismissed:
                stage.signal(signal.SIGTERM)
                self.assertIn(stage.wait(), (0, 75), name)
            elif stage.running():
                self.assertEqual(stage.wait(), 0, name)

    def test_a_killed_handler_whose_messages_another_one_takes(self):
        with Pipeline() as pipeline:
            self.begin(pipeline)
            pipeline.stages["handler-1"].kill()
            self.check(pipeline)

    def test_a_killed_handler_that_comes_back(self):
        with Pipeline() as pipeline:
            self.begin(pipeline)
            pipeline.stages["handler-1"].kill()
            pipeline.stages["handler-1"].start()
            self.check(pipeline)

    def test_both_handlers_killed_and_one_comes_back(self):
        with Pipeline() as pipeline:
            self.begin(pipeline)
            pipeline.stages["handler-1"].kill()
            pipeline.stages["handler-2"].kill()
            pipeline.stages["handler-1"].start()
            self.check(pipeline)

    def test_a_killed_consumer_that_comes_back(self):
        with Pipeline() as pipeline:
            self.begin(pipeline)
            pipeline.stages["consumer-1"].kill()
            pipeline.stages["consumer-1"].start()
            self.check(pipeline)

    def test_a_killed_consumer_that_comes_back_after_the_leases(self):
        with Pipeline() as pipeline:
            self.begin(pipeline)
            pipeline.stages["consumer-1"].kill()
            mayhem.moment(2.5 * LEASE_S)
            pipeline.stages["consumer-1"].start()
            self.check(pipeline)

    def test_a_killed_consumer_beside_another_one(self):
        with Pipeline() as pipeline:
            self.begin(pipeline, 2)
            pipeline.stages["consumer-1"].kill()
            self.check(pipeline)

    def stopped(self, name, leases, dismissed=None):
        with Pipeline() as pipeline:
            self.begin(pipeline)
            stage = pipeline.stages[name]
            stage.signal(signal.SIGSTOP)
            mayhem.moment(leases * LEASE_S)
            stage.signal(signal.SIGCONT)
            self.check(pipeline, dismissed=dismissed)

    def test_a_publisher_stopped_for_less_than_a_lease(self):
        self.stopped("publisher-1", 0.5)

    def test_a_publisher_stopped_for_more_than_a_lease(self):
        self.stopped("publisher-1", 2.5)

    def test_a_consumer_stopped_for_less_than_a_lease(self):
        self.stopped("consumer-1", 0.5)

    def test_a_consumer_stopped_for_more_than_a_lease(self):
        self.stopped("consumer-1", 2.5)

    def test_a_consumer_stopped_for_so_long_that_its_links_end(self):
        self.stopped("consumer-1", 6)

    def test_a_handler_stopped_for_less_than_a_lease(self):
        self.stopped("handler-1", 0.5)

    def test_a_handler_stopped_for_more_than_a_lease(self):
        self.stopped("handler-1", 2.5)

    def test_a_handler_stopped_for_so_long_that_its_link_ends(self):
        """By then all is over without it: it waits for its consumer until it is told to go."""
        self.stopped("handler-1", 6, "handler-1")

    def test_a_killed_volatile_publisher_loses_its_messages_and_nobody_minds(self):
        """They are void: the next one reads the file anew, and works off all of it."""
        with Pipeline() as pipeline:
            self.begin(pipeline)
            publisher = pipeline.stages["publisher-1"]
            publisher.kill()
            self.assertEqual(publisher.report(), {})
            publisher.start()
            self.check(pipeline)
            self.assertGreater(len(self.record.rows("end")), MESSAGES)

    def test_the_hosts_of_a_killed_publisher_are_not_restarted_again_while_that_runs(self):
        """Its handlers go on; the next one asks for the same hosts at once."""
        with Pipeline() as pipeline:
            self.record = Record(pipeline.folder, DEAF)
            publisher = pipeline.publisher("--requests", pipeline.requests(8), "--lease", LEASE_S)
            pipeline.consumer()
            pipeline.handler("--concurrency", "8", *self.record.action("3"))
            pipeline.handler("--concurrency", "8", *self.record.action("3"))
            until(lambda: len(self.record.rows("start")) >= 8, "commands run")
            publisher.kill()
            publisher.start()
            self.assertEqual(publisher.wait(), 0)
            self.assertEqual(publisher.report()["done"], 8)
            self.assertEqual(self.record.rows("overlap"), [])


class Held(unittest.TestCase):
    def test_fifty_messages_of_a_killed_handler_are_soon_with_another_one(self):
        self.assertLess(measures.takeover(), GOAL_S)


class RunShKilled(unittest.TestCase):
    def test_a_killed_run_sh_leaves_no_orphan(self):
        with Pipeline() as pipeline:
            record = Record(pipeline.folder)
            words = " ".join(record.action("0.3"))
            with RunSh(pipeline, "--publisher", "--rate 20", "--handler", words) as run_sh:
                until(lambda: len(record.rows("end")) >= 5, "commands have run")
                pids = [run_sh.pid(name) for name in
                        ("publisher-1", "consumer-1", "handler-1", "handler-2")]
                self.assertTrue(all(map(mayhem.alive, pids)))
                run_sh.process.kill()
                run_sh.process.wait()
                until(lambda: not run_sh.remains(), "the end of all processes", 15)
                self.assertFalse(any(map(mayhem.alive, pids)))


class NobodyReads(unittest.TestCase):
    """A reader of stderr that stops (in the tests 10 s; MAYHEM_READER_S=60 for a minute)."""
    STOPPED_S = float(os.environ.get("MAYHEM_READER_S", "10"))
    RATE = 400

    def stalled_reader(self, stage):
        with Pipeline() as pipeline:
            count = int(self.RATE * (self.STOPPED_S + 1))
            args = {"publisher": ["--count", count, "--rate", self.RATE, "--log-level", "debug"],
                    "handler": ["--restart-time", "0:0.2"]}
            read, write = os.pipe()
            for name in mayhem.STAGES:
                stderr = write if name == stage else None
                pipeline.add(name, *args.get(name, ()), stderr=stderr).start()
            os.close(write)
            began = time.monotonic()
            reader = None
            try:
                until(lambda: time.monotonic() - began > self.STOPPED_S, "the stop", 999)
                with open(os.path.join(pipeline.folder, "late.log"), "wb") as log:
                    reader = subprocess.Popen(["cat"], stdin=read, stdout=log,
                                              preexec_fn=mayhem.die_with_parent)
                codes = pipeline.wait()
                took = time.monotonic() - began
                reader.wait(5)
            finally:
                os.close(read)
                if reader and reader.poll() is None:
                    reader.kill()
            self.assertEqual(set(codes.values()), {0})
            self.assertEqual(pipeline.books()["done"], count)
            self.assertLess(took, self.STOPPED_S + 8)    # stalled: twice the stop, at least
            text = mayhem.read(os.path.join(pipeline.folder, "late.log"))
            self.assertIn("Successfully shutdown the Mayhem service.", text)

    def test_a_reader_of_the_publisher_that_stops_does_not_stall_the_pipeline(self):
        self.stalled_reader("publisher")

    def test_a_reader_of_the_consumer_that_stops_does_not_stall_the_pipeline(self):
        self.stalled_reader("consumer")

    def test_a_reader_of_the_handler_that_stops_does_not_stall_the_pipeline(self):
        self.stalled_reader("handler")


if __name__ == "__main__":
    runner.main(6)
