#!/usr/bin/env python3
"""Compute one row of sync_stats; run by cron, on one host or on several: one at a time works."""

from contextlib import closing

from tapiriik import database

LOCK = "tapiriik stats"

# Stranded: locked, but the worker is not listed with this user, or missed six heartbeats.
RECORD = """
INSERT INTO sync_stats (users, queued, locked, stranded, syncs_last_minute, syncs_last_hour, median_queue_seconds)
SELECT
    (SELECT count(*) FROM users),
    (SELECT count(*) FROM users WHERE queued_at IS NOT NULL AND synchronization_worker IS NULL),
    (SELECT count(*) FROM users WHERE synchronization_worker IS NOT NULL),
    (SELECT count(*) FROM users WHERE synchronization_worker IS NOT NULL AND NOT EXISTS (
        SELECT FROM sync_workers
        WHERE host = synchronization_host AND process = synchronization_worker AND user_id = users.id
            AND heartbeat > now() - interval '1 minute')),
    (SELECT count(*) FROM sync_worker_stats WHERE at > now() - interval '1 minute'),
    (SELECT count(*) FROM sync_worker_stats WHERE at > now() - interval '1 hour'),
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY queue_seconds) FROM sync_worker_stats
        WHERE at > now() - interval '1 hour')
RETURNING *
"""

FORGET = "DELETE FROM sync_worker_stats WHERE at < now() - interval '1 hour'"


def main():
    with closing(database.connect(statement_timeout=60)) as connection:
        if not database.try_lock(connection, LOCK):
            print("another run holds the lock")
            return
        with connection, connection.cursor() as cursor:
            cursor.execute(RECORD)
            stats = cursor.fetchone()
            cursor.execute(FORGET)
    print(" ".join(f"{name}={value}" for name, value in stats.items()))


if __name__ == "__main__":
    main()
