"""PostgreSQL: connections that notice a dead peer, and advisory locks by name."""

from contextlib import closing, contextmanager

import psycopg2
from psycopg2.extras import RealDictCursor

from tapiriik.process import Backoff

# Lost or refused connections and statements that were cancelled: worth another attempt.
AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError)


def connect(connect_timeout=5, statement_timeout=0):
    """Open a connection; both time-outs are in seconds, 0 is none.

    Keep-alives are set on both ends: without them the server would hold the
    locks of a host that lost its power for two hours.
    """
    return psycopg2.connect(
        connect_timeout=connect_timeout,
        cursor_factory=RealDictCursor,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=25000,
        options=(
            "-c timezone=UTC -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5"
            f" -c tcp_keepalives_count=3 -c statement_timeout={statement_timeout}s"
        ),
    )


@contextmanager
def transaction(**options):
    """A cursor on a connection of its own: committed and closed at the end."""
    with closing(connect(**options)) as connection, connection, connection.cursor() as cursor:
        yield cursor


def try_lock(connection, name):
    """Take the advisory lock for the life of this connection; False when somebody has it."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s)) AS taken", [name])
        return cursor.fetchone()["taken"]


class Session:
    """One connection for a long-running process, opened again whenever it breaks."""

    def __init__(self, shutdown):
        self._backoff = Backoff(shutdown, "PostgreSQL")
        self._connection = None

    def transaction(self, work):
        """Return work(cursor), committed; repeated as a whole while the database is away."""
        while True:
            try:
                if self._connection is None:
                    self._connection = connect()
                with self._connection, self._connection.cursor() as cursor:
                    result = work(cursor)
                self._backoff.reset()
                return result
            except AWAY as error:
                self.close()
                self._backoff.wait(error)

    def close(self):
        """Let the connection go, whatever state it is in."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
