"""Everything that is configured, read from the environment; libpq reads PGHOST and its kin itself."""

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION = (ROOT / "VERSION").read_text().strip()
RELEASE = os.environ.get("RELEASE", "")
HOST = socket.gethostname()

# The log's path is made by plain concatenation, hence exactly one slash at the end.
USER_SYNC_LOGS = os.environ.get("USER_SYNC_LOGS", "/var/log/sync/").rstrip("/") + "/"

SYNC_INTERVAL = float(os.environ.get("SYNC_INTERVAL", 3600))
SYNC_INTERVAL_JITTER = 0.08
SYNC_SECONDS = float(os.environ.get("SYNC_SECONDS", 1.0))
RECYCLE_INTERVAL = int(os.environ.get("RECYCLE_INTERVAL", 200))
WORKER_INDEX = int(os.environ.get("TAPIRIIK_WORKER_INDEX", 0))


def required(name):
    """The variable's value; ends the process with a plain message when it is missing."""
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set")
    return value
