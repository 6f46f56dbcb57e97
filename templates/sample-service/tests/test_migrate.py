"""The order of migrations."""

import unittest

from migrate import ordered


class OrderedTest(unittest.TestCase):
    def test_sorts_by_number_not_by_text(self):
        names = ["1000_late.sql", "002_workers.sql", "001_users.sql"]
        self.assertEqual(ordered(names), [(1, "001_users.sql"), (2, "002_workers.sql"), (1000, "1000_late.sql")])

    def test_refuses_two_of_the_same_number(self):
        with self.assertRaisesRegex(ValueError, "001_b.sql and 001_a.sql have the same number"):
            ordered(["001_a.sql", "001_b.sql"])

    def test_refuses_a_name_without_a_number(self):
        with self.assertRaisesRegex(ValueError, "users.sql"):
            ordered(["users.sql"])


if __name__ == "__main__":
    unittest.main()
