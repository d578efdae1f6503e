"""The process that dies in the crash test: it makes one change of images, point by point.

Run by test_crash.py. Every line of standard input holds the settings of
an app and names a change. In a fork of its own that app goes through the
change unharmed, which tells the points; then it forks once a point, of
all or of a sample (tests/faults/points.py), where the fork kills itself.
After each death another fork sweeps and compares. The answer is one line
of JSON. Nothing here starts a thread, which a fork would lose.
"""

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BytesIO
from typing import TypeVar
from unittest.mock import ANY

from flask import Flask
from sqlalchemy import event, select

from distribu import create_app
from distribu.extensions import db, store
from distribu.images import attachment, intake, outbox, processing, rebuilding, staging
from distribu.images.decoding import ladder, publishing, wire
from distribu.images.decoding.policies import COMMERCE
from distribu.images.decoding.probe import probe, turned
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import ImageStore
from distribu.models import PROCESSING, Image, OutboxEntry, utc_now
from tests.conftest import add_product
from tests.faults.points import chosen
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png
from tests.images.life import add_accepted, add_company, named_by_rows, upload

T = TypeVar("T")
# Every window is over by then: of a writer, of a choice, of a failed delete.
LATER = timedelta(hours=25)


def small() -> BytesIO:
    """An image whose ladder has one rung."""
    return png(40, 20)


class DecoderHere:
    """Decodes in this process, which is to die: children would only make it slower."""

    def publish(
        self, file, policy, wait_seconds=None, info=None, turn=0, **options
    ) -> wire.Publication:
        info = turned(info or probe(file, policy), turn)
        made = publishing.publish(file, policy, info, **options)
        # What the parent adds to the answer of a child.
        sizes = {name: 1 for name in ("width_px", "height_px", "byte_size")}
        made.facts |= {"original": sizes, "published": sizes, "frames": 1, "label_kept": False}
        return made

    def derive(self, file, policy, turn=0, **options) -> list[wire.Derivative]:
        return publishing.derive(file, policy, turned(probe(file, policy), turn), **options)

    def close(self) -> None:
        """There is nothing to close."""


class Death:
    """Counts the points that are passed, and kills this process at one of them."""

    def __init__(self, at: int | None):
        self.at, self.points, self.is_armed = at, [], False

    def passes(self, point: str) -> None:
        if not self.is_armed:
            return
        if len(self.points) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.points.append(point)

    def in_store(self, store: ImageStore) -> ImageStore:
        """The store, with a point before and after each of its calls."""
        inner = FlakyStore(store, ANY, "after", lambda: self.passes(f"after {inner.calls[-1][0]}"))
        outer = FlakyStore(
            inner, ANY, "before", lambda: self.passes(f"before {outer.calls[-1][0]}")
        )
        return outer

    def _passes_call(self, store: FlakyStore) -> None:
        self.passes(f"{store.moment} {store.calls[-1].method}")

    @contextmanager
    def in_commits(self) -> Iterator[None]:
        points = {
            f"{moment}_commit": lambda _, moment=moment: self.passes(f"{moment} commit")
            for moment in ("before", "after")
        }
        for name, listener in points.items():
            event.listen(db.session, name, listener)
        yield
        for name, listener in points.items():
            event.remove(db.session, name, listener)


class Shop:
    """A company in the state that a change needs."""

    def __init__(self):
        self.company_id = add_company(f"shop-{utc_now().timestamp()}")

    def staged(self) -> Image:
        return staging.stage(self.company_id, upload(small()))

    def product_with(self, *images: Image):
        product = add_product(self.company_id)
        locked = attachment.lock_product(product.id, self.company_id)
        for image in images:
            attachment.attach(locked, image.id)
        db.session.commit()
        return product

    def locked(self, product):
        return attachment.lock_product(product.id, self.company_id)

    def save(self) -> None:
        """Save as a view does at the end of a request."""
        db.session.commit()
        outbox.drain_request()


def stage(shop: Shop) -> Callable[[], object]:
    return shop.staged


def turn(shop: Shop) -> Callable[[], object]:
    source = shop.staged()
    return lambda: staging.stage_turned(shop.company_id, source, 1)


def attach(shop: Shop) -> Callable[[], object]:
    product, image_id = shop.product_with(), shop.staged().id

    def change() -> None:
        attachment.attach(shop.locked(product), image_id)
        shop.save()

    return change


def replace(shop: Shop) -> Callable[[], object]:
    product, image_id = shop.product_with(shop.staged()), shop.staged().id

    def change() -> None:
        attachment.replace(shop.locked(product), image_id)
        shop.save()

    return change


def remove(shop: Shop) -> Callable[[], object]:
    product = shop.product_with(shop.staged())

    def change() -> None:
        attachment.remove(shop.locked(product))
        shop.save()

    return change


def delete(shop: Shop) -> Callable[[], object]:
    product = shop.product_with(shop.staged(), shop.staged())

    def change() -> None:
        locked = shop.locked(product)
        attachment.remove_all(locked)
        db.session.delete(locked)
        shop.save()

    return change


def process(shop: Shop) -> Callable[[], object]:
    image_id = shop.staged().id
    shop.product_with(db.session.get(Image, image_id))

    def change() -> None:
        processing.process(image_id)
        outbox.drain_request()

    return change


