"""A small shop that is put back to its start after each fault, and an audit of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO

from flask import Flask
from sqlalchemy import RowMapping, select, update

from distribu.extensions import db
from distribu.images import attachment, outbox, processing, staging
from distribu.images.stores.contract import ImageStore
from distribu.importing import jobs
from distribu.models import READY, Image, Installation, OutboxEntry, Product, utc_now
from tests.api.conftest import Caller as RestCaller
from tests.api.conftest import add_key
from tests.commerce.conftest import Caller as CommerceCaller
from tests.conftest import add_cast, add_product, signed_in
from tests.images.crash_child import DecoderHere
from tests.images.image_files import png
from tests.images.life import upload

# Every window is over by then: of a writer, of a choice, of a freeze, of a failed delete.
LATER = timedelta(hours=25)
FOLDERS = "images", "incoming"
TASKS = {"process": processing.process, "import_products": jobs.run}


@dataclass
class World:
    """Acme with a product that has an image, one that has none, and what is to be restored."""

    app: Flask
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> ImageStore:
        return self.app.extensions["image_store"]

    def begin(self) -> None:
        """The shop as every operation finds it."""
        self.app.extensions["image_sandbox"] = DecoderHere()
        with self.app.app_context():
            cast = add_cast()
            self.ids = {"acme": cast.acme, "alice": cast.alice}
            for name in ("lamp", "mug"):
                self.ids[name] = add_product(cast.acme, name=name, sku=name).id
            for name, width in (("first", 40), ("second", 44)):
                self.ids[name] = self.shown("lamp", png(width, 20))
        self.ids["key"] = add_key(self.app, cast.acme, cast.alice)
        self.alice = signed_in(self.app, cast.alice)
        self.rest = RestCaller(self.app, self.ids["key"])
        self.commerce = CommerceCaller(self.app, self.ids["key"])

    def shown(self, product: str, file: BytesIO) -> str:
        """The id of a finished image behind the others of the product."""
        image_id = staging.stage(self.ids["acme"], upload(file)).id
        attachment.attach(attachment.lock_product(self.ids[product], self.ids["acme"]), image_id)
        db.session.commit()
        processing.process(image_id)
        outbox.drain_request()
        self.app.extensions["huey"].storage.flush_queue()
        return image_id

    def take_picture(self) -> None:
        """Remember all rows and objects, for restore()."""
        with self.app.app_context():
            self._rows = {
                table: [_restorable(row) for row in db.session.execute(select(table)).mappings()]
                for table in db.metadata.sorted_tables
            }
            self._objects = contents(self.store)

    def forget_bytes(self) -> None:
        """The shop is not put back: what is published then is compared with its rows alone."""
        self._objects = {}

    def unowned(self) -> list[str]:
        """Objects that belong to no row, and objects that a finished image lacks."""
        with self.app.app_context():
            images = list(db.session.scalars(select(Image)))
            prefixes = tuple(f"{folder}/{one.id}/" for one in images for folder in FOLDERS)
            prefixes += tuple(db.session.scalars(select(OutboxEntry.prefix)))
            named = {
                f"images/{one.id}/{_path(one, made)}" for one in images for made in one.derivatives
            }
        keys = self.store.keys()
        return [
            *(f"orphan: {key}" for key in sorted(keys) if not key.startswith(prefixes)),
            *(f"dangling: {key}" for key in sorted(named - keys)),
        ]

    def restore(self) -> None:
        """The shop is as it was: rows, objects, and nothing in the queue."""
        self.app.extensions["huey"].storage.flush_queue()
        self.app.extensions.pop("image_store_id", None)
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
            for table in reversed(self._rows):
                db.session.execute(table.delete())
            for table, rows in self._rows.items():
                if rows:
                    db.session.execute(table.insert(), rows)
            db.session.commit()
        for key, body in contents(self.store).items():
            if self._objects.get(key) != body:
                self.store.delete(key)
        for key in self._objects.keys() - self.store.keys():
            self.store.put(key, BytesIO(self._objects[key]), "application/octet-stream")

    def recover(self) -> None:
        """Do what a worker does in the day after: sweep, work on the queue, drain."""
        # A sweep that was harmed ran a day from now already.
        later = utc_now() + 2 * LATER
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
            db.session.execute(update(Installation).values(frozen_until=None))
            db.session.commit()
            for _ in range(2):
                jobs.recover(later)
                outbox.sweep(later)
                self._work(later)
            outbox.drain(now=later + LATER)

    def _work(self, now) -> None:
        huey = self.app.extensions["huey"]
        while (task := huey.dequeue()) is not None:
            name, subject = task.args
            TASKS[name](subject, now)
            outbox.drain_request()

    def state(self) -> list[tuple]:
        """Return the merchants' view of the products, independent of ids."""
        with self.app.app_context():
            products = db.session.scalars(select(Product).order_by(Product.name, Product.id))
            return [
                (one.name, one.external_image_url, [_seen(image) for image in one.images])
                for one in products
            ]

    def faults(self, store: ImageStore | None = None) -> list[str]:
        """Compare rows and objects both ways, and ask for each address; return what is wrong."""
        with self.app.app_context():
            images = list(db.session.scalars(select(Image)))
            named = {
                f"images/{one.id}/{_path(one, made)}": made
                for one in images
                for made in one.derivatives
            }
            uploads = {
                f"incoming/{one.id}/upload"
                for one in images
                if one.ladder_version is None or one.status == "ERROR"
            }
            addresses = {
                f"/images/{one.id}/{_path(one, made)}"
                for one in images
                if one.status == READY and one.product_id
                for made in one.derivatives
            }
            left = list(db.session.scalars(select(OutboxEntry.prefix)))
            unfinished = [one.id for one in images if one.ladder_version is None]
        bodies = contents(store or self.store)
        return [
            *(f"orphan: {key}" for key in sorted(bodies.keys() - named.keys() - uploads)),
            *(f"dangling: {key}" for key in sorted((named.keys() | uploads) - bodies.keys())),
            *(
                f"wrong size: {key}"
                for key, made in named.items()
                if key in bodies and len(bodies[key]) != made["byte_size"]
            ),
            *(
                f"not the bytes that were published: {key}"
                for key in named
                if key in self._objects and bodies.get(key) != self._objects[key]
            ),
            *(f"still to be deleted: {prefix}" for prefix in left),
            *(f"unfinished: {image_id}" for image_id in unfinished),
            *(
                wrong
                for address in sorted(addresses)
                for wrong in self._ask(address, bodies.get(address[1:]))
            ),
        ]

    def _ask(self, address: str, body: bytes | None) -> Iterator[str]:
        answer = self.app.test_client().get(address)
        if (answer.status_code, answer.data) != (200, body):
            yield f"{answer.status_code} for {address}"


def _restorable(row: RowMapping) -> dict:
    # A trigger gives it, to each row anew.
    return {name: value for name, value in row.items() if name != "search_number"}


def _seen(image: Image) -> tuple:
    return image.sha256, image.status, image.ladder_version


def _path(image: Image, made: dict) -> str:
    return made["path"] or image.public_name


def contents(store: ImageStore) -> dict[str, bytes]:
    found = {}
    for key in sorted(store.keys()):
        with store.open(key) as file:
            found[key] = file.read()
    return found
