"""The real processes, used by 20 clients while parts and processes fail; then an audit.

Usage: python -m tests.faults.soak [embedded] [servers]     (make soak)

SOAK_MINUTES: how long each kind of shop is used, ten by default. Processes are killed, and the
database, the store and the queue are cut off or fall silent, one at a time and sometimes together.
Then all is left alone and, as after a day, swept. The audit compares rows and objects both ways,
gets each address, compares bytes, and holds each product to what its client was answered.
Exit status: 1 if anything is left, dangling, lost or untrue.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from distribu.extensions import db
from distribu.images import doctor
from distribu.importing.jobs import DONE, QUEUED, RUNNING
from distribu.models import Image, ImportJob, Product
from tests.api.conftest import add_key
from tests.conftest import signed_in
from tests.faults.conftest import LEFT_BEHIND
from tests.faults.soak_clients import GONE, Client, Gallery, Import, Shared, Source, State
from tests.faults.soak_doors import DONE as ANSWERED
from tests.faults.soak_doors import REFUSED, UNKNOWN, Doors
from tests.faults.soak_site import SITES, Site
from tests.faults.world import World
from tests.test_worker import wait_until

CLIENTS = 20
MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
CALM_SECONDS, OUTAGE_SECONDS = (2, 6), (0.5, 4)


def main(kinds: list[str]) -> int:
    is_whole = [run(kind) for kind in kinds or SITES]
    return 0 if all(is_whole) else 1


def run(kind: str) -> bool:
    """Use one kind of shop; return whether nothing was found."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, SITES[kind](Path(folder)) as site:
        world = _world(site)
        with site.app.app_context():
            lamp = _state("lamp")
        site.start()
        clients = _clients(site, world)
        for client in clients:
            client.start()
        harm = _harm(site, time.monotonic() + 60 * MINUTES)
        for client in clients:
            client.is_over.set()
        for client in clients:
            client.join()
        site.revive()
        assert wait_until(site.answers), "the shop did not come back"
        site.stop()
        world.recover()
        with site.app.app_context():
            found = [*world.faults(), *_doctored(), *_lost(clients), *_lost_product("lamp", {lamp})]
        wrong = [one for client in clients for one in client.doors.wrong]
        print(_told(kind, clients, harm), *found, *wrong, sep="\n  ")
        print(f"{kind}: {_counted(found)}, {len(wrong)} untrue answers", flush=True)
        if found or wrong:
            print(f"The logs are in {_kept_logs(kind, site)}.")
        return not (found or wrong)


def _world(site: Site) -> World:
    """The shop as it begins: a product whose images nobody changes."""
    world = World(site.app)
    world.begin()
    world.take_picture()
    return world


def _clients(site: Site, world: World) -> list[Client]:
    shared, acme, alice = Shared(), world.ids["acme"], world.ids["alice"]
    with site.app.app_context():
        image = db.session.get_one(Image, world.ids["first"])
        source = Source(image.url, image.sha256)
    name = site.app.config["SESSION_COOKIE_NAME"]
    clients = []
    for number in range(CLIENTS):
        key = add_key(site.app, acme, alice, f"client {number}")
        cookie = f"{name}={signed_in(site.app, alice).get_cookie(name).value}"
        clients.append(Client(number, Doors(site.url, cookie, key), source, shared))
    return clients


def _harm(site: Site, end: float) -> Counter[str]:
    """Kill and cut until the end, and start again what has died; return what was done how often."""
    chance, done = random.Random(), Counter()
    while time.monotonic() < end:
        time.sleep(chance.uniform(*CALM_SECONDS))
        site.revive()
        if chance.random() < 0.5:
            done[f"killed {chance.choice(site.processes).kill_one(chance)}"] += 1
        if chance.random() < 0.6:
            name = chance.choice(list(site.outages))
            done[name] += 1
            with site.outages[name]():
                time.sleep(chance.uniform(*OUTAGE_SECONDS))
    return done


def _doctored() -> Iterator[str]:
    yield from (f"doctor: {finding}" for finding in doctor.examine())


def _lost(clients: list[Client]) -> Iterator[str]:
    """Return the answers to clients that turned out untrue."""
    for client in clients:
        for one in client.products:
            yield from _lost_product(one.name, one.states)
        for gallery in client.galleries:
            yield from _lost_from_gallery(gallery)
        for one in client.imports:
            yield from _lost_import(one)


def _lost_product(name: str, states: set[State]) -> Iterator[str]:
    state = _state(name)
    if state not in states:
        yield f"lost: {name} is {state}, and may be {states}"


def _lost_from_gallery(gallery: Gallery) -> Iterator[str]:
    found = set(_state(gallery.name) or ())
    yield from (f"lost: {one} of {gallery.name}" for one in gallery.has.keys() - found)
    extra = found - gallery.has.keys() - gallery.may_have
    yield from (f"untrue: {gallery.name} has {one}, which was deleted" for one in extra)


def _lost_import(one: Import) -> Iterator[str]:
    job = db.session.get(ImportJob, one.job_id)
    status = job and job.status
    if status in (QUEUED, RUNNING):
        yield f"lost: the import {one.job_id} is {status}"
    for name, before in one.before.items():
        yield from _lost_product(name, {one.after[name]} if status == DONE else before)


def _state(name: str) -> State:
    product = db.session.scalar(select(Product).where(Product.name == name))
    if product is None:
        return GONE
    if product.external_image_url:
        return (product.external_image_url,)
    return tuple(image.sha256 for image in product.images)


def _told(kind: str, clients: list[Client], harm: Counter[str]) -> str:
    outcomes = sum((client.doors.outcomes for client in clients), Counter())
    imports = sum(len(client.imports) for client in clients)
    counts = ", ".join(f"{outcomes[name]:,} {name}" for name in (ANSWERED, REFUSED, UNKNOWN))
    harms = ", ".join(f"{name} {times} times" for name, times in sorted(harm.items()))
    changes = f"{sum(outcomes.values()):,} changes ({counts}), {imports} imports"
    return f"{kind}, {MINUTES:g} minutes: {changes}; {harms}"


def _counted(found: list[str]) -> str:
    text = "\n".join(found)
    others = [one for one in found if not one.startswith(tuple(LEFT_BEHIND))]
    counts = [f"{text.count(sign)} {name}" for sign, name in LEFT_BEHIND.items()]
    return ", ".join([*counts, f"{len(others)} other findings"])


def _kept_logs(kind: str, site: Site) -> Path:
    """Keep the logs of the processes beyond the run; return in which folder."""
    folder = Path(tempfile.gettempdir(), f"logs-of-soak-{kind}")
    shutil.copytree(site.logs, folder, ignore=_all_but_logs, dirs_exist_ok=True)
    return folder


def _all_but_logs(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".log")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
