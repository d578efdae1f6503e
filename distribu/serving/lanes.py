"""The threads in which the application runs: a lane for each kind of request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import Context

# Threads of each lane; in total as many as SQLAlchemy's pool has connections.
PAGES, IMAGES, WRITES, UPLOADS, LONG_ANSWERS = "pages", "images", "writes", "uploads", "long"
PARTLESS = "partless"
THREADS = {PAGES: 4, IMAGES: 4, PARTLESS: 2, WRITES: 2, UPLOADS: 3, LONG_ANSWERS: 2}
# Answered without database, store and Redis to someone who has not signed in. Until it is noticed
# that one of these is silent, all threads of the other lanes may wait for it.
PARTLESS_PATHS = ("/login", "/register", "/healthz")
# Responses produced while they are sent, each of which holds a database cursor meanwhile.
LONG_PATHS = ("/dashboard/inventory/export",)
# How long a long response may wait until one of the others has been sent.
TURN_SECONDS = 20.0


class TooManyLongAnswers(Exception):
    """No long response could begin in time; the same request may succeed later."""


def lane_of(method: str, path: str, content_type: str) -> str:
    """Return the lane of a request: images, pages, writes, uploads or long responses."""
    if path in LONG_PATHS:
        return LONG_ANSWERS
    if method in ("GET", "HEAD"):
        if path in PARTLESS_PATHS or path.startswith("/static/"):
            return PARTLESS
        return IMAGES if path.startswith("/images/") else PAGES
    return UPLOADS if content_type.startswith("multipart/form-data") else WRITES


class Lanes:
    """The thread pools of one process."""

    def __init__(self):
        self._threads = {
            name: ThreadPoolExecutor(count, thread_name_prefix=name)
            for name, count in THREADS.items()
        }
        self._turns = asyncio.Semaphore(THREADS[LONG_ANSWERS])

    async def run(self, lane: str, context: Context, function: Callable, *args):
        """Call function in a thread of the lane, in this context, and return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads[lane], context.run, function, *args)

    @asynccontextmanager
    async def turn(self, lane: str, seconds: float = TURN_SECONDS) -> AsyncIterator[None]:
        """In the lane of long responses, wait until one more may be produced in the block.

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
