#!/usr/bin/env python3
"""What people mistype and strangers send: one clear line, no crash, no growth."""
import os
import random
import re
import socket
import time
import unittest

import mayhem
import runner
from mayhem import Pipeline, until

# Stage, options, what the one line must name.
REFUSED = (
    ("publisher", ("--nonsense",), "nonsense"),
    ("publisher", ("--count", "-1"), "count"),
    ("publisher", ("--count", "many"), "count"),
    ("publisher", ("--rate", "fast"), "rate"),
    ("publisher", ("--lease", "0"), "lease"),
    ("publisher", ("--lease", "3 weeks"), "lease"),
    ("publisher", ("--max-deliveries", "0"), "max-deliveries"),
    ("publisher", ("--name", "Über"), "name"),
    ("publisher", ("--name", "x" * 33), "name"),
    ("publisher", ("--bind", "tcp://*:7000"), "bind"),
    ("publisher", ("--bind", "tcp://127.0.0.1:99999"), "bind"),
    ("publisher", ("--bind", "udp://127.0.0.1:7000"), "bind"),
    ("publisher", ("--log-level", "loud"), "log-level"),
    ("publisher", ("--seed", "x"), "seed"),
    ("publisher", ("extra",), "extra"),
    ("consumer", ("--fail-consume", "2"), "fail-consume"),
    ("consumer", ("--connect", "nowhere"), "connect"),
    ("consumer", ("--drain-timeout", "soon"), "drain-timeout"),
    ("handler", ("--concurrency", "0"), "concurrency"),
    ("handler", ("--restart-time", "2:1"), "restart-time"),
    ("handler", ("--action", "pray"), "action"),
    ("handler", ("--on-save-failure", "cry"), "on-save-failure"),
)


class Options(unittest.TestCase):
    def test_each_is_refused_by_one_line_that_names_it(self):
        with Pipeline() as pipeline:
            for number, (stage, args, word) in enumerate(REFUSED):
                with self.subTest(stage=stage, args=args):
                    one = pipeline.add(stage, *args, name=f"case-{number}").start()
                    self.assertEqual(one.wait(), 64)
                    self.assertEqual(one.text().count("\n"), 1, one.text())
                    self.assertIn(word, one.text())

    def test_a_variable_of_the_environment_is_refused_the_same_way(self):
        with Pipeline() as pipeline:
            pipeline.env["MAYHEM_LEASE"] = "never"
            one = pipeline.publisher()
            self.assertEqual(one.wait(), 64)
            self.assertRegex(one.text(), "(?i)lease")


class InUse(unittest.TestCase):
    def test_an_address_in_use_is_a_clear_line(self):
        with Pipeline() as pipeline:
            first = pipeline.publisher("--rate", "0").ready()
            second = pipeline.publisher("--rate", "0", "--bind", pipeline.endpoint(first.name))
            self.assertEqual(second.wait(), 78)
            self.assertRegex(second.text(), r"ERROR: Could not bind \S+: Address already in use")

    def test_a_name_in_use_is_said_and_given_up_after_a_while(self):
        with Pipeline() as pipeline:
            pipeline.env["MAYHEM_PEER_TIMEOUT"] = "1"
            pipeline.publisher("--rate", "0")
            pipeline.consumer().saw("Linked with publisher-1")
            other = pipeline.add("consumer", "--name", "consumer-1", "--bind",
                                 pipeline.endpoint("elsewhere"), name="elsewhere").start()
            other.saw(r"WARNING: \S*publisher-1 says: my name is in use, trying again")
            self.assertEqual(other.wait(10), 78)
            self.assertEqual(other.count("giving up"), 1)
            self.assertTrue(pipeline.stages["consumer-1"].running())
            self.assertNotIn("has ended", pipeline.stages["consumer-1"].text())


class Unreachable(unittest.TestCase):
    def test_a_neighbour_that_is_not_there_is_waited_for_without_a_line_every_second(self):
        with Pipeline() as pipeline:
            handler = pipeline.handler("--restart-time", "0:0").ready()
            began = time.monotonic()
            until(lambda: time.monotonic() - began > 3.5, "some seconds")
            self.assertTrue(handler.running())
            self.assertLessEqual(handler.text().count("\n"), 2, handler.text())
            pipeline.publisher("--count", "3", "--rate", "max")
            pipeline.consumer()
            self.assertEqual(set(pipeline.wait().values()), {0})
            self.assertEqual(pipeline.books()["done"], 3)


GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL" + bytes(16) + b"\0" + bytes(31)


def command(name, *pairs):
    """A ZMTP 3.0 command frame."""
    body = bytes([len(name)]) + name
    for key, value in pairs:
        body += bytes([len(key)]) + key + len(value).to_bytes(4, "big") + value
    return b"\x04" + bytes([len(body)]) + body


def frame(body):
    """A ZMTP 3.0 message of one frame."""
    if len(body) < 256:
        return b"\0" + bytes([len(body)]) + body
    return b"\x02" + len(body).to_bytes(8, "big") + body


def rss(pid):
    status = mayhem.read(f"/proc/{pid}/status")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


class Garbage(unittest.TestCase):
    """Bytes of a stranger on the inbox and the state socket of every stage, while work goes on."""
    FRAMES = 1000
    GROWTH_KB = 16 * 1024

    def free_ports(self):
        """Ports of the loopback that nobody has now; below 32768, the next one free, too."""
        draw, self.ports = random.Random(os.getpid()), []
        while len(self.ports) < 3:
            port = draw.randrange(10000, 32000, 2)
            try:
                for number in (port, port + 1):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", number))
                self.ports.append(port)
            except OSError:
                pass

    def send(self, port, chunks, greet=None):
        """Whatever the other end does with it."""
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as link:
                link.settimeout(0.2)
                if greet:    # in turn: bytes before their time may end the connection
                    link.sendall(GREETING + command(b"READY", (b"Socket-Type", greet)))
                    heard = b""
                    while b"Socket-Type" not in heard:
                        heard += link.recv(4096) or b"Socket-Type"
                for chunk in chunks:
                    link.sendall(chunk)
                while link.recv(65536):
                    pass
        except OSError:
            pass

    def attack(self, port):
        draw = random.Random(port)
        noise = [draw.randbytes(draw.randrange(1, 400)) for _ in range(self.FRAMES)]
        self.send(port, noise[:50])
        self.send(port, [b"GET / HTTP/1.0\r\n\r\n"])
        self.send(port, [GREETING[:17]])
        self.send(port, map(frame, noise), b"PUSH")
        self.send(port, [frame(b""), frame(bytes(100)), frame(bytes(3_000_000))], b"PUSH")
        self.send(port, [b"\x02" + (1 << 62).to_bytes(8, "big") + b"x"], b"PUSH")
        self.send(port + 1, [frame(b"\x01" + one) for one in noise], b"SUB")
        self.send(port + 1, map(frame, noise), b"SUB")

    def test_garbage_is_dropped_counted_and_said_once_a_second(self):
        self.free_ports()
        with Pipeline() as pipeline:
            binds = [("--bind", f"tcp://127.0.0.1:{port}") for port in self.ports]
            ends = [("--connect", f"tcp://127.0.0.1:{port}") for port in self.ports]
            name = ("--name",)
            pipeline.publisher(*name, "publisher-1", *binds[0], "--requests",
                               pipeline.requests(5000), "--rate", "40")
            pipeline.consumer(*name, "consumer-1", *binds[1], *ends[0])
            pipeline.handler(*name, "handler-1", *binds[2], *ends[1], "--restart-time", "0:0.2")
            until(lambda: len(pipeline.acked()) >= 10, "work is done")
            for port in self.ports:    # once, so that all pages in use are touched
                self.attack(port)
            before = {one.name: rss(one.pid) for one in pipeline.stages.values()}
            for _ in range(2):
                for port in self.ports:
                    self.attack(port)
            done = len(pipeline.acked())
            until(lambda: len(pipeline.acked()) >= done + 20, "work goes on")
            for one in pipeline.stages.values():
                self.assertTrue(one.running())
                self.assertLess(rss(one.pid) - before[one.name], self.GROWTH_KB)
                dropped = one.count("WARNING: Dropped")
                self.assertTrue(1 <= dropped <= 60, f"{one.name}: {dropped}")
            pipeline.stages["publisher-1"].signal(15)
            self.assertEqual(set(pipeline.wait().values()), {0})


if __name__ == "__main__":
    runner.main()
