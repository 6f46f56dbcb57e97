"""What a worker writes in the database: its own row, and the row of the user it holds."""

import logging
import os
import random
import time
from datetime import datetime, timezone

from tapiriik import settings

HEARTBEAT_INTERVAL = 10

logger = logging.getLogger(__name__)

REPORT = """
INSERT INTO sync_workers (process, host, heartbeat, startup, version, worker_index, state, user_id)
VALUES (%(process)s, %(host)s, now(), %(startup)s, %(version)s, %(index)s, %(state)s, %(user_id)s)
ON CONFLICT (host, process) DO UPDATE
SET heartbeat = EXCLUDED.heartbeat, startup = EXCLUDED.startup, version = EXCLUDED.version,
    worker_index = EXCLUDED.worker_index, state = EXCLUDED.state, user_id = EXCLUDED.user_id
"""

# FOR UPDATE waits for a scheduler that has published the message but not yet committed.
LOOK = """
SELECT queued_generation, synchronization_host, synchronization_worker FROM users WHERE id = %(user_id)s FOR UPDATE
"""

LOCK = """
UPDATE users
SET synchronization_worker = %(process)s, synchronization_host = %(host)s, synchronization_start_time = now(),
    synchronization_step = NULL, synchronization_progress = 0
WHERE id = %(user_id)s AND synchronization_worker IS NULL
RETURNING id, next_sync_is_exhaustive, extract(epoch FROM now() - queued_at)::float AS queue_seconds
"""

PROGRESS = """
UPDATE users SET synchronization_step = %(step)s, synchronization_progress = %(progress)s
WHERE id = %(user_id)s AND synchronization_worker = %(process)s AND synchronization_host = %(host)s
"""

# A crash leaves queued_generation as it is, so that the message is good for another try.
RELEASE = """
UPDATE users
SET synchronization_worker = NULL, synchronization_step = NULL, synchronization_progress = NULL, queued_at = NULL,
    next_synchronization = CASE WHEN suppress_auto_sync THEN NULL ELSE now() + %(delay)s * interval '1 second' END
    {finished}
WHERE id = %(user_id)s AND synchronization_worker = %(process)s AND synchronization_host = %(host)s
RETURNING next_synchronization, extract(epoch FROM now() - synchronization_start_time)::float AS sync_seconds
"""

RELEASE_CRASHED = RELEASE.format(finished="")
RELEASE_FINISHED = RELEASE.format(
    finished=""", queued_generation = NULL, next_sync_is_exhaustive = false,
    last_synchronization = now(), last_synchronization_version = %(version)s,
    nonblocking_sync_error_count = %(errors)s, blocking_sync_error_count = 0"""
)

COUNT = """
INSERT INTO sync_worker_stats (host, worker, user_id, queue_seconds, sync_seconds)
VALUES (%(host)s, %(process)s, %(user_id)s, %(queue_seconds)s, %(sync_seconds)s)
"""


class Records:
    """The database as one worker sees it; (host, process) is who it is."""

    def __init__(self, session):
        self._session = session
        self._worker = {
            "process": os.getpid(),
            "host": settings.HOST,
            "startup": datetime.now(timezone.utc),
            "version": settings.VERSION,
            "index": settings.WORKER_INDEX,
        }
        self._reported = 0.0
        self._state = "startup"
        self._user_id = None

    def report(self, state, user_id=None):
        """Say what this worker is doing, which counts as a heartbeat."""
        self._session.transaction(lambda cursor: self._report(cursor, state, user_id))

    def heartbeat(self):
        """Say again what this worker is doing, when it is time to."""
        if time.monotonic() - self._reported >= HEARTBEAT_INTERVAL:
            self.report(self._state, self._user_id)

    def remove(self):
        """Take this worker off the list: it is about to exit."""
        self._execute("DELETE FROM sync_workers WHERE host = %(host)s AND process = %(process)s")

    def lock(self, user_id, generation):
        """Lock the user for this worker and return the row; None when the message is to be dropped.

        The worker's own row names the user in the same transaction, so that a
        locked user whom no row names is known to be stranded.
        """
        return self._session.transaction(lambda cursor: self._lock(cursor, user_id, generation))

    def progress(self, user_id, step, progress):
        """Note how far the user's synchronization is, from 0 to 1."""
        self._execute(PROGRESS, user_id=user_id, step=step, progress=progress)
        self.report(step, user_id)

    def release(self, user, finished, errors):
        """Unlock and reschedule the user; returns when it is next due and what the database said."""
        return self._session.transaction(lambda cursor: self._release(cursor, user, finished, errors))

    def _execute(self, statement, **values):
        self._session.transaction(lambda cursor: cursor.execute(statement, {**self._worker, **values}))

    def _report(self, cursor, state, user_id):
        cursor.execute(REPORT, {**self._worker, "state": state, "user_id": user_id})
        self._reported, self._state, self._user_id = time.monotonic(), state, user_id

    def _lock(self, cursor, user_id, generation):
        values = {**self._worker, "user_id": user_id}
        cursor.execute(LOOK, values)
        seen = cursor.fetchone()
        if seen is None:
            logger.info("Dropped a message for user %s, who is gone", user_id)
            return None
        if seen["queued_generation"] != generation:
            logger.info("Dropped a message of an old generation for user %s", user_id)
            return None
        cursor.execute(LOCK, values)
        user = cursor.fetchone()
        if user is None:
            holder = f"{seen['synchronization_host']} (worker {seen['synchronization_worker']})"
            logger.info("Left user %s alone, locked by %s", user_id, holder)
            return None
        self._report(cursor, "list", user_id)
        return user

    def _release(self, cursor, user, finished, errors):
        jitter = random.uniform(1 - settings.SYNC_INTERVAL_JITTER, 1 + settings.SYNC_INTERVAL_JITTER)
        values = {
            **self._worker,
            "user_id": user["id"],
            "delay": settings.SYNC_INTERVAL * jitter,
            "errors": errors,
            "queue_seconds": user["queue_seconds"],
        }
        cursor.execute(RELEASE_FINISHED if finished else RELEASE_CRASHED, values)
        row = cursor.fetchone()
        self._report(cursor, "ready", None)
        if row is None:
            # The watchdog took this worker for dead: the user is somebody else's by now.
            return None, {"ok": 1.0, "n": 0}
        if finished:
            cursor.execute(COUNT, {**values, "sync_seconds": row["sync_seconds"]})
        return row["next_synchronization"], {"ok": 1.0, "n": 1}
