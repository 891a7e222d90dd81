#!/usr/bin/env python3
"""Requests from files and pipes, good and bad, from end to end."""
import json
import os
import select
import signal
import subprocess
import unittest

import runner
from mayhem import Pipeline, until

GOOD = b'{"instance_name": "good-%d"}'

FLOOD_BYTES = 2_000_000    # far more than may lie between a pipe and 50 messages
HELD_BACK_S = 0.5          # a pipe that takes nothing for so long is full

# What is no request, and what is said of it. In a file each stands between two good ones.
BAD = (
    (b"not json", "not JSON"),
    (b"[]", "not a JSON object"),
    (b'"text"', "not a JSON object|not JSON"),
    (b"{}", "instance_name is missing"),
    (b'{"instance_name": ""}', "instance_name is empty"),
    (b'{"instance_name": 7}', "instance_name is not a string"),
    (b'{"instance_name": "a\\u0007b", "hostname": "h"}', "control characters"),
    (b'{"instance_name": "' + b"x" * 10_000_000 + b'"}', "longer than"),
    (b'{"instance_name": "\xff\xfe\xc0"}', "not JSON"),
    (b'{"instance_name": "a\xed\xa0\x80b"}', "not JSON"),
    (b'{"a": ' * 20000, "not JSON|longer than"),
    (b"[" * 30000 + b"]" * 30000, "not JSON|longer than"),
    (b'{"instance_name": "bad_host"}', "not a host name"),
    (b'{"instance_name": "x", "hostname": ""}', "not a host name"),
    (b'{"instance_name": "x", "hostname": "-rf"}', "not a host name"),
    (b'{"instance_name": "x", "hostname": "a..b"}', "not a host name"),
    (b'{"instance_name": "x", "hostname": "a b; reboot"}', "not a host name"),
    (b'{"instance_name": "x", "hostname": "' + b"a" * 64 + b'"}', "not a host name"),
    (b'{"instance_name": "x", "message_id": "17"}', "message_id is not a UUID"),
    (b'{"instance_name": "x", "reason": "' + b"r" * 201 + b'"}', "reason is longer than 200"),
    (b'{"instance_name": "x", "requested_by": [1]}', "requested_by is not a string"),
    (b'{"instance_name": "x"} trailing', "not JSON"),
    (b"\x00\x00\x00", "not JSON"),
    (b"\x1b[2J\x07", "not JSON"),
)


