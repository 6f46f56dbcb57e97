"""Simulated fitness services: they take time, find activities, and one fails now and then."""

import logging
import random
import secrets
from dataclasses import dataclass

SPORTS = ("Running", "Cycling", "Swimming", "Walking")


class ServiceException(Exception):
    """A service did not do what was asked; the rest of the synchronization goes on."""


@dataclass
class Activity:
    """Something the user did, as found on one service."""

    uid: str
    sport: str

    def __str__(self):
        return f"{self.sport} {self.uid}"


class Service:
    """One remote site; failure_rate is the share of its listings that fail."""

    def __init__(self, module, failure_rate=0.0):
        self.id = module.lower()
        self._failure_rate = failure_rate
        self._logger = logging.getLogger(f"tapiriik.services.{module}.{self.id}")

    def list_activities(self, exhaustive, spend):
        """The activities that are new; spend() takes this step's share of the time."""
        self._logger.debug("Requesting activities, %s", "all pages" if exhaustive else "first page")
        spend()
        try:
            self._read_response()
        except TimeoutError as error:
            raise ServiceException(f"{self.id} did not return the activity list") from error
        found = [Activity(secrets.token_hex(6), random.choice(SPORTS)) for _ in range(random.randint(0, 2))]
        self._logger.debug("Found %d new activities", len(found))
        return found

    def upload(self, activity):
        """Send the activity to the service."""
        self._logger.debug("Uploading %s", activity.uid)

    def _read_response(self):
        if random.random() < self._failure_rate:
            raise TimeoutError("read timed out after 60 seconds")


GARMIN_CONNECT = Service("GarminConnect", failure_rate=1 / 6)
OTHERS = [Service(module) for module in ("Strava", "Dropbox", "RunKeeper", "TrainingPeaks")]


def connected(user_id):
    """The services of a user, always the same ones: Garmin Connect and one to three others."""
    choice = random.Random(user_id)
    return [GARMIN_CONNECT, *choice.sample(OTHERS, choice.randint(1, 3))]
