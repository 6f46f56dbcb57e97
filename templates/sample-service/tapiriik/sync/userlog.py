"""The log of each user on each sync host: <id>.log is the newest, .log.1 to .log.5 are older."""

import logging
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from tapiriik import settings

FORMAT = "[%(levelname)-8s] %(asctime)s (%(name)s:%(lineno)d) %(message)s"
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
OLDER_LOGS = 5


def path(user_id):
    """Where the user's newest log is."""
    return f"{settings.USER_SYNC_LOGS}{user_id}.log"


@contextmanager
def recorded(user_id):
    """Everything logged below "tapiriik" goes to a fresh log of the user's as well."""
    handler = RotatingFileHandler(path(user_id), maxBytes=0, backupCount=OLDER_LOGS, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT, DATE_FORMAT))
    handler.doRollover()
    root = logging.getLogger("tapiriik")
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def append_trailer(user_id, rescheduled_for, result):
    """The last line of a log, which has no prefix; the time is UTC, or None."""
    when = rescheduled_for and rescheduled_for.replace(tzinfo=None).isoformat(" ", "microseconds")
    with open(path(user_id), "a+", encoding="utf-8") as log:
        log.write(f"\nUser reschedule for {when} returned {result}\n")
