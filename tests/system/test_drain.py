#!/usr/bin/env python3
"""Drains: finished work is not done again, stuck work holds nobody up, what is left is kept."""
import unittest

import measures
import runner


class Drains(unittest.TestCase):
    def test_work_that_a_drain_may_finish_is_not_redelivered(self):
        found = measures.finished_drain()
        self.assertEqual(found["codes"], {0})
        self.assertEqual((found["accepted"], found["done"], found["redelivered"]), (3, 3, 0))
        self.assertTrue(8 < found["seconds"] < 11, found)

    def stuck(self, real):
        found = measures.stuck_drain(3, real)
        self.assertTrue(3 <= found["gone_s"] <= 4, found)
        self.assertEqual(found["code"], 75)
        self.assertEqual((found["done"], found["failed"], found["lost"]), (1, 0, 0))
        self.assertEqual(found["acked_by_other"], 1)
        self.assertEqual(found["alive"], [])
        return found

    def test_a_stuck_restart_is_handed_back_and_no_delivery_counts(self):
        self.stuck(False)

    def test_a_stuck_command_deaf_to_term_is_ended_and_no_delivery_counts(self):
        self.assertEqual(self.stuck(True)["deliveries"], {"1"})

    def test_a_pipeline_with_stuck_work_is_gone_soon_after_the_publishers_drain_timeout(self):
        found = measures.stuck_wave(3)
        self.assertLess(found["seconds"], 3 + 2, found)
        self.assertEqual(found["codes"]["publisher-1"], 75)
        self.assertEqual(found["codes"]["handler-1"], 75)
        self.assertEqual((found["left"], found["done_later"], found["rejected"]), (5, 5, 0))

    def test_a_drain_timeout_of_zero_hands_back_at_once(self):
        found = measures.stuck_wave(0)
        self.assertLess(found["seconds"], 2, found)
        self.assertEqual((found["left"], found["done_later"]), (5, 5))


class Steps(unittest.TestCase):
    def test_restart_and_save_run_at_the_same_time(self):
        self.assertLess(measures.both_steps(), 1.2)

    def test_a_lease_is_extended_at_receipt_then_at_two_thirds_and_never_after_the_end(self):
        found = measures.extensions()
        self.assertEqual(len(found), 3, found)
        for at, due in zip(found, (0, 2, 4)):
            self.assertAlmostEqual(at, due, delta=0.15)

    def test_a_burst_is_taken_whole_before_its_first_message_is_finished(self):
        found = measures.burst()
        self.assertLess(found["taken_s"], 1.0, found)


if __name__ == "__main__":
    runner.main(8)
