#!/usr/bin/env python3
"""Injected failures: a failed message always reaches its end, and never disturbs another."""
import re
import subprocess
import unittest

import runner
from mayhem import Pipeline, read

COUNT = 8


class Failures(unittest.TestCase):
    def run_pipeline(self, pipeline, handler=(), publisher=(), consumer=(), count=COUNT):
        pipeline.publisher("--requests", pipeline.requests(count), *publisher)
        pipeline.consumer(*consumer)
        pipeline.handler("--restart-time", "0:0.1", *handler)
        return pipeline.wait()

    def count(self, pipeline, pattern):
        return len(pipeline.instances(f"({pattern})"))

    def test_a_restart_that_always_fails_ends_as_a_dead_letter_after_max_deliveries(self):
        with Pipeline() as pipeline:
            codes = self.run_pipeline(pipeline, ("--fail-restart", "1"), ("--max-deliveries", "3"))
            self.assertEqual(set(codes.values()), {0})
            books = pipeline.books()
            self.assertEqual((books["dead"], books["done"]), (COUNT, 0))
            self.assertEqual((books["failed"], books["redelivered"]), (3 * COUNT, 2 * COUNT))
            self.assertEqual(self.count(pipeline, "ERROR: Could not restart"), 3 * COUNT)
            self.assertEqual(
                self.count(pipeline, r"ERROR: Dead: \S+ after 3 deliveries: injected failure"),
                COUNT)
            self.assertEqual(self.count(pipeline, "WARNING: Redelivering"), 2 * COUNT)

    def test_a_failed_message_is_not_extended_for_ever_nor_acked(self):
        """The articles' defects: an endless extension, an ack while it says retrying."""
        with Pipeline() as pipeline:
            self.run_pipeline(pipeline, ("--fail-restart", "1"),
                              ("--max-deliveries", "2", "--lease", "500ms"))
            self.assertEqual(pipeline.acked(), [])
            # Two deliveries of 0.1 s at the most: one extension each, at receipt.
            self.assertLessEqual(self.count(pipeline, "Extended deadline"), 2 * COUNT)

    def test_one_step_that_fails_never_cancels_the_other(self):
        with Pipeline() as pipeline:
            self.run_pipeline(pipeline, ("--fail-restart", "1"), ("--max-deliveries", "1"))
            self.assertEqual(self.count(pipeline, "Saved host-"), COUNT)
        with Pipeline() as pipeline:
            self.run_pipeline(pipeline, ("--fail-save", "1"), ("--max-deliveries", "1"))
            self.assertEqual(len(set(pipeline.restarted())), COUNT)

    def test_a_restart_that_is_done_is_not_done_again_because_the_save_failed(self):
        with Pipeline() as pipeline:
            codes = self.run_pipeline(
                pipeline, ("--fail-save", "1", "--on-save-failure", "retry"),
                ("--max-deliveries", "3"))
            self.assertEqual(set(codes.values()), {0})
            self.assertEqual(pipeline.books()["dead"], COUNT)
            self.assertEqual(len(pipeline.restarted()), COUNT)
            self.assertEqual(self.count(pipeline, "ERROR: Could not save host-"), 3 * COUNT)
            self.assertEqual(pipeline.acked(), [])

    def test_a_save_that_may_fail_is_said_and_the_message_is_done(self):
        with Pipeline() as pipeline:
            codes = self.run_pipeline(pipeline, ("--fail-save", "1", "--on-save-failure", "log"))
            self.assertEqual(set(codes.values()), {0})
            books = pipeline.books()
            self.assertEqual((books["done"], books["redelivered"]), (COUNT, 0))
            self.assertEqual(self.count(pipeline, "ERROR: Could not save host-"), COUNT)
            self.assertEqual(sorted(pipeline.acked()), sorted(pipeline.restarted()))
            self.assertEqual(self.count(pipeline, "Saved host-"), 0)

    def test_some_that_fail_disturb_no_other(self):
        with Pipeline() as pipeline:
            codes = self.run_pipeline(
                pipeline, ("--fail-restart", "0.3", "--fail-save", "0.2", "--seed", "5"),
                ("--max-deliveries", "50"), count=20)
            self.assertEqual(set(codes.values()), {0})
            self.assertEqual(pipeline.books()["done"], 20)
            self.assertGreater(pipeline.books()["failed"], 0)
            self.assertEqual(sorted(pipeline.acked()), sorted(set(pipeline.restarted())))
            self.assertEqual(len(pipeline.restarted()), 20)

    def failures(self, seed, consumer=()):
        """Everything that failed in a run, whatever the order."""
        with Pipeline() as pipeline:
            self.run_pipeline(
                pipeline, ("--fail-restart", "0.4", "--fail-save", "0.4", "--seed", seed),
                ("--max-deliveries", "4", "--seed", seed), consumer, 20)
            lines = [line for stage in pipeline.stages.values()
                     for line in stage.text().splitlines()]
            found = [re.sub(r"^\S+ ", "", line) for line in lines
                     if re.search("Could not|Dead:|Redelivering", line)]
            return sorted(found)

    def test_a_seed_repeats_the_failures_and_another_does_not(self):
        first = self.failures(17)
        self.assertGreater(len(first), 10)
        self.assertEqual(first, self.failures(17))
        self.assertNotEqual(first, self.failures(18))

    def test_many_exceptions_at_once_start_one_drain_that_ends_with_70(self):
        """The articles' defect: two errors start two shutdowns."""
        with Pipeline() as pipeline:
            codes = self.run_pipeline(pipeline, consumer=("--fail-consume", "1"), count=50)
            consumer = pipeline.stages["consumer-1"]
            self.assertEqual(codes["consumer-1"], 70)
            self.assertEqual(codes["handler-1"], 0)
            self.assertGreaterEqual(consumer.count("ERROR: Caught exception: Could not consume"), 1)
            self.assertEqual(consumer.count(r"INFO: Shutting down\.\.\.$"), 1)
            self.assertEqual(consumer.farewell_faults(0), [])
            books = pipeline.books()
            self.assertEqual(books["accepted"], 50)
            self.assertEqual(books["pending"], len(pipeline.left()))
            self.assertEqual(books["done"] + books["dead"] + books["pending"], 50)
            self.assertGreater(books["failed"], 0)
            self.assertEqual(codes["publisher-1"], 75)

    def test_a_consumer_that_fails_now_and_then_leaves_the_rest_to_the_others(self):
        with Pipeline() as pipeline:
            # This seed fails no message of the first 19, and ten of the rest.
            publisher = pipeline.add("publisher", "--requests", "-", "--seed", "8", "--rate",
                                     "100")
            publisher.start(stdin=subprocess.PIPE)
            pipeline.consumer("--fail-consume", "0.2", "--seed", "8")
            pipeline.consumer()
            pipeline.handler("--restart-time", "0:0.1",
                             *pipeline.connect("consumer-1", "consumer-2"))
            for consumer in ("consumer-1", "consumer-2"):
                publisher.saw(f"Linked with {consumer}")
                pipeline.stages["handler-1"].saw(f"Linked with {consumer}")
            publisher.process.stdin.write(read(pipeline.requests(60)).encode())
            publisher.process.stdin.close()
            codes = pipeline.wait()
            self.assertEqual(codes.pop("consumer-1"), 70)
            self.assertEqual(set(codes.values()), {0})
            self.assertEqual(pipeline.books()["done"], 60)
            self.assertEqual(pipeline.stages["handler-1"].report()["restarts"], 60)


if __name__ == "__main__":
    runner.main()
