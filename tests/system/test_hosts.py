#!/usr/bin/env python3
"""Two and three hosts over tcp, and links that are cut: both ways, one way, short and long."""
import signal
import unittest

import mayhem
import network
import runner
from disposable import Record
from mayhem import Pipeline, until

WHY_NOT = network.why_not()
LEASE_S = 1.0
SHORT_S, LONG_S, LONGEST_S = 0.5 * LEASE_S, 2.5 * LEASE_S, 6.0    # the last ends the link, too
MESSAGES = 150
RATE = 15      # so that work outlasts a cut and what TCP needs to find out that it is over


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Hosts(unittest.TestCase):
    def publisher(self, pipeline, host, *args):
        return pipeline.publisher("--bind", host.endpoint(7000), "--insecure", "--name",
                                  "publisher-1", *args, wrap=host.wrap)

    def consumer(self, pipeline, host, above):
        return pipeline.consumer("--bind", host.endpoint(7100), "--insecure", "--connect",
                                 above.endpoint(7000), wrap=host.wrap)

    def handler(self, pipeline, host, above, *args):
        port = 7200 + 2 * len(pipeline.of("handler"))
        return pipeline.handler("--bind", host.endpoint(port), "--insecure", "--connect",
                                above.endpoint(7100), *args, wrap=host.wrap)

    def test_two_hosts_that_work_and_drain(self):
        with network.Network(2) as (one, two), Pipeline() as pipeline:
            publisher = self.publisher(pipeline, one, "--rate", "50")
            self.consumer(pipeline, one, one)
            self.handler(pipeline, two, one, "--restart-time", "0:0.2")
            until(lambda: len(pipeline.acked()) >= 20, "work is done")
            publisher.signal(signal.SIGTERM)
            self.assertEqual(set(pipeline.wait().values()), {0})
            self.assertEqual(pipeline.books()["done"], pipeline.books()["accepted"])

    def test_a_handler_on_another_host_that_drains_takes_all_away(self):
        with network.Network(3) as (one, two, three), Pipeline() as pipeline:
            self.publisher(pipeline, one, "--rate", "50")
            self.consumer(pipeline, two, one)
            handler = self.handler(pipeline, three, two, "--restart-time", "0:0.2")
            until(lambda: len(pipeline.acked()) >= 20, "work is done")
            handler.signal(signal.SIGINT)
            codes = pipeline.wait()
            self.assertEqual((codes["handler-1"], codes["consumer-1"]), (0, 0))
            self.assertEqual(codes["publisher-1"], 75 if pipeline.left() else 0)
            books = pipeline.books()
            self.assertEqual(books["accepted"], books["done"] + len(pipeline.left()))

    def test_a_killed_handler_on_another_host(self):
        with network.Network(2) as (one, two), Pipeline() as pipeline:
            self.begin(pipeline, (one, one, two))
            pipeline.stages["handler-1"].kill()
            self.check(pipeline, without="handler-1")

    def begin(self, pipeline, hosts):
        """Publisher, consumer and first handler on these hosts, the second with the consumer."""
        above, middle, below = hosts
        self.record = Record(pipeline.folder)
        action = ("--concurrency", "8", *self.record.action("0.3"))
        self.publisher(pipeline, above, "--requests", pipeline.requests(MESSAGES), "--rate", RATE,
                       "--lease", LEASE_S)
        self.consumer(pipeline, middle, above)
        self.handler(pipeline, below, middle, *action)
        self.handler(pipeline, middle, middle, *action)
        until(lambda: len(self.record.rows("end")) >= 8, "commands have run")

    def check(self, pipeline, without=None):
        """The source ends, so the pipeline does: all is done, nothing overlapped."""
        for name, stage in pipeline.stages.items():
            if name != without:
                self.assertEqual(stage.wait(40), 0, name)
        books = pipeline.books()
        self.assertEqual((books["accepted"], books["done"]), (MESSAGES, MESSAGES))
        everything = {f"host-{n}" for n in range(1, MESSAGES + 1)}
        self.assertEqual(everything - set(self.record.hosts("end")), set())
        self.assertEqual(self.record.rows("overlap"), [])

    def cut(self, where, duration, **still):
        with network.Network(3) as hosts, Pipeline() as pipeline:
            self.begin(pipeline, hosts)
            near, far = hosts[where:where + 2]
            near.cut(far, **still)
            mayhem.moment(duration)
            near.heal()
            self.check(pipeline)
            if duration == LONGEST_S:    # the control: the cut was one
                ends = pipeline.instances(r"WARNING: .*(is cut off|link with .* has ended)")
                self.assertTrue(ends)

    def test_publisher_and_consumer_cut_for_less_than_a_lease(self):
        self.cut(0, SHORT_S)

    def test_publisher_and_consumer_cut_for_more_than_a_lease(self):
        self.cut(0, LONG_S)

    def test_a_publisher_that_hears_no_consumer_for_more_than_a_lease(self):
        self.cut(0, LONG_S, speak=True)

    def test_a_consumer_that_hears_no_publisher_for_more_than_a_lease(self):
        self.cut(0, LONG_S, hear=True)

    def test_publisher_and_consumer_cut_until_the_link_ends(self):
        self.cut(0, LONGEST_S)

    def test_consumer_and_handler_cut_for_less_than_a_lease(self):
        self.cut(1, SHORT_S)

    def test_consumer_and_handler_cut_for_more_than_a_lease(self):
        self.cut(1, LONG_S)

    def test_a_consumer_that_hears_no_handler_for_more_than_a_lease(self):
        self.cut(1, LONG_S, speak=True)

    def test_a_handler_that_hears_no_consumer_for_more_than_a_lease(self):
        self.cut(1, LONG_S, hear=True)

    def test_consumer_and_handler_cut_until_the_link_ends(self):
        self.cut(1, LONGEST_S)

    def test_a_consumer_that_hears_no_handler_for_less_than_a_lease(self):
        self.cut(1, SHORT_S, speak=True)

    def test_a_handler_that_hears_no_consumer_for_less_than_a_lease(self):
        self.cut(1, SHORT_S, hear=True)


class Insecure(unittest.TestCase):
    def test_a_tcp_bind_that_others_reach_is_refused_without_insecure(self):
        with Pipeline() as pipeline:
            publisher = pipeline.publisher("--bind", "tcp://192.0.2.1:7000")
            self.assertIn(publisher.wait(), (64, 78))
            self.assertIn("--insecure", publisher.text())
            self.assertEqual(publisher.text().count("\n"), 1)


if __name__ == "__main__":
    runner.main(7)
