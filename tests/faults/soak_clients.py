"""Clients of a soak run: what each does to the shop, and what it may expect to find at the end."""

import hashlib
import random
import re
import threading
from dataclasses import dataclass, field

from PIL import Image

from tests.faults.operations import FORM
from tests.faults.soak_doors import (
    DONE,
    IMAGES,
    INVENTORY,
    PRODUCTS,
    UNKNOWN,
    Doors,
    Unanswered,
)
from tests.images.image_files import saved

MOST_ALONE, MOST_IN_GALLERY, MOST_SHARED = 3, 4, 3
PAUSE_SECONDS = 0.3
EXTERNAL = "https://images.example/mug.png"
SIZES = ((48, 32), (90, 60), (130, 130), (340, 200))
# A product: the digests of its images' uploads, or an external address; None where it is gone.
State = tuple[str, ...] | None
GONE: State = None


@dataclass
class Alone:
    """A product that one client changes, and the states in which it may be found.

    A request without a known outcome may take effect late: after one the
    product is changed no more.
    """

    name: str
    states: set[State]
    id: str = ""


@dataclass
class Gallery:
    """A product with several images. has: their ids by digest; may_have: more digests."""

    name: str
    id: str
    has: dict[str, str] = field(default_factory=dict)
    may_have: set[str] = field(default_factory=set)


@dataclass
class Import:
    """An import: the states of its products before it, and their state after it."""

    job_id: str
    before: dict[str, set[State]]
    after: dict[str, State]


@dataclass(frozen=True)
class Source:
    """An image that nobody changes: its address, and the digest of its upload."""

    url: str
    sha256: str


class Shared:
    """The ids of the products that all clients change."""

    def __init__(self):
        self._lock, self._ids = threading.Lock(), []

    def add(self, product_id: str) -> None:
        with self._lock:
            self._ids.append(product_id)

    def any(self, chance: random.Random) -> str | None:
        with self._lock:
            return chance.choice(self._ids) if self._ids else None

    def take(self, chance: random.Random) -> str | None:
        """Return one that is to be deleted, where there are enough."""
        with self._lock:
            is_full = len(self._ids) >= MOST_SHARED
            return self._ids.pop(chance.randrange(len(self._ids))) if is_full else None


