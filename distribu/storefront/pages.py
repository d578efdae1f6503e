"""Whole pages, kept under what they were made of."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class KeptPage:
    """A page as it is sent, and the ETag that names these very bytes."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, html: str) -> "KeptPage":
        body = html.encode()
        return cls(body, hashlib.sha256(body).hexdigest()[:32])


class KeptPages:
    """The pages that were asked for last, at most max_count of them."""

    def __init__(self, max_count: int):
        self._max_count = max_count
        self._pages: OrderedDict[Hashable, KeptPage] = OrderedDict()
        self._lock = Lock()

    def kept(self, key: Hashable, make: Callable[[], str]) -> KeptPage:
        """The page of this key; made, and kept for the next who asks, where there is none yet.

        key: everything that the page depends on.
        """
        with self._lock:
            if page := self._pages.get(key):
                self._pages.move_to_end(key)
                return page
        # Made outside the lock: two who ask at once may both make it, and neither waits.
        page = KeptPage.of(make())
        with self._lock:
            self._pages[key] = page
            if len(self._pages) > self._max_count:
                self._pages.popitem(last=False)
        return page

    def forget(self) -> None:
        """Every page is made anew."""
        with self._lock:
            self._pages.clear()
