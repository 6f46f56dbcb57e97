#!/usr/bin/env python3
"""One sync worker: takes users off the queue, one at a time, and synchronizes them.

SIGTERM lets it finish the user in hand. It also ends by itself after
RECYCLE_INTERVAL messages; whatever supervises it is to start it again. When the
synchronization itself crashes, so does the worker, without acknowledging the
message: the user is retried at once by whichever worker gets it next.
"""

import json
import logging
import os
import sys
import time
from datetime import datetime

from pika.exceptions import AMQPError

from tapiriik import broker, database, settings
from tapiriik.process import Backoff, GaveUp, Shutdown, log_to_stdout
from tapiriik.sync.records import Records
from tapiriik.sync.worker import synchronize

logger = logging.getLogger("tapiriik.sync_worker")


def announce(event):
    """Tell the supervisor's log where in its life this worker is."""
    logger.info("Sync worker %d %s at %s", os.getpid(), event, datetime.now())


class Worker:
    """Consumes the common queue and the host's own until told to stop."""

    def __init__(self, shutdown):
        self._shutdown = shutdown
        self._session = database.Session(shutdown)
        self._records = Records(self._session)
        self._connection = None
        self._inbox = []
        self._handled = 0

    def run(self):
        """Work until the end, through any number of broken connections."""
        self._records.report("startup")
        announce("initialized")
        backoff = Backoff(self._shutdown, "RabbitMQ")
        while not self._done():
            try:
                with broker.connect() as self._connection:
                    backoff.reset()
                    self._consume()
            except AMQPError as error:
                backoff.wait(error)
        announce("shutting down cleanly")
        self._records.remove()
        self._session.close()

    def _done(self):
        return self._shutdown.requested or 0 < settings.RECYCLE_INTERVAL <= self._handled

    def _consume(self):
        channel = self._connection.channel()
        # One unacknowledged message for the channel, not one for each of its queues.
        channel.basic_qos(prefetch_count=1, global_qos=True)
        self._inbox.clear()
        queues = broker.declare(channel, settings.HOST)
        for queue in queues:
            channel.basic_consume(queue, lambda _, method, __, body: self._inbox.append((method.delivery_tag, body)))
        self._records.report("ready")
        announce("ready")
        # A queue that somebody deletes takes its consumer with it: connect again, which makes both anew.
        while not self._done() and len(channel.consumer_tags) == len(queues):
            self._connection.process_data_events(time_limit=1)
            self._records.heartbeat()
            if self._inbox and not self._shutdown.requested:
                delivery_tag, body = self._inbox.pop()
                self._handle(body)
                channel.basic_ack(delivery_tag)

    def _handle(self, body):
        self._handled += 1
        try:
            message = json.loads(body)
            user_id, generation = message["user_id"], message["generation"]
        except (ValueError, KeyError, TypeError):
            logger.warning("Dropped a message that names no user: %r", body)
            return
        user = self._records.lock(user_id, generation)
        if user:
            synchronize(user, self._records, self._rest)

    def _rest(self, seconds):
        """Let time pass within a synchronization while broker and watchdog keep hearing from us."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._records.heartbeat()
            # A user is finished without the broker too: the acknowledgement fails, and run() connects again.
            if not self._connection.is_open:
                time.sleep(min(left, 1))
                continue
            try:
                self._connection.process_data_events(time_limit=min(left, 1))
            except AMQPError as error:
                logger.warning("RabbitMQ is away, finishing the user first: %r", error)


def main():
    log_to_stdout()
    announce("booting")
    # Users' logs are for this user and the log's group only: 0640.
    os.umask(0o027)
    if not os.access(settings.USER_SYNC_LOGS, os.W_OK | os.X_OK):
        sys.exit(f"USER_SYNC_LOGS: {settings.USER_SYNC_LOGS} is not a directory that can be written to")
    try:
        Worker(Shutdown()).run()
    except GaveUp as error:
        sys.exit(str(error))
    announce("shut down")


if __name__ == "__main__":
    main()
