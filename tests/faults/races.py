"""Rounds in which a product is deleted while others are at it, through every door."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from threading import Barrier

from flask import Flask
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.images import attachment, outbox, processing, staging
from distribu.models import Image, Product
from tests.conftest import add_product, signed_in
from tests.faults.operations import FORM
from tests.faults.world import World
from tests.images.image_files import png
from tests.images.life import add_accepted, upload

# Rounds between two sweeps, each followed by an audit of rows, objects and addresses.
EVERY = 50
# Of the others before the delete, in seconds: it is the shortest of all, and would come first.
MOST_HEAD_START = 0.05
EXTERNAL = "https://images.example/lamp.png"


@dataclass
class Round:
    """A product with a finished image and one that waits; another image is chosen for it."""

    world: World
    ids: dict[str, str]
    version: int
    url: str

    @property
    def app(self) -> Flask:
        return self.world.app

    def edit(self, **values) -> int:
        data = FORM | {"name": "lamp", "version": str(self.version)} | values
        return self.form(f"/{self.ids['product']}/edit", data)

    def form(self, path: str, data: dict | None = None, **options) -> int:
        client = signed_in(self.app, self.world.ids["alice"])
        path = f"/dashboard/inventory{path}"
        return client.post(path, data=data or {}, **options).status_code

    def field(self, action: str, **values) -> int:
        query = {"product_id": self.ids["product"]}
        return self.form(f"/image/{action}", values, query_string=query)

    def write(self, image_url: str | None, method: str = "PATCH") -> int:
        body = {"name": "lamp", "price": 1, "stock": 3, "imageUrl": image_url}
        return self.world.rest(method, f"/products/{self.ids['product']}", json=body).status_code

    def commerce(self, path: str, body: dict) -> int:
        return self.world.commerce.post(f"/{self.ids['product']}{path}", body).status_code

    def work(self, task: Callable[[], object]) -> None:
        with self.app.app_context():
            task()
            outbox.drain_request()


Act = Callable[[Round], int | None]

DELETES: dict[str, Act] = {
    "form delete": lambda one: one.form(f"/{one.ids['product']}/delete"),
    "rest delete": lambda one: one.world.rest.delete(f"/products/{one.ids['product']}").status_code,
}
ACTS: dict[str, Act] = {
    "save a file": lambda one: one.edit(image=(png(48, 20), "another.png")),
    "save a choice": lambda one: one.edit(image_id=one.ids["chosen"]),
    "save an old form": lambda one: one.edit(version="1", image_id=one.ids["chosen"]),
    "save a bad price": lambda one: one.edit(price="much", image_id=one.ids["chosen"]),
    "save without image": lambda one: one.edit(remove_image="1"),
    "preview": lambda one: one.field("preview", image=(png(50, 20), "another.png")),
    "turn": lambda one: one.field("rotate-left"),
    "give up a choice": lambda one: one.field("keep", image_id=one.ids["chosen"]),
    "rest null": lambda one: one.write(None),
    "rest same": lambda one: one.write(one.url, "PUT"),
    "rest external": lambda one: one.write(EXTERNAL),
    "rest copy": lambda one: (
        one.world.rest.patch(f"/products/{one.ids['other']}", {"imageUrl": one.url}).status_code
    ),
    "commerce upload": lambda one: (
        one.world.commerce.send(one.ids["product"], (png(52, 20), "more.png")).status_code
    ),
    "commerce delete": lambda one: (
        one.world.commerce.delete(f"/{one.ids['product']}/images/{one.ids['image']}").status_code
    ),
    "commerce order": lambda one: one.commerce(
        f"/images/{one.ids['waiting']}/order", {"afterImageId": None}
    ),
    "commerce alt text": lambda one: one.commerce(
        f"/images/{one.ids['image']}", {"altText": "Blue"}
    ),
    "commerce variant": lambda one: one.commerce(
        f"/variants/{one.ids['product']}/image", {"imageId": one.ids["image"]}
    ),
    "process": lambda one: one.work(lambda: processing.process(one.ids["waiting"])),
    "sweep": lambda one: one.work(outbox.sweep),
    **DELETES,
}


@dataclass
class Races:
    """Rounds on one database; each failure names its round, so that it can be repeated."""

    world: World
    answers: dict[int | None, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def play(self, rounds: int) -> None:
        """Play some rounds, and audit the shop after some of them and the last one."""
        for number in range(rounds):
            self._play_one(number)
            if number % EVERY == EVERY - 1 or number == rounds - 1:
                self.world.recover()
                self.wrong += self.world.faults()

    def _play_one(self, number: int) -> None:
        random, one = Random(number), self._begin()
        names = [random.choice(list(DELETES)), *random.sample(list(ACTS), 2)]
        start, head_start = Barrier(len(names)), random.uniform(0, MOST_HEAD_START)

        def act(name: str) -> int | None:
            start.wait()
            if name in DELETES:
                time.sleep(head_start)
            return ACTS[name](one)

        with ThreadPoolExecutor(len(names)) as threads:
            answers = list(zip(names, threads.map(act, names), strict=True))
        for name, status in answers:
            self.answers[status] = self.answers.get(status, 0) + 1
            if status is not None and status >= 500:
                self.wrong.append(f"round {number}, {name} beside {names}: {status}")
        self._expect_gone(number, one.ids["product"])

    def _begin(self) -> Round:
        """Another product; the one of the round before has been deleted."""
        acme = self.world.ids["acme"]
        with self.world.app.app_context():
            product = add_product(acme, name="lamp")
            image = staging.stage(acme, upload(png(40, 20)))
            product = attachment.lock_product(product.id, acme)
            attachment.attach(product, image.id)
            db.session.commit()
            waiting = add_accepted(acme, product, png(56, 20), position=1)
            chosen = staging.stage(acme, upload(png(44, 20)))
            ids = {"product": product.id, "image": image.id, "waiting": waiting.id}
            ids |= {"chosen": chosen.id, "other": self.world.ids["mug"]}
            return Round(self.world, ids, product.version, image.url)

    def _expect_gone(self, number: int, product_id: str) -> None:
        with self.world.app.app_context():
            rows = [
                db.session.scalar(select(func.count()).where(column == product_id))
                for column in (Product.id, Image.product_id)
            ]
        if rows != [0, 0]:
            self.wrong.append(f"round {number}: {rows} rows are left of the product")


def begin_races(app: Flask) -> Races:
    """A shop in which nobody has played yet."""
    world = World(app)
    world.begin()
    world.forget_bytes()
    return Races(world)
