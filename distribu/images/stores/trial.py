"""Try out every operation that a store must support, with a test object."""

import io

from .contract import PRIVATE, PUBLIC, ImageStore, ObjectNotFound, StoreMisconfigured

# No image has this id, since ids begin with the time. The next trial overwrites leftovers.
TRIAL_ID = "0" * 26
_CONTENT = b"Distribu tries out this store. This object may be deleted."
# Another process may try out the same store and delete the object meanwhile.
_ATTEMPTS = 5


def try_out(store: ImageStore) -> None:
    """Put, read, list and delete one object under each prefix. Raises StoreError."""
    for folder in (PUBLIC, PRIVATE):
        key = f"{folder}{TRIAL_ID}/trial"
        _put_and_read(store, key)
        _refuse_wrong_publicity(store, key, is_expected=folder == PUBLIC)
        _delete(store, f"{folder}{TRIAL_ID}/")


def _put_and_read(store: ImageStore, key: str) -> None:
    for _ in range(_ATTEMPTS):
        store.put(key, io.BytesIO(_CONTENT), "text/plain")
        try:
            with store.open(key) as file:
                found = file.read()
        except ObjectNotFound:
            continue
        if found != _CONTENT:
            raise StoreMisconfigured(
                f"{store} gave back other bytes than it was given.", "Use another store."
            )
        return
    raise StoreMisconfigured(f"{store} has lost what it was given.", "Use another store.")


def _refuse_wrong_publicity(store: ImageStore, key: str, is_expected: bool) -> None:
    is_public = store.is_read_by_everyone(key)
    if is_public is None or is_public == is_expected:
        return
    if is_expected:
        raise StoreMisconfigured(
            f"Not everyone can read the images in {store}.",
            f"Let its policy allow everyone to read {PUBLIC}*, or add ?policy=keep to"
            " DISTRIBU_IMAGE_STORE_URL.",
        )
    raise StoreMisconfigured(
        f"Everyone can read uploads as they came in {store}.", f"Restrict its policy to {PUBLIC}*."
    )


def _delete(store: ImageStore, prefix: str) -> None:
    for _ in range(_ATTEMPTS):
        store.delete_prefix(prefix)
        if not any(store.objects(prefix)):
            return
    raise StoreMisconfigured(
        f"{store} says that it deletes, and does not.",
        "Let the key delete, and switch off locks and retention of the bucket.",
    )
