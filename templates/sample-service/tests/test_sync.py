"""The user's log, through whole synchronizations; the database is a stand-in."""

import logging
import re
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

from tapiriik import settings
from tapiriik.sync import services
from tapiriik.sync.worker import synchronize

USER = {"id": "53c1f0d5b0d9f5a8e4000001", "next_sync_is_exhaustive": False}
LINE = re.compile(r"\[[A-Z]+ *\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(tapiriik\.[\w.]+:\d+\) ")
TRAILER = "\nUser reschedule for 2026-01-02 03:04:05.000000 returned {'ok': 1.0, 'n': 1}\n"


class FakeRecords:
    """Remembers how each user was released."""

    def __init__(self):
        self.released = []

    def progress(self, user_id, step, progress):
        pass

    def release(self, user, finished, errors):
        self.released.append((finished, errors))
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), {"ok": 1.0, "n": 1}


class SynchronizeTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        for target, name, value in (
            (settings, "USER_SYNC_LOGS", f"{directory.name}/"),
            (services.GARMIN_CONNECT, "_failure_rate", 0),
        ):
            patcher = patch.object(target, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)
        logger = logging.getLogger("tapiriik")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        self.addCleanup(setattr, logger, "propagate", True)
        self.records = FakeRecords()

    def synchronize(self):
        synchronize(USER, self.records, rest=lambda seconds: None)

    def log(self, suffix=""):
        return (self.directory / f"{USER['id']}.log{suffix}").read_text()

    def test_lines_then_trailer(self):
        self.synchronize()
        body, trailer = self.log()[: -len(TRAILER)], self.log()[-len(TRAILER) :]
        self.assertEqual(trailer, TRAILER)
        for line in body.splitlines():
            self.assertRegex(line, LINE)
        self.assertIn(f"Beginning sync for {USER['id']}(exhaustive: False)", body)
        self.assertRegex(body, r"\[DEBUG   \] .* \(tapiriik\.services\.GarminConnect\.garminconnect:\d+\) ")
        self.assertIn(") \tRetrieving list from garminconnect\n", body)
        self.assertEqual(self.records.released, [(True, 0)])

    def test_keeps_six_logs_and_an_empty_first(self):
        self.synchronize()
        self.assertEqual(self.log(".1"), "")
        for _ in range(7):
            self.synchronize()
        names = sorted(path.name for path in self.directory.iterdir())
        self.assertEqual(names, [f"{USER['id']}.log{suffix}" for suffix in ("", ".1", ".2", ".3", ".4", ".5")])

    def test_failing_service_is_counted_with_its_traceback(self):
        with patch.object(services.GARMIN_CONNECT, "_failure_rate", 1):
            self.synchronize()
        self.assertRegex(self.log(), r"\[ERROR   \] .*\) Service exception\nTraceback \(most recent call last\):\n")
        self.assertEqual(self.records.released, [(True, 1)])

    def test_crash_is_logged_released_and_raised(self):
        with patch.object(services.Service, "list_activities", side_effect=RuntimeError("a bug")):
            with self.assertRaises(RuntimeError):
                self.synchronize()
        self.assertIn(") Core sync exception\nTraceback", self.log())
        self.assertTrue(self.log().endswith(TRAILER))
        self.assertEqual(self.records.released, [(False, 0)])


if __name__ == "__main__":
    unittest.main()
