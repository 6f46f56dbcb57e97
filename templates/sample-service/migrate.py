#!/usr/bin/env python3
"""Bring the schema up to date: each file of migrations/ once, in order of number.

Safe to run at any time and from several hosts at once: one works, the others
wait and then find nothing to do.
"""

import re
import sys
from contextlib import closing

from tapiriik import database, settings

LOCK = "tapiriik migrate"
NAME = re.compile(r"(\d{3,})_[a-z0-9_]+\.sql")

CREATE_RECORD = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number  integer PRIMARY KEY,
    name    text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
)
"""


def ordered(names):
    """Pairs (number, name) by number; refuses a name without one and two with the same."""
    numbered = {}
    for name in names:
        match = NAME.fullmatch(name)
        if not match:
            raise ValueError(f"{name}: a migration is named like 001_users.sql")
        number = int(match[1])
        if number in numbered:
            raise ValueError(f"{name} and {numbered[number]} have the same number")
        numbered[number] = name
    return sorted(numbered.items())


def pending(cursor, migrations):
    """The migrations that this database has not seen."""
    cursor.execute(CREATE_RECORD)
    cursor.execute("SELECT number FROM schema_migrations")
    applied = {row["number"] for row in cursor}
    return [(number, name) for number, name in migrations if number not in applied]


def apply(cursor, directory, number, name):
    """Run one file and record it, in the caller's transaction."""
    # Rather fail than queue behind a long transaction with everybody else behind us.
    cursor.execute("SET LOCAL lock_timeout = '10s'")
    cursor.execute((directory / name).read_text())
    cursor.execute("INSERT INTO schema_migrations (number, name) VALUES (%s, %s)", [number, name])


def main():
    directory = settings.ROOT / "migrations"
    migrations = ordered(path.name for path in directory.iterdir())
    with closing(database.connect()) as connection:
        if not database.try_lock(connection, LOCK):
            print("another migration is running; waiting for it", flush=True)
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [LOCK])
        with connection, connection.cursor() as cursor:
            todo = pending(cursor, migrations)
        for number, name in todo:
            with connection, connection.cursor() as cursor:
                apply(cursor, directory, number, name)
            print(f"applied {name}", flush=True)
    if not todo:
        print(f"nothing to do: all {len(migrations)} migrations were applied before")
    return 0


if __name__ == "__main__":
    sys.exit(main())
