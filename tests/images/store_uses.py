"""Every way to use a store, for tests that expect the same of each."""

import io

from distribu.images.stores.contract import ImageStore

WIDGET = "images/01JD/blue-widget.jpg"
UPLOAD = "incoming/01JD/upload"


def put(store: ImageStore, key: str, content: bytes = b"0123456789") -> None:
    store.put(key, io.BytesIO(content), "image/jpeg")


def read(store: ImageStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    with store.open(key, start, length) as file:
        return file.read()


USES = {
    "put": lambda store: put(store, WIDGET),
    "open": lambda store: read(store, WIDGET),
    "stat": lambda store: store.stat(WIDGET),
    "delete_prefix": lambda store: store.delete_prefix("images/01JD/"),
    "delete": lambda store: store.delete(WIDGET),
    "keys": lambda store: store.keys(),
    "installation_id": lambda store: store.installation_id(),
    "prepare": lambda store: store.prepare(),
}