class Client(threading.Thread):
    """A merchant with a browser and a program, at work until is_over."""

    def __init__(self, number: int, doors: Doors, source: Source, shared: Shared):
        super().__init__(daemon=True)
        self.doors, self.source, self.shared = doors, source, shared
        self.is_over = threading.Event()
        self.products: list[Alone] = []
        self.galleries: list[Gallery] = []
        self.imports: list[Import] = []
        self._number, self._made, self._chance = number, 0, random.Random(number)
        self._open: list[Alone] = []

    def run(self) -> None:
        while not self.is_over.is_set():
            try:
                self._chance.choice(ACTIONS)(self)
            except Unanswered:
                self.is_over.wait(PAUSE_SECONDS)

    def create(self) -> None:
        """Make a product with the form, with a file or with an image that was chosen before."""
        if len(self._open) >= MOST_ALONE:
            return
        name, (file, digest) = self._new_name(), self._drawn()
        is_chosen = self._chance.random() < 0.5
        image = {"image_id": self.doors.chosen(file)} if is_chosen else {"image": ("b.png", file)}
        one = Alone(name, {GONE})
        self.products.append(one)
        outcome = self.doors.post(f"{INVENTORY}/new", FORM | {"name": name, "sku": name} | image)
        self._settle(one, outcome, (digest,))
        if outcome == DONE:
            one.id = self.doors.product_id(name)
            self._open.append(one)

    def abandon(self) -> None:
        """Choose an image, and close the tab."""
        self.doors.chosen(self._drawn()[0])

    def replace(self, one: Alone) -> None:
        file, digest = self._drawn()
        self._settle(one, self._edit(one.id, one.name, image=("c.png", file)), (digest,))

    def remove(self, one: Alone) -> None:
        self._settle(one, self._edit(one.id, one.name, remove_image="1"), ())

    def delete(self, one: Alone) -> None:
        self._settle(one, self.doors.post(f"{INVENTORY}/{one.id}/delete", {}), GONE)
        self._open = [other for other in self._open if other is not one]

    def write_image_url(self, one: Alone) -> None:
        """Write the address of the image that nobody changes, an external one, or none."""
        written = {self.source.url: (self.source.sha256,), EXTERNAL: (EXTERNAL,), None: ()}
        url, state = self._chance.choice(list(written.items()))
        outcome = self.doors.send("PATCH", f"{PRODUCTS}/{one.id}", {"imageUrl": url})
        self._settle(one, outcome, state)

    def import_products(self, one: Alone) -> None:
        """Import a new product with a copy, and have another lose its image to an address."""
        name = self._new_name()
        text = f"name,sku,price,stock,image\n{name},{name},1,1,{self.source.url}\n"
        text += f"{one.name},{one.name},1,1,{EXTERNAL}\n"
        answer = self.doors.form(f"{INVENTORY}/import", {"file": ("all.csv", text.encode())})
        if answer is None or answer.status != 303:
            return
        path = answer.headers["Location"]
        page = self.doors.page(path)
        fingerprint = page and re.search(r'name="fingerprint" value="(\w+)"', page.data.decode())
        if fingerprint:
            self._leave(one)
            self.products.remove(one)
            before = {one.name: one.states, name: {GONE}}
            after = {one.name: (EXTERNAL,), name: (self.source.sha256,)}
            self.imports.append(Import(path.rpartition("/")[2], before, after))
            self.doors.post(f"{path}/apply", {"fingerprint": fingerprint[1]})

    def upload(self) -> None:
        """Send an image to the product that has several."""
        if not self.galleries:
            name = self._new_name()
            self.galleries.append(Gallery(name, self.doors.new_product(name)))
        gallery = self.galleries[-1]
        if len(gallery.has) < MOST_IN_GALLERY:
            file, digest = self._drawn()
            outcome, image_id = self.doors.upload(gallery.id, file)
            if outcome == DONE:
                gallery.has[digest] = image_id
            elif outcome == UNKNOWN:
                gallery.may_have.add(digest)

    def take_away(self, gallery: Gallery) -> None:
        digest, image_id = self._chance.choice(list(gallery.has.items()))
        outcome = self.doors.send("DELETE", f"{IMAGES}/{gallery.id}/images/{image_id}")
        if outcome in (DONE, UNKNOWN):
            del gallery.has[digest]
        if outcome == UNKNOWN:
            gallery.may_have.add(digest)

    def reorder(self, gallery: Gallery) -> None:
        image_id = self._chance.choice(list(gallery.has.values()))
        path = f"{IMAGES}/{gallery.id}/images/{image_id}/order"
        self.doors.send("POST", path, {"afterImageId": None})

    def meddle(self) -> None:
        """Change a product that all the others change at the same time."""
        product_id = self.shared.any(self._chance)
        if product_id is None or self._chance.random() < 0.1:
            self.shared.add(self.doors.new_product(f"shared {self._new_name()}"))
            if gone := self.shared.take(self._chance):
                self.doors.send("DELETE", f"{PRODUCTS}/{gone}")
            return
        file = self._drawn()[0]
        image_ids = self.doors.image_ids(product_id)
        match self._chance.randrange(4):
            case 0:
                self._edit(product_id, "shared", image=("d.png", file))
            case 1:
                self.doors.upload(product_id, file)
            case 2 if image_ids:
                image_id = self._chance.choice(image_ids)
                self.doors.send("DELETE", f"{IMAGES}/{product_id}/images/{image_id}")
            case _:
                url = self._chance.choice([None, self.source.url])
                self.doors.send("PATCH", f"{PRODUCTS}/{product_id}", {"imageUrl": url})

    def _edit(self, product_id: str, name: str, **values) -> str:
        known = {"name": name, "sku": name, "version": self.doors.version(product_id)}
        return self.doors.post(f"{INVENTORY}/{product_id}/edit", FORM | known | values)

    def _settle(self, one: Alone, outcome: str, state: State) -> None:
        """The product is in this state now; or perhaps, where the outcome is not known."""
        if outcome == DONE:
            one.states = {state}
        elif outcome == UNKNOWN:
            one.states = one.states | {state}
            self._leave(one)

    def _leave(self, one: Alone) -> None:
        self._open = [other for other in self._open if other is not one]

    def _new_name(self) -> str:
        self._made += 1
        return f"c{self._number:02}x{self._made:05}"

    def _drawn(self) -> tuple[bytes, str]:
        """A file like no other, and its digest."""
        self._made += 1
        color = tuple(self._chance.randrange(256) for _ in range(3))
        image = Image.new("RGB", self._chance.choice(SIZES), color)
        image.putpixel((0, 0), (self._number, self._made % 256, self._made // 256))
        file = saved(image, "PNG").getvalue()
        return file, hashlib.sha256(file).hexdigest()


def _with_one(act):
    """The action on one of the client's own products, where there is one."""

    def acting(client: Client) -> None:
        if client._open:
            act(client, client._chance.choice(client._open))

    return acting


def _with_gallery(act):
    def acting(client: Client) -> None:
        if client.galleries and client.galleries[-1].has:
            act(client, client.galleries[-1])

    return acting


ACTIONS = (
    *(Client.create, Client.create, Client.abandon, Client.upload, Client.meddle, Client.meddle),
    *map(_with_one, (Client.replace, Client.replace, Client.remove, Client.delete)),
    *map(_with_one, (Client.write_image_url, Client.import_products)),
    *map(_with_gallery, (Client.take_away, Client.reorder)),
)
