"""What every long-running process needs: a clean stop, patience, and a log on stdout."""

import logging
import random
import signal
import sys
import time

logger = logging.getLogger(__name__)


class GaveUp(Exception):
    """The process was told to stop while it waited for something that is away."""


class Shutdown:
    """Notes SIGTERM and SIGINT, so that the work in hand can be finished first."""

    def __init__(self):
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def _request(self, number, frame):
        self.requested = True

    def sleep(self, seconds):
        """Sleep, but not past a request to stop."""
        deadline = time.monotonic() + seconds
        while not self.requested and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))


class Backoff:
    """Waits longer after each failure in a row, from half a second to fifteen."""

    SHORTEST, LONGEST = 0.5, 15.0

    def __init__(self, shutdown, what):
        self._shutdown = shutdown
        self._what = what
        self.reset()

    def reset(self):
        """Start over with short waits: the thing is back."""
        self._delay = self.SHORTEST

    def wait(self, error):
        """Wait before the next attempt; raises GaveUp when the process is to stop."""
        reason = " ".join((str(error) or repr(error)).split())
        if self._shutdown.requested:
            raise GaveUp(f"{self._what} is away: {reason}") from error
        logger.warning("%s is away, trying again in %.1f s: %s", self._what, self._delay, reason)
        self._shutdown.sleep(self._delay * random.uniform(0.75, 1.25))
        self._delay = min(self._delay * 2, self.LONGEST)


def log_to_stdout():
    """Bare messages on stdout, from INFO up; users' logs get DEBUG as well."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setLevel(logging.INFO)
    logging.basicConfig(format="%(message)s", handlers=[handler])
    logging.getLogger("tapiriik").setLevel(logging.DEBUG)
    # Lost connections are reported above, in one line each.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
