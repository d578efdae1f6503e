"""Delay of deletions while pages use all of the machine.

Run from the checkout: python tests/bench/overdue_deletes.py. One `flask serve` with the worker that
it embeds, on this machine together with its clients: browsers that ask for the next page as soon as
they have one, images that wait for their sizes, and an object that is to be deleted every second.
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from itertools import cycle
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from slow_clients import migrated
from sqlalchemy import func, select

from distribu.extensions import db, queue, store
from distribu.images import attachment
from distribu.models import OutboxEntry, new_id, utc_now
from tests.images.image_files import jpeg
from tests.images.life import add_accepted
from tests.serving.front import Shop, serving_shop

PROCESSES, BROWSERS = 2, 8
PATHS = ("/store/acme/catalog", "/dashboard/inventory")
IMAGES = 40
SECONDS = 150
GOAL_SECONDS = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = migrated(Path(folder, "migrated.db"))
        shop_folder = Path(folder, "shop")
        shop_folder.mkdir()
        with serving_shop(shop_folder, database) as shop, shop.app.app_context():
            add_work(shop)
            with pages_flat_out(shop) as answered:
                worst, added = watch_outbox()
            report(worst, added, sum(answered))


def add_work(shop: Shop) -> None:
    """Images wait for a worker that has less to say than the pages."""
    for number in range(IMAGES):
        image = add_accepted(shop.cast.acme, file=jpeg(2000 + number, 1500))
        queue.enqueue("process", image.id)


@contextmanager
def pages_flat_out(shop: Shop) -> Iterator[list[int]]:
    """Browsers ask as fast as they are answered; the list has their answers after the block."""
    context, answered = multiprocessing.get_context("spawn"), []
    with context.Manager() as manager, ProcessPoolExecutor(PROCESSES, context) as processes:
        is_over, cookie = manager.Event(), shop.cookie(shop.cast.alice)
        asking = [processes.submit(ask, shop.url, cookie, is_over) for _ in range(PROCESSES)]
        try:
            yield answered
        finally:
            is_over.set()
            answered += [one.result() for one in asking]


def ask(url: str, cookie: str, is_over: Event) -> int:
    """Return the number of pages that the browsers of one process received."""

    def browse(_browser: int) -> int:
        count = 0
        with urllib3.PoolManager(timeout=60, retries=False) as http:
            for path in cycle(PATHS):
                if count % 10 == 0 and is_over.is_set():
                    return count
                assert http.request("GET", url + path, headers={"Cookie": cookie}).status == 200
                count += 1

    with ThreadPoolExecutor(BROWSERS) as browsers:
        return sum(browsers.map(browse, range(BROWSERS)))


def watch_outbox() -> tuple[float, int]:
    """Add an entry every second; return the seconds of the one that was most overdue, and all."""
    worst, added, end = 0.0, 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        add_entry()
        added += 1
        worst = max(worst, overdue_seconds())
        time.sleep(1)
    return worst, added


def add_entry() -> None:
    """An object that is to be deleted from now on, its row before it."""
    prefix = f"images/{new_id()}/"
    attachment.into_outbox(prefix, [f"{prefix}a.png"], utc_now() + timedelta(seconds=1))
    db.session.commit()
    store.put(f"{prefix}a.png", BytesIO(b"an old image"), "image/png")


def overdue_seconds() -> float:
    now, oldest = utc_now(), db.session.scalar(select(func.min(OutboxEntry.due_at)))
    db.session.rollback()
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def report(worst: float, added: int, answered: int) -> None:
    print(f"deletes while {answered / SECONDS:.0f} pages a second are answered:", end=" ")
    print(f"{added} added in {SECONDS} s, the latest {worst:.0f} s overdue", end=" ")
    print(f"(goal {GOAL_SECONDS} s)")


if __name__ == "__main__":
    main()
