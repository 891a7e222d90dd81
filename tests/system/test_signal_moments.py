#!/usr/bin/env python3
"""Signals at awkward moments: right after the start, twice, in both orders, a third one, USR1."""
import os
import random
import signal
import unittest

import mayhem
import runner
import signal_case
from mayhem import Pipeline, until

MOMENTS_S = (0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5)    # after the start
AT_ONCE_S = 2.0    # "at once", with what a loaded machine adds
STUCK = ("--restart-time", "30:30")


class EarlySignals(unittest.TestCase):
    def signal_early(self, stage, signo, after):
        """All stages are started; one is signalled then, the others when it has left."""
        with Pipeline() as pipeline:
            pipeline.env["MAYHEM_PEER_TIMEOUT"] = "1"    # who vanished while it said hello
            args, _ = signal_case.options(pipeline, False)
            pipeline.several(args, 1)
            target = pipeline.stages[f"{stage}-1"]
            mayhem.moment(after)
            target.signal(signo)
            code = target.wait()
            for other in pipeline.stages.values():
                if other is not target:
                    other.saw("Ready as|Received exit|Successfully")
                    if other.running():
                        other.signal(signal.SIGTERM)
            pipeline.wait()
            if code == -signo:    # before main: it had not begun anything
                self.assertEqual(target.text(), "")
                return
            self.assertEqual(target.farewell_faults(1), [])
            self.assertEqual(signal_case.lost(pipeline), set())
            for name, one in pipeline.stages.items():
                left = os.path.exists(os.path.join(pipeline.data, f"left-{name}.jsonl"))
                self.assertEqual(one.process.returncode, 75 if left else 0, name)

    def at_all_moments(self, stage):
        for number, after in enumerate(MOMENTS_S):
            signo = signal_case.SIGNALS[(number + mayhem.STAGES.index(stage)) % 4]
            late = random.Random(f"{stage} {after}").uniform(0, after / 4)
            with self.subTest(after=after, signal=signo.name):
                self.signal_early(stage, signo, after + late)

    def test_a_publisher_signalled_while_it_starts(self):
        self.at_all_moments("publisher")

    def test_a_consumer_signalled_while_it_starts(self):
        self.at_all_moments("consumer")

    def test_a_handler_signalled_while_it_starts(self):
        self.at_all_moments("handler")


class MoreSignals(unittest.TestCase):
    def stuck(self, pipeline):
        """A pipeline whose only handler is busy for long."""
        pipeline.publisher("--requests", pipeline.requests(20), "--rate", "50")
        pipeline.consumer()
        pipeline.handler(*STUCK)
        until(lambda: pipeline.stages["handler-1"].count("Extended deadline") >= 10, "work")
        return pipeline

    def books_balance(self, pipeline):
        books = pipeline.books()
        self.assertEqual(books["accepted"], books["done"] + books["dead"] + books["pending"])
        self.assertEqual(books["pending"], len(pipeline.left()))

    def twice(self, stage, first, second):
        with Pipeline() as pipeline:
            target = self.stuck(pipeline).stages[f"{stage}-1"]
            target.signal(first)
            target.saw(f"Received exit signal {first.name}")
            self.assertTrue(target.running())
            target.signal(second)
            self.assertEqual(target.wait(AT_ONCE_S), 75)
            self.assertEqual(target.count("Received exit signal"), 1)
            self.assertEqual(target.farewell_faults(1), [])
            pipeline.wait(12)
            self.books_balance(pipeline)
            self.assertEqual(len(pipeline.left()), pipeline.books()["accepted"])

    def test_a_second_signal_hands_back_at_once_in_a_handler(self):
        self.twice("handler", signal.SIGTERM, signal.SIGINT)

    def test_a_second_signal_hands_back_at_once_in_a_handler_the_other_way_round(self):
        self.twice("handler", signal.SIGINT, signal.SIGTERM)

    def test_the_same_signal_twice_is_two_signals(self):
        self.twice("handler", signal.SIGHUP, signal.SIGHUP)

    def test_a_second_signal_hands_back_at_once_in_a_consumer(self):
        self.twice("consumer", signal.SIGQUIT, signal.SIGTERM)

    def test_a_second_signal_hands_back_at_once_in_a_publisher(self):
        self.twice("publisher", signal.SIGTERM, signal.SIGHUP)

    def third(self, stage):
        """Its neighbours stand still, so it cannot leave after the second one."""
        with Pipeline() as pipeline:
            target = self.stuck(pipeline).stages[f"{stage}-1"]
            for other in pipeline.stages.values():
                if other is not target:
                    other.signal(signal.SIGSTOP)
            for signo in (signal.SIGTERM, signal.SIGINT):
                target.signal(signo)
                target.saw("Received exit signal" if signo == signal.SIGTERM else "cut short")
            target.signal(signal.SIGQUIT)
            self.assertEqual(target.wait(AT_ONCE_S), 128 + signal.SIGQUIT)

    def test_a_third_signal_ends_a_publisher_at_once(self):
        self.third("publisher")

    def test_a_third_signal_ends_a_consumer_at_once(self):
        self.third("consumer")

    def test_a_third_signal_ends_a_handler_at_once(self):
        self.third("handler")

    def two_stages(self, first, second):
        """Both ends are told, in this order, while work goes on; each counts its own signal."""
        with Pipeline() as pipeline:
            args, record = signal_case.options(pipeline, True)
            pipeline.several(args, 1)
            until(lambda: len(pipeline.acked()) >= signal_case.BUSY, "work is done")
            for stage in (first, second):
                pipeline.stages[f"{stage}-1"].signal(signal.SIGTERM)
            pipeline.wait()
            signalled = {f"{first}-1": 1, f"{second}-1": 1}
            self.assertEqual(signal_case.exit_faults(pipeline, signalled), [])
            self.assertEqual(signal_case.lost(pipeline), set())
            self.assertEqual(signal_case.twice(pipeline, record), set())

    def test_a_publisher_then_a_handler(self):
        self.two_stages("publisher", "handler")

    def test_a_handler_then_a_publisher(self):
        self.two_stages("handler", "publisher")

    def test_usr1_says_what_is_in_hand_and_drains_nothing(self):
        with Pipeline() as pipeline:
            for stage in self.stuck(pipeline).stages.values():
                stage.signal(signal.SIGUSR1)
                stage.saw(r"INFO: In hand: \d+; ")
                stage.signal(signal.SIGUSR1)
                until(lambda stage=stage: stage.count("In hand: .* in all|In hand") >= 2, "again")
            until(lambda: pipeline.stages["handler-1"].count("Extended") >= 25, "work goes on")
            for stage in pipeline.stages.values():
                self.assertTrue(stage.running())
                self.assertNotIn("Received exit signal", stage.text())
                self.assertNotIn("raining", stage.text())


if __name__ == "__main__":
    runner.main()
