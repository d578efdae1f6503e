"""A store that fails, or does something else, at a chosen call; and the way to put it in place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from flask import Flask

from distribu.images.stores.contract import ImageStore, StoredObject, StoreUnavailable


class Call(NamedTuple):
    method: str
    subject: str


@contextmanager
def store_of(app: Flask, store: ImageStore) -> Iterator[ImageStore]:
    """Have the app use this store for the block, as if it had been started with it."""
    names = {"image_store", "image_store_id"}
    before = {name: app.extensions.pop(name) for name in names & app.extensions.keys()}
    app.extensions["image_store"] = store
    try:
        yield store
    finally:
        # The id is that of the store that was just used.
        app.extensions.pop("image_store_id", None)
        app.extensions.update(before)


def unavailable() -> None:
    raise StoreUnavailable("The store is down, as the test asked.")


class FlakyStore(ImageStore):
    """Pass every call on to store, except that then() runs at the chosen ones.

    at: the number of one call, counted from 0 in calls; the name of a
    method, for each of its calls; or None, for no call at all. It may be
    set anew at any time.
    moment: "before" the call reaches the store, or "after" it did.
    then: what happens; unavailable() if not told, or for example a SIGKILL.
    calls: what has been called so far, so that an unharmed run tells the points.
    """

    def __init__(
        self,
        store: ImageStore,
        at: int | str | None = None,
        moment: str = "before",
        then: Callable[[], None] = unavailable,
    ):
        self.store, self.at, self.moment, self.then = store, at, moment, then
        self.calls: list[Call] = []
        self.PUT_SECONDS = store.PUT_SECONDS

    def put(self, key: str, file: BinaryIO, content_type: str) -> None:
        self._pass_on(Call("put", key), lambda: self.store.put(key, file, content_type))

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        return self._pass_on(Call("open", key), lambda: self.store.open(key, start, length))

    def stat(self, key: str) -> StoredObject:
        return self._pass_on(Call("stat", key), lambda: self.store.stat(key))

    def delete_prefix(self, prefix: str) -> None:
        self._pass_on(Call("delete_prefix", prefix), lambda: self.store.delete_prefix(prefix))

    def delete(self, key: str) -> None:
        self._pass_on(Call("delete", key), lambda: self.store.delete(key))

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        call = Call("objects", prefix)
        return iter(self._pass_on(call, lambda: list(self.store.objects(prefix, after))))

    def prepare(self) -> None:
        self._pass_on(Call("prepare", ""), self.store.prepare)

    def installation_id(self) -> str:
        return self._pass_on(Call("installation_id", ""), self.store.installation_id)

    def _pass_on(self, call: Call, ask: Callable[[], Any]) -> Any:
        is_chosen = self.at in (len(self.calls), call.method)
        self.calls.append(call)
        if is_chosen and self.moment == "before":
            self.then()
        answer = ask()
        if is_chosen and self.moment == "after":
            self.then()
        return answer
