"""The synchronization of one user whom this process has locked."""

import logging
import os
import random

from tapiriik import settings
from tapiriik.sync import userlog
from tapiriik.sync.services import ServiceException, connected

logger = logging.getLogger(__name__)


def synchronize(user, records, rest):
    """Synchronize, unlock and reschedule a locked user, with a log of all of it.

    rest(seconds) lets time pass. An exception of the task itself is logged and
    raised, after the user was unlocked and rescheduled.
    """
    task = SynchronizationTask(user, records, rest)
    finished = False
    try:
        with userlog.recorded(user["id"]):
            try:
                task.run()
            except Exception:
                logger.exception("Core sync exception")
                raise
        finished = True
    finally:
        rescheduled_for, result = records.release(user, finished, task.errors)
        userlog.append_trailer(user["id"], rescheduled_for, result)


class SynchronizationTask:
    """Lists the activities on each service, then uploads each to the services that lack it."""

    def __init__(self, user, records, rest):
        self.errors = 0
        self._user_id = user["id"]
        self._exhaustive = user["next_sync_is_exhaustive"]
        self._records = records
        self._rest = rest
        self._services = connected(self._user_id)
        self._seconds_a_service = settings.SYNC_SECONDS * random.uniform(0.5, 1.5) / len(self._services)

    def run(self):
        """Do it all; a service that fails is counted and passed over."""
        logger.info("Beginning sync for %s(exhaustive: %s)", self._user_id, self._exhaustive)
        found = []
        for done, service in enumerate(self._services):
            self._records.progress(self._user_id, "list", done / len(self._services))
            found += [(service, activity) for activity in self._list(service)]
        for done, (source, activity) in enumerate(found):
            self._records.progress(self._user_id, "upload", done / len(found))
            self._upload(source, activity)
        logger.info("Writing back service data")
        logger.info("Writing back activity records")
        logger.info("Finalizing")
        logger.info("Unlocking user")
        logger.info("Finished sync for %s (worker %d)", self._user_id, os.getpid())

    def _list(self, service):
        logger.info("\tRetrieving list from %s", service.id)
        try:
            return service.list_activities(self._exhaustive, spend=lambda: self._rest(self._seconds_a_service))
        except ServiceException:
            logger.exception("Service exception")
            self.errors += 1
            return []

    def _upload(self, source, activity):
        destinations = [service for service in self._services if service is not source]
        logger.info("\t%s from %s", activity, source.id)
        logger.info("\t\t...to %s", [service.id for service in destinations])
        for service in destinations:
            logger.info("\t  Uploading to %s", service.id)
            service.upload(activity)
            logger.info("\t  Uploaded")