class Requests(unittest.TestCase):
    def below(self, pipeline):
        pipeline.consumer()
        pipeline.handler("--restart-time", "0:0.1")

    def check(self, pipeline, good, rejected):
        self.assertEqual(set(pipeline.wait().values()), {0})
        books = pipeline.books()
        self.assertEqual((books["accepted"], books["done"]), (good, good))
        self.assertEqual(books["rejected"], rejected)
        for stage in pipeline.stages.values():
            with open(stage.log, "rb") as file:
                self.assertFalse(set(file.read()) & (set(range(32)) - {10}), stage.name)

    def test_a_file_full_of_bad_lines(self):
        with Pipeline() as pipeline:
            lines = [GOOD % 0]
            for number, (bad, _) in enumerate(BAD, 1):
                lines += [bad, GOOD % number]
            path = os.path.join(pipeline.folder, "bad.jsonl")
            with open(path, "wb") as file:
                file.write(b"\n".join(lines) + b'\n{"instance_name": "par')
            publisher = pipeline.publisher("--requests", path)
            self.below(pipeline)
            self.check(pipeline, len(BAD) + 1, len(BAD) + 1)
            for number, (_, why) in enumerate(BAD, 1):
                self.assertRegex(publisher.text(),
                                 rf"WARNING: Line {2 * number} of \S+ is not a request: .*({why})")
            self.assertIn(f"Line {2 * len(BAD) + 2} of", publisher.text())
            self.assertLess(len(publisher.text()), 20000)

    def left(self, pipeline):
        path = os.path.join(pipeline.data, "left-publisher-1.jsonl")
        with open(path, encoding="utf-8") as file:
            return path, [json.loads(line)["instance_name"] for line in file]

    def stop(self, publisher):
        publisher.saw("Ready as")
        until(lambda: publisher.count("Published message") >= 1, "a message")
        publisher.signal(signal.SIGTERM)
        self.assertEqual(publisher.wait(), 75)

    def test_a_source_that_cannot_be_read_is_not_a_clean_end(self):
        with Pipeline() as pipeline:
            publisher = pipeline.publisher("--requests", "/proc/self/mem")
            self.assertEqual(publisher.wait(), 74)
            self.assertIn("ERROR: Could not read /proc/self/mem on from line 1", publisher.text())

    def test_what_was_read_of_stdin_is_left_and_taken_again_once(self):
        with Pipeline() as pipeline:
            options = ("--max-pending", "5", "--drain-timeout", "0", "--log-level", "debug")
            publisher = pipeline.add("publisher", "--requests", "-", *options)
            publisher.start(stdin=subprocess.PIPE)
            publisher.process.stdin.write(b"".join(GOOD % n + b"\n" for n in range(20)))
            publisher.process.stdin.flush()
            self.stop(publisher)
            publisher.process.stdin.close()
            self.assertIn("Stopped reading stdin at line 21", publisher.text())
            path, names = self.left(pipeline)
            self.assertEqual(sorted(names), sorted(f"good-{n}" for n in range(20)))
            publisher.args = ["--requests", path, "--drain-timeout", "0", "--log-level", "debug"]
            publisher.start()
            until(lambda: publisher.count("Published message") >= 25, "all of them")
            publisher.signal(signal.SIGTERM)
            self.assertEqual(publisher.wait(), 75)
            self.assertEqual(sorted(self.left(pipeline)[1]), sorted(names))
            self.assertTrue(os.path.exists(path + ".taken"))

    def test_a_report_that_cannot_be_made_is_said_at_the_start(self):
        with Pipeline() as pipeline:
            publisher = pipeline.publisher("--report", "/nonexistent/report")
            self.assertEqual(publisher.wait(), 73)
            self.assertNotIn("Successfully", publisher.text())

    def test_a_pipe_that_trickles(self):
        with Pipeline() as pipeline:
            self.below(pipeline)
            publisher = pipeline.add("publisher", "--requests", "-")
            publisher.start(stdin=subprocess.PIPE)
            for number in range(1, 6):
                line = GOOD % number + b"\n"
                for at in range(0, len(line), 5):
                    os.write(publisher.process.stdin.fileno(), line[at:at + 5])
                until(lambda number=number: f"good-{number}" in pipeline.acked(), f"good-{number}")
                self.assertTrue(publisher.running())
            os.write(publisher.process.stdin.fileno(), GOOD % 6)    # and no end of line
            publisher.process.stdin.close()
            for code in pipeline.wait().values():
                self.assertEqual(code, 0)
            books = pipeline.books()
            self.assertEqual(books["accepted"] + books["rejected"], 6)
            self.assertEqual(books["accepted"], books["done"])

    def test_a_fast_pipe_is_held_back_and_never_lies_in_memory(self):
        with Pipeline() as pipeline:
            publisher = pipeline.add("publisher", "--requests", "-", "--max-pending", "50")
            publisher.start(stdin=subprocess.PIPE)
            publisher.ready()
            writer, taken, number = publisher.process.stdin.fileno(), 0, 0
            os.set_blocking(writer, False)
            while taken < FLOOD_BYTES and select.select([], [writer], [], HELD_BACK_S)[1]:
                taken += os.write(writer, GOOD % number + b"\n")
                number += 1
            self.assertLess(taken, FLOOD_BYTES)    # nobody works: 50, a buffer and a pipe
            self.below(pipeline)
            until(lambda: len(pipeline.acked()) >= 60, "more is read when some is done")
            publisher.signal(signal.SIGTERM)
            codes = pipeline.wait()
            #  What its buffer still held is left and said; the kernel's pipe is the writer's matter.
            self.assertEqual(codes.pop("publisher-1"), 75)
            self.assertEqual(set(codes.values()), {0})
            publisher.process.stdin.close()
            books = pipeline.books()
            self.assertLess(books["accepted"], number)
            self.assertEqual(books["accepted"], books["done"])

    def test_the_same_id_twice_is_one_message_while_the_outbox_holds_it(self):
        with Pipeline() as pipeline:
            path = os.path.join(pipeline.folder, "same.jsonl")
            request = {"instance_name": "one", "reason": "r", "requested_by": "me",
                       "message_id": "5f0c3a34-58b4-4f0e-a1a3-0d4e2f1b7a10"}
            with open(path, "w", encoding="utf-8") as file:
                file.write((json.dumps(request) + "\n") * 3)
            pipeline.publisher("--requests", path)
            self.below(pipeline)
            self.check(pipeline, 1, 0)
            self.assertEqual(pipeline.books()["duplicates"], 2)
            self.assertEqual(pipeline.acked(), ["one"])

    def test_a_file_that_is_not_there(self):
        with Pipeline() as pipeline:
            publisher = pipeline.publisher("--requests", "/nonexistent/file")
            self.assertIn(publisher.wait(), (66, 74, 78))
            self.assertIn("Could not read /nonexistent/file: No such file", publisher.text())


if __name__ == "__main__":
    runner.main()
