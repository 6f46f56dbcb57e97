#!/usr/bin/env python3
"""Queue the users whose synchronization is due, once a second, for ever.

Exactly one scheduler works: the one whose database connection holds the
advisory lock. All its work goes through that very connection, so that a
scheduler which lost the lock cannot do any. The others wait.
"""

import json
import logging
import sys
import uuid
from contextlib import closing

import pika
from pika.exceptions import AMQPError, UnroutableError

from tapiriik import broker, database
from tapiriik.process import Backoff, GaveUp, Shutdown, log_to_stdout

LOCK = "tapiriik scheduler"
INTERVAL = 1
BATCH = 100

logger = logging.getLogger("tapiriik.sync_scheduler")

DUE = """
SELECT id, synchronization_host_restriction FROM users
WHERE next_synchronization <= now() AND queued_at IS NULL
ORDER BY next_synchronization LIMIT %s
FOR UPDATE SKIP LOCKED
"""

QUEUE = """
UPDATE users SET queued_at = now(), queued_generation = %s, next_synchronization = NULL WHERE id = %s
"""

POSTPONE = "UPDATE users SET next_synchronization = now() + interval '1 minute' WHERE id = %s"


def wait_for_lock(connection, shutdown):
    """True once this connection holds the lock, False when the process is to stop first."""
    waiting = False
    while not shutdown.requested:
        if database.try_lock(connection, LOCK):
            return True
        if not waiting:
            logger.info("Another scheduler holds the lock; waiting")
            waiting = True
        shutdown.sleep(INTERVAL)
    return False


def queue_due_users(cursor, channel):
    """Queue up to BATCH users and return how many were due.

    A message is published before its generation is committed. Should the commit
    fail, the message's generation is nobody's and the worker drops it; the user
    is still due. The other way round, a crash in between would lose the user.
    """
    cursor.execute(DUE, [BATCH])
    users = cursor.fetchall()
    for user in users:
        generation = str(uuid.uuid4())
        body = json.dumps({"user_id": user["id"], "generation": generation})
        host = user["synchronization_host_restriction"]
        try:
            channel.basic_publish(
                broker.EXCHANGE,
                host or "",
                body,
                pika.BasicProperties(content_type="application/json", delivery_mode=2),
                mandatory=True,
            )
        except UnroutableError:
            logger.warning("User %s is restricted to %s, which has no queue; postponed a minute", user["id"], host)
            cursor.execute(POSTPONE, [user["id"]])
        else:
            cursor.execute(QUEUE, [generation, user["id"]])
    return len(users)


def schedule(connection, shutdown):
    """Queue users until told to stop."""
    with broker.connect() as queue:
        channel = queue.channel()
        channel.confirm_delivery()
        broker.declare(channel)
        logger.info("Scheduling")
        while not shutdown.requested:
            with connection, connection.cursor() as cursor:
                due = queue_due_users(cursor, channel)
            if due:
                logger.info("Users queued: %d", due)
            # A full batch means that more are due; the wait keeps the broker's heartbeat going.
            queue.sleep(0 if due == BATCH else INTERVAL)


def run(shutdown):
    """Hold the lock and schedule, through any number of broken connections."""
    backoff = Backoff(shutdown, "PostgreSQL or RabbitMQ")
    while not shutdown.requested:
        try:
            with closing(database.connect()) as connection:
                if wait_for_lock(connection, shutdown):
                    schedule(connection, shutdown)
        except (AMQPError, *database.AWAY) as error:
            backoff.wait(error)


def main():
    log_to_stdout()
    try:
        run(Shutdown())
    except GaveUp as error:
        sys.exit(str(error))
    logger.info("Scheduler stopped")


if __name__ == "__main__":
    main()
