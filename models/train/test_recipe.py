"""Tests what recipe.py tells of left-out sources."""
import unittest

import numpy as np

import recipe


class TestSpread(unittest.TestCase):
    def test_figure_sources_and_interval(self):
        rows = [("a", 1.0)] * 30 + [("b", 0.0)] * 10
        found = recipe.spread(rows, lambda row: row[0], lambda some: np.mean([v for _, v in some]))
        self.assertEqual(found["value"], 0.75)
        self.assertEqual(found["samples"], 40)
        self.assertEqual(found["per_source"], {"a": {"value": 1.0, "samples": 30}, "b": {"value": 0.0, "samples": 10}})
        # Of 40 draws with a chance of 0.75 the mean lies within 0.61 and 0.88 in 95 of 100 cases.
        self.assertAlmostEqual(found["low"], 0.61, delta=0.05)
        self.assertAlmostEqual(found["high"], 0.88, delta=0.05)

    def test_says_the_same_again(self):
        rows = [(str(i % 3), float(i)) for i in range(12)]
        told = [recipe.spread(rows, lambda row: row[0], lambda some: np.mean([v for _, v in some])) for _ in range(2)]
        self.assertEqual(*told)


class TestShareOf(unittest.TestCase):
    def test_depends_on_the_name_alone_and_spreads(self):
        shares = [recipe.share_of("group%d" % i) for i in range(1000)]
        self.assertEqual(shares[0], recipe.share_of("group0"))
        self.assertAlmostEqual(np.mean(np.array(shares) < 0.1), 0.1, delta=0.03)


if __name__ == "__main__":
    unittest.main()
