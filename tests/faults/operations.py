"""Every operation on images: how its world is prepared, and the operation through its door."""

from collections.abc import Callable
from io import BytesIO

from distribu.extensions import db, store
from distribu.images import outbox, processing, rebuilding, staging
from distribu.images.decoding import ladder
from distribu.images.moving import Move
from distribu.images.stores.by_url import open_store
from distribu.importing import jobs
from distribu.models import Company, Image, Product, utc_now
from tests.faults.world import LATER, World
from tests.images.image_files import png
from tests.images.life import add_accepted, upload

# An operation answers with the status of its response; what runs behind the pages, with None.
Operation = Callable[[], int | None]
FORM = {"price": "12.50", "stock": "7", "stock_shown": "0", "unit": "each", "is_active": "y"}


def create(world: World) -> Operation:
    def act() -> int:
        data = FORM | {"name": "plate", "image": (png(48, 20), "plate.png")}
        return world.alice.post("/dashboard/inventory/new", data=data).status_code

    return act


def _edit(world: World, **values) -> int:
    data = FORM | {"name": "lamp", "version": str(world.ids["version"])} | values
    path = f"/dashboard/inventory/{world.ids['lamp']}/edit"
    return world.alice.post(path, data=data).status_code


def _with_version(world: World) -> None:
    with world.app.app_context():
        world.ids["version"] = db.session.get_one(Product, world.ids["lamp"]).version


def replace(world: World) -> Operation:
    _with_version(world)
    return lambda: _edit(world, image=(png(48, 20), "another.png"))


def remove(world: World) -> Operation:
    _with_version(world)
    return lambda: _edit(world, remove_image="1")


def delete(world: World) -> Operation:
    path = f"/dashboard/inventory/{world.ids['lamp']}/delete"
    return lambda: world.alice.post(path).status_code


def reorder(world: World) -> Operation:
    path = f"/{world.ids['lamp']}/images/{world.ids['second']}/order"
    return lambda: world.commerce.post(path, {"afterImageId": None}).status_code


def commerce_upload(world: World) -> Operation:
    return lambda: world.commerce.send(world.ids["mug"], (png(52, 20), "mug.png")).status_code


def commerce_delete(world: World) -> Operation:
    path = f"/{world.ids['lamp']}/images/{world.ids['first']}"
    return lambda: world.commerce.delete(path).status_code


def rest_copy(world: World) -> Operation:
    with world.app.app_context():
        url = db.session.get_one(Image, world.ids["first"]).url
    path = f"/products/{world.ids['mug']}"
    return lambda: world.rest.patch(path, {"imageUrl": url}).status_code


def rest_null(world: World) -> Operation:
    path = f"/products/{world.ids['lamp']}"
    return lambda: world.rest.patch(path, {"imageUrl": None}).status_code


def csv_import(world: World) -> Operation:
    """A new product with a copy of an image, and one that loses its image to an address."""
    with world.app.app_context():
        url = db.session.get_one(Image, world.ids["first"]).url
        text = (
            "name,sku,price,stock,image\n"
            f"jug,jug,1,1,{url}\nmug,mug,1,1,https://images.example/mug.png\n"
        )
        job = jobs.new_job(world.ids["acme"], world.ids["alice"], "all.csv", text.encode())
        db.session.add(job)
        db.session.commit()
        company = db.session.get_one(Company, world.ids["acme"])
        plan = jobs.make_plan(company, jobs.reading_of(job, jobs.table_of(job)))
        job_id, fingerprint = job.id, plan.fingerprint

    def act() -> None:
        with world.app.app_context():
            jobs.agree(db.session.get_one(jobs.ImportJob, job_id), fingerprint)
            jobs.run(job_id)
            outbox.drain_request()

    return act


def process(world: World) -> Operation:
    """Process an accepted upload: READY, then its ladder."""
    with world.app.app_context():
        mug = db.session.get_one(Product, world.ids["mug"])
        image_id = add_accepted(world.ids["acme"], mug, png(56, 20)).id

    def act() -> None:
        with world.app.app_context():
            for _ in range(2):
                processing.process(image_id)
                outbox.drain_request()

    return act


def sweep(world: World) -> Operation:
    """A choice that was never saved, an upload whose task was lost, and an entry to drain."""
    with world.app.app_context():
        staging.stage(world.ids["acme"], upload(png(60, 20)))
        mug = db.session.get_one(Product, world.ids["mug"])
        add_accepted(world.ids["acme"], mug, png(64, 20))

    def act() -> None:
        with world.app.app_context():
            outbox.sweep(utc_now() + LATER)

    return act


def move(world: World) -> Operation:
    target = open_store(world.ids["target"])

    def act() -> None:
        with world.app.app_context():
            run = Move(target, pause=_nothing)
            run.copy(_nothing)
            run.finish(_nothing)

    return act


def rebuild(world: World) -> Operation:
    """An image whose ladder is of an older version gets the one of today."""
    with world.app.app_context():
        image = db.session.get_one(Image, world.ids["first"])
        image.derivatives = [_aged(image, made) for made in image.derivatives]
        image.ladder_version = 0
        store.delete_prefix(f"{image.prefix}v{ladder.LADDER_VERSION}/")
        db.session.commit()

    def act() -> None:
        with world.app.app_context():
            rebuilding.rebuild(world.ids["first"])

    return act


def _aged(image: Image, made: dict) -> dict:
    old = made | {"path": made["path"].replace(f"v{ladder.LADDER_VERSION}/", "v0/")}
    if old["path"] != made["path"]:
        with store.open(image.key(made["path"])) as file:
            store.put(image.key(old["path"]), BytesIO(file.read()), "image/webp")
    return old


def _nothing(*_) -> None:
    """Nobody watches."""


_ALL = (
    *(create, replace, remove, delete, reorder, commerce_upload, commerce_delete),
    *(rest_copy, rest_null, csv_import, process, sweep, move, rebuild),
)
OPERATIONS = {operation.__name__: operation for operation in _ALL}
