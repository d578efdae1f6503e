"""The threads that the application runs in: a lane for each kind of request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import Context

# Threads of each lane. As many as SQLAlchemy's pool has connections, altogether.
PAGES, IMAGES, WRITES, UPLOADS, LONG_ANSWERS = "pages", "images", "writes", "uploads", "long"
PARTLESS = "partless"
THREADS = {PAGES: 4, IMAGES: 4, PARTLESS: 2, WRITES: 2, UPLOADS: 3, LONG_ANSWERS: 2}
# What is answered without database, store and Redis, to somebody who has not signed in: until it is
# noticed that one of them is silent, the threads of all else may wait for it.
PARTLESS_PATHS = ("/login", "/register", "/healthz")
# Made while they are sent, whatever their length: each holds a cursor of the database meanwhile.
LONG_PATHS = ("/dashboard/inventory/export",)
# How long a long answer waits until one of the others has been sent.
TURN_SECONDS = 20.0


class TooManyLongAnswers(Exception):
    """Others have been under way all the time; the same request may succeed later."""


def lane_of(method: str, path: str, content_type: str) -> str:
    """The lane of a request: images are only sent, pages only read, forms with files decoded."""
    if path in LONG_PATHS:
        return LONG_ANSWERS
    if method in ("GET", "HEAD"):
        if path in PARTLESS_PATHS or path.startswith("/static/"):
            return PARTLESS
        return IMAGES if path.startswith("/images/") else PAGES
    return UPLOADS if content_type.startswith("multipart/form-data") else WRITES


class Lanes:
    """The threads of one process."""

    def __init__(self):
        self._threads = {
            name: ThreadPoolExecutor(count, thread_name_prefix=name)
            for name, count in THREADS.items()
        }
        self._turns = asyncio.Semaphore(THREADS[LONG_ANSWERS])

    async def run(self, lane: str, context: Context, function: Callable, *args):
        """Return what function returns, called in a thread of the lane in this context."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads[lane], context.run, function, *args)

    @asynccontextmanager
    async def turn(self, lane: str, seconds: float = TURN_SECONDS) -> AsyncIterator[None]:
        """Wait, in the lane of long answers, until one more may be made and sent in the block.

        Raises TooManyLongAnswers.
        """
        if lane != LONG_ANSWERS:
            yield
            return
        if not seconds and self._turns.locked():
            raise TooManyLongAnswers
        try:
            await asyncio.wait_for(self._turns.acquire(), seconds or None)
        except TimeoutError as error:
            raise TooManyLongAnswers from error
        try:
            yield
        finally:
            self._turns.release()
