"""Connections to PostgreSQL on which every wait ends, even if the server is silent.

A hanging server may acknowledge each packet and still never answer.
"""

import time
from functools import cache
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

from .budgets import Breaker, OutOfTime

# Per wait; a request may spend more on several waits together.
ANSWER_SECONDS = 5.0
# Per wait of a worker or a command, which has no budget; none of their statements takes this long.
UNCOUNTED_SECONDS = 3600.0
CONNECT_SECONDS = 4
# A connection that waits for a server that has vanished notices it within 90 seconds.
KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}


class BoundedConnection(psycopg.Connection):
    """A connection that gives up on a silent server, and is closed then."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "BoundedConnection":
        options = {"connect_timeout": CONNECT_SECONDS, **KEEPALIVES} | options
        address = f"{options.get('host', '')}:{options.get('port', '')}"
        try:
            with _breaker(address).wait(_is_silence):
                connection = super().connect(conninfo, **options)
        except OutOfTime as error:
            raise psycopg.OperationalError(str(error)) from error
        connection.breaker = _breaker(address)
        return connection

    # None while connecting, which connect() guards itself.
    breaker: Breaker | None = None

    def wait(self, gen: PQGen[RV], *arguments: Any, **options: Any) -> RV:
        if self.breaker is None:
            return super().wait(gen, *arguments, **options)
        try:
            with self.breaker.wait(_is_silence) as seconds:
                most = UNCOUNTED_SECONDS if seconds is None else min(seconds, ANSWER_SECONDS)
                return super().wait(_ending(gen, most), *arguments, **options)
        except OutOfTime as error:
            # It is unknown what the server has done, so the connection cannot be used again.
            self.pgconn.finish()
            raise psycopg.OperationalError(str(error)) from error


def _ending(gen: PQGen[RV], seconds: float) -> PQGen[RV]:
    """Yield from gen until the given seconds are over, then raise OutOfTime."""
    deadline = time.monotonic() + seconds
    try:
        wanted = next(gen)
    except StopIteration as end:
        return end.value
    while True:
        # The waiting function resumes this at least ten times per second, ready or not.
        ready = yield wanted
        if not ready and time.monotonic() >= deadline:
            raise OutOfTime("The database does not answer.")
        try:
            wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def _is_silence(error: BaseException) -> bool:
    return isinstance(error, (OutOfTime, psycopg.errors.ConnectionTimeout))


@cache
def _breaker(address: str) -> Breaker:
    """Return the breaker shared by all connections of this process to one server."""
    return Breaker("The database")
