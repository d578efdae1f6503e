"""HTTP connections on which every request is answered or fails within a known time."""

from types import TracebackType
from typing import Any, Self

from urllib3 import (
    BaseHTTPResponse,
    HTTPConnectionPool,
    HTTPSConnectionPool,
    PoolManager,
    Retry,
    Timeout,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, TimeoutError

from ...budgets import Breaker, OutOfTime, seconds_left

CONNECT_SECONDS = 5
# The whole body of a put must be sent in this time: 32 MiB at 13 Mbit/s.
SEND_SECONDS = 20
READ_SECONDS = 20
RETRIES = 2
BACKOFF_SECONDS = 0.2
# A host may have an IPv6 and an IPv4 address; both are tried.
ADDRESSES = 2
CONNECTIONS = 16


def longest_request() -> float:
    """Return the seconds after which a request has failed, counting every attempt.

    Only a server that sends its response head byte by byte takes longer.
    """
    attempt = ADDRESSES * CONNECT_SECONDS + SEND_SECONDS + READ_SECONDS
    return float((RETRIES + 1) * attempt + BACKOFF_SECONDS * 2**RETRIES)


def new_connections() -> PoolManager:
    """Return a connection pool for requests that are all safe to repeat."""
    retries = _Retry(
        total=RETRIES,
        backoff_factor=BACKOFF_SECONDS,
        status_forcelist=(500, 502, 503, 504),
        raise_on_status=False,
        redirect=False,
        # Repeat POST as well: S3 uses it for deletion.
        allowed_methods=None,
        # A Retry-After of an hour would hold the caller for an hour.
        respect_retry_after_header=False,
    )
    # urllib3 counts the sending of the body as part of connect.
    patience = Timeout(connect=SEND_SECONDS, read=READ_SECONDS)
    connections = _Connections(patience, retries)
    connections.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return connections


class _Connections(PoolManager):
    """Connections to one server that respect the time budget of the web request."""

    def __init__(self, patience: Timeout, retries: Retry):
        super().__init__(maxsize=CONNECTIONS, timeout=patience, retries=retries)
        self._breaker = Breaker("The server")

    # Same signature as urllib3's PoolManager, which itself differs from its base class.
    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        with self._breaker.wait(_is_silence) as seconds:
            if seconds is not None:
                options["timeout"] = Timeout(
                    connect=min(SEND_SECONDS, seconds), read=min(READ_SECONDS, seconds)
                )
            return super().urlopen(method, url, redirect, **options)


class _Retry(Retry):
    """Retries, except after a time-out in a web request, whose time is then spent."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if error and _is_silence(error) and seconds_left() is not None:
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _is_silence(error: BaseException) -> bool:
    reason = error.reason if isinstance(error, MaxRetryError) else error
    return isinstance(reason, (TimeoutError, OutOfTime))


class _Connection(HTTPConnection):
    """A connection that is made within CONNECT_SECONDS, however long a body may take."""

    def connect(self) -> None:
        patience = self.timeout
        self.timeout = CONNECT_SECONDS if patience is None else min(CONNECT_SECONDS, patience)
        try:
            super().connect()
        finally:
            self.timeout = patience
        self.sock.settimeout(patience)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
