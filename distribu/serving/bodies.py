"""Receive request bodies: counted, limited, spooled."""

import asyncio
import io
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO

from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    ServiceUnavailable,
)

from ..config import MEBIBYTE
from ..http.request_body import full_disk_told
from .patience import Pace, Patience

MEMORY_BYTES = 64 * 1024
# The largest body from a visitor without a signed session or an API key.
STRANGER_BYTES = 1 * MEBIBYTE
# The most bytes of bodies that one address may have in progress.
ADDRESS_BYTES = 64 * MEBIBYTE
RETRY_SECONDS = 10
# How much of a refused body is read and discarded, so that the client sees the response.
DRAIN_BYTES = 8 * MEBIBYTE
DRAIN_SECONDS = 5.0

Receive = Callable[[], Awaitable[dict]]


class Budget:
    """The space left for bodies and answers in progress in this process, also per address."""

    def __init__(self, byte_size: int, address_bytes: int = ADDRESS_BYTES):
        self._left, self._address_bytes = byte_size, address_bytes
        self._of_address: Counter[str] = Counter()
        # Bodies arrive in the event loop, answers are made in threads.
        self._lock = threading.Lock()

    def take(self, address: str, byte_size: int) -> None:
        """Reserve space; raise ServiceUnavailable if there is not enough."""
        with self._lock:
            wanted = self._of_address[address] + byte_size
            if byte_size > self._left or wanted > self._address_bytes:
                raise ServiceUnavailable(retry_after=RETRY_SECONDS)
            self._left -= byte_size
            self._of_address[address] = wanted

    def give_back(self, address: str, byte_size: int) -> None:
        with self._lock:
            self._left += byte_size
            self._of_address[address] -= byte_size
            if not self._of_address[address]:
                del self._of_address[address]


class Share:
    """The part of a budget that one response takes until it has been sent."""

    def __init__(self, budget: Budget, address: str):
        self._budget, self._address = budget, address
        self._byte_size = 0

    def take(self, byte_size: int) -> None:
        """Reserve more space; raise ServiceUnavailable if there is not enough."""
        self._budget.take(self._address, byte_size)
        self._byte_size += byte_size

    def give_back(self) -> None:
        """Return all that was taken to the budget; may be called again."""
        self._budget.give_back(self._address, self._byte_size)
        self._byte_size = 0


class Body:
    """The body of one request, of which at most max_bytes are read into a spool.

    length: as the client declared it; None for a chunked body.
    """

    def __init__(
        self, receive: Receive, length: int | None, max_bytes: int, budget: Budget, address: str
    ):
        self._receive = receive
        self._length = length
        self._max_bytes = max_bytes
        self._budget, self._address = budget, address
        self.byte_size = 0
        self.is_begun = self.is_whole = False
        self.spool = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115, close() does

    async def read(self, patience: Patience) -> None:
        """Receive the whole body.

        Raises RequestEntityTooLarge (before the first byte if the declared
        length is too large) and ServiceUnavailable, which the application may
        render, and RequestTimeout and BadRequest for a body that it must not see.
        """
        if (self._length or 0) > self._max_bytes:
            raise RequestEntityTooLarge
        loop = asyncio.get_running_loop()
        pace = Pace(loop.time())
        while not self.is_whole:
            if patience.is_over:
                raise RequestTimeout("The server is being restarted. Send it again.")
            data = await self._next(patience, pace.deadline)
            pace.count(len(data), loop.time())
            self._keep(data)
        self.spool.seek(0)

    async def _next(self, patience: Patience, deadline: float) -> bytes:
        try:
            async with patience.until(deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise RequestTimeout("The request arrived too slowly. Send it again.") from error
        self.is_begun = True
        data = message.get("body", b"")
        arrived = self.byte_size + len(data)
        is_over = not message.get("more_body", False)
        self.is_whole = arrived == self._length or (is_over and self._length is None)
        if message["type"] == "http.disconnect" or (is_over and not self.is_whole):
            self.is_whole = False
            raise BadRequest("The request broke off.")
        return data

    def _keep(self, data: bytes) -> None:
        if self.byte_size + len(data) > self._max_bytes:
            raise RequestEntityTooLarge
        self._budget.take(self._address, len(data))
        self.byte_size += len(data)
        with full_disk_told():
            self.spool.write(data)

    async def drain(self, patience: Patience) -> None:
        """Discard the rest of the body, within limits, since clients read only after writing."""
        left = DRAIN_BYTES
        with suppress(TimeoutError):
            async with patience.until(asyncio.get_running_loop().time() + DRAIN_SECONDS):
                while left > 0 and not self.is_whole:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self.is_whole = not message.get("more_body", False)

    def close(self) -> None:
        """Close the spool and return its space to the budget; may be called again."""
        # On a full disk closing flushes the rest, and fails again.
        with suppress(OSError):
            self.spool.close()
        self._budget.give_back(self._address, self.byte_size)
        self.byte_size = 0


class Refused(io.RawIOBase):
    """The body of a refused request: reading it raises the reason.

    The application runs nevertheless, so that its page or JSON shows the error.
    """

    def __init__(self, reason: HTTPException):
        self._reason = reason

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        raise self._reason


def without_body() -> IO[bytes]:
    return io.BytesIO()