def process_accepted(shop: Shop) -> Callable[[], object]:
    product = shop.product_with()
    product.external_image_url = "https://example.com/a.jpg"
    image_id = add_accepted(shop.company_id, product, small()).id

    def change() -> None:
        processing.process(image_id)
        processing.process(image_id)
        outbox.drain_request()

    return change


def accept(shop: Shop) -> Callable[[], object]:
    product = shop.product_with()

    def change() -> None:
        sent = intake.examine(small(), "blue-widget.png", COMMERCE)
        with intake.received(shop.company_id, sent) as image:
            intake.add(shop.locked(product), image, sent, limit=100)
        shop.save()

    return change


def accept_over_limit(shop: Shop) -> Callable[[], object]:
    product = shop.product_with(shop.staged())

    def change() -> None:
        sent = intake.examine(small(), "another.png", COMMERCE)
        with (
            suppress(attachment.ImageLimitReached),
            intake.received(shop.company_id, sent) as image,
        ):
            intake.add(shop.locked(product), image, sent, limit=1)
        outbox.drain_request()

    return change


def copy(shop: Shop) -> Callable[[], object]:
    source = shop.staged()
    shop.product_with(source)
    return lambda: staging.stage_copy(shop.company_id, source)


def abandon(shop: Shop) -> Callable[[], object]:
    shop.staged()
    return lambda: outbox.sweep(utc_now() + LATER)


def rebuild(shop: Shop) -> Callable[[], object]:
    image = shop.staged()
    image_id = image.id
    processing.process(image_id)
    outbox.drain_request()
    image.derivatives = [_aged(image, made) for made in image.derivatives]
    image.ladder_version = 0
    store.delete_prefix(f"{image.prefix}v{ladder.LADDER_VERSION}/")
    db.session.commit()
    return lambda: rebuilding.rebuild(image_id)


def _aged(image: Image, made: dict) -> dict:
    """The derivative as one of ladder version 0, and its object there."""
    old = made | {"path": made["path"].replace(f"v{ladder.LADDER_VERSION}/", "v0/")}
    with store.open(image.key(made["path"])) as file:
        store.put(image.key(old["path"]), BytesIO(file.read()), "image/webp")
    return old


_ALL = (
    *(stage, turn, attach, replace, remove, delete, process, process_accepted, accept),
    *(accept_over_limit, copy, abandon, rebuild),
)
CHANGES = {change.__name__: change for change in _ALL}


def go_through(app: Flask, name: str, at: int | None) -> list[str]:
    """Do the change; return the points passed, unless the process dies at one."""
    death = Death(at)
    watched = death.in_store(open_store(app.config["IMAGE_STORE_URL"]))
    with app.app_context(), death.in_commits(), store_of(app, watched):
        change = CHANGES[name](Shop())
        death.is_armed = True
        change()
        death.is_armed = False
    return death.points


def sweep_and_compare(app: Flask) -> list[str]:
    """Sweep once and do what that queued; return what is wrong then."""
    later = utc_now() + LATER
    huey = app.extensions["huey"]
    with app.app_context(), store_of(app, open_store(app.config["IMAGE_STORE_URL"])):
        outbox.sweep(later)
        while (task := huey.dequeue()) is not None:
            processing.process(task.args[1], later)
        outbox.drain(now=later)
        keys, named = store.keys(), named_by_rows()
        unfinished = db.session.scalars(select(Image.id).where(Image.status == PROCESSING)).all()
        left = db.session.scalars(select(OutboxEntry.prefix)).all()
    return [
        *(f"nobody's: {key}" for key in sorted(keys - named)),
        *(f"missing: {key}" for key in sorted(named - keys)),
        *(f"unfinished: {image_id}" for image_id in unfinished),
        *(f"still to be deleted: {prefix}" for prefix in left),
    ]


def die_everywhere(settings: dict, name: str) -> dict:
    app = create_app(settings)
    app.extensions["image_sandbox"] = DecoderHere()
    open_store(settings["IMAGE_STORE_URL"]).prepare()
    # Here, so that what is compiled and loaded for it is there in every fork; no connection is.
    points = go_through(app, name, None)
    disconnect(app)
    gc.freeze()
    faults = {}
    tried = chosen(points, name)
    for number in tried:
        if in_fork(lambda at=number: go_through(app, name, at)) is not None:
            faults[f"{number} {points[number]}"] = ["it did not die"]
        elif found := in_fork(lambda: sweep_and_compare(app)):
            faults[f"{number} {points[number]}"] = found
    return {"points": points, "tried": tried, "faults": faults}


def disconnect(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    app.extensions["huey"].storage.close()


def in_fork(work: Callable[[], T]) -> T | None:
    """Return what work returns in a fork of this process, or None where SIGKILL ends it.

    Where it raises, that is the lines of the traceback.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            result = work()
        except BaseException:
            result = traceback.format_exc().splitlines()
        with os.fdopen(writing, "w") as answer:
            json.dump(result, answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        result = answer.read()
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else json.loads(result)


def main() -> None:
    # What a killed process has written is not lost; only a loss of power would need this.
    os.fsync = lambda descriptor: None
    gc.freeze()
    for line in sys.stdin:
        outcome = in_fork(lambda asked=line: die_everywhere(*json.loads(asked)))
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
