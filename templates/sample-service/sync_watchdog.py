#!/usr/bin/env python3
"""Free the users whom dead or stuck workers of this host have left locked; run by cron.

It judges workers by their PIDs, so it must run on the sync host itself, in the
same PID namespace and as the same user as the workers.
"""

import os
import signal
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tapiriik import database, settings

WORKERS = """
SELECT process, heartbeat, heartbeat < now() - interval '10 minutes' AS stuck FROM sync_workers WHERE host = %s
"""

# The heartbeat is compared so that a new worker with a dead one's PID keeps its row.
REMOVE = "DELETE FROM sync_workers WHERE host = %s AND process = %s AND heartbeat = %s"

# A worker names the user it locks in its own row, in the same transaction.
UNLOCK = """
UPDATE users SET synchronization_worker = NULL, next_synchronization = now(), queued_at = NULL
WHERE synchronization_host = %s AND synchronization_worker IS NOT NULL AND NOT EXISTS (
    SELECT FROM sync_workers
    WHERE host = synchronization_host AND process = synchronization_worker AND user_id = users.id
)
"""

REPORT = """
INSERT INTO sync_watchdogs (host, "timestamp") VALUES (%s, now())
ON CONFLICT (host) DO UPDATE SET "timestamp" = EXCLUDED."timestamp"
"""


def is_alive(pid):
    """Whether the PID is a sync worker's; one that was taken over by something else is not."""
    try:
        return b"sync_worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid):
    """End a stuck worker, and wait until it is gone, so that it cannot write any more."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    for _ in range(50):
        if not is_alive(pid):
            return
        time.sleep(0.1)
    raise TimeoutError(f"worker {pid} outlived SIGKILL by five seconds")


def main():
    host = settings.HOST
    alive = killed = 0
    dead = []
    with closing(database.connect(statement_timeout=30)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(WORKERS, [host])
            workers = cursor.fetchall()
        for worker in workers:
            if not is_alive(worker["process"]):
                dead.append(worker)
            elif worker["stuck"]:
                kill(worker["process"])
                killed += 1
                dead.append(worker)
            else:
                alive += 1
        with connection, connection.cursor() as cursor:
            for worker in dead:
                cursor.execute(REMOVE, [host, worker["process"], worker["heartbeat"]])
            cursor.execute(UNLOCK, [host])
            unlocked = cursor.rowcount
            cursor.execute(REPORT, [host])
    print(
        f"Sync watchdog run at {datetime.now()}: {alive} workers alive,"
        f" {killed} killed, {len(dead)} removed, {unlocked} users unlocked"
    )


if __name__ == "__main__":
    main()
