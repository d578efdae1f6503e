"""Many images in one drop: how long until the last ladder, with which memory, beside which pages.

Run from the checkout: python tests/bench/many_images.py [photographs | tiny] [COUNT] [sqlite |
postgres], or make drop for both kinds. A folder on the disk is chosen in Chromium, its one press
is waited for, then the last ladder; meanwhile somebody asks for a catalog page twice a second.
Beside it: the same files decoded with their ladders in one sandbox, no server around. The CPU of
both is counted too, since a shared machine stretches the time, and not of both alike. Ends with an
error where an image is missing, or the page holds more than HEAP_MAX_MB.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from _processes import cpu_seconds, family, resident_mb
from flask import Flask
from flask_migrate import upgrade
from PIL import Image as Drawn
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import func, select

from distribu import create_app
from distribu.extensions import db
from distribu.images.decoding.policies import MERCHANT
from distribu.images.decoding.sandbox import Sandbox
from distribu.models import Image, Product
from tests.cli.test_cli import Served
from tests.conftest import PASSWORD, Cast, add_cast, settings
from tests.images.image_files import drawing, png
from tests.servers import find_chromium, running_postgres
from tests.test_worker import wait_until

COUNTS = {"photographs": 300, "tiny": 3000}
WAIT_SECONDS = 7200
HEAP_MAX_MB = 200
ASK_SECONDS, CALM_SECONDS = 0.5, 15
GOAL, GOAL_PAGE_MS, GOAL_PAGE_RATIO = 1.3, 10, 2
MB = 1024 * 1024


def main(kind: str = "photographs", count: str = "", database: str = "sqlite") -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        files = write_files(Path(folder) / "drop", kind, int(count or COUNTS[kind]))
        changes = {}
        if database == "postgres":
            server = stack.enter_context(running_postgres())
            changes["SQLALCHEMY_DATABASE_URI"] = server.url("postgres")
        app = prepare(Path(folder) / "instance", len(files), **changes)
        print(f"{len(files):,} {kind} on {database}", flush=True)
        with serving(app) as served:
            dropped = Drop(app, served, files)
            dropped.measure()
        decode_beside(files, dropped)


def write_files(folder: Path, kind: str, count: int) -> list[Path]:
    folder.mkdir()
    write = write_photograph if kind == "photographs" else write_tiny
    for number in range(count):
        write(folder / f"QX-{number}", number)
    return sorted(folder.iterdir())


def write_tiny(path: Path, number: int) -> None:
    path.with_suffix(".png").write_bytes(png(32 + number % 97, 8 + number // 97).getvalue())


def write_photograph(path: Path, number: int) -> None:
    """Write a JPEG of 2 megapixels with as much grain as a camera's."""
    size = (1632, 1224)
    grain = Drawn.effect_noise(size, 40 + number % 7).convert("RGB")
    image = Drawn.blend(drawing(160 + number % 50, 120).resize(size), grain, 0.2)
    image.save(path.with_suffix(".jpg"), quality=85)


def prepare(folder: Path, count: int, **changes: str) -> Flask:
    folder.mkdir()
    app = create_app(settings(folder, **changes))
    with app.app_context():
        upgrade()
        app.extensions["image_store"].prepare()
        cast = add_cast()
        add_products(cast, count)
        db.session.commit()
        db.engine.dispose()
    app.extensions["image_sandbox"].close()
    return app


def add_products(cast: Cast, count: int) -> None:
    db.session.add_all(
        Product(company_id=cast.acme, name="Board", sku=f"QX-{number}", price_minor=1)
        for number in range(count)
    )


@contextmanager
def serving(app: Flask) -> Iterator[Served]:
    served = Served(app)
    try:
        assert wait_until(served.answers)
        yield served
    finally:
        members = served.family()
        served.process.terminate()
        assert served.ends(members)
        served.process.stdout.close()


class Drop:
    """One drop of a folder, and what it took."""

    def __init__(self, app: Flask, served: Served, files: list[Path]):
        self._app, self._served, self._files = app, served, files
        self._url = f"http://127.0.0.1:{served.port}"
        self.seconds = self.server_cpu = self.browser_cpu = 0.0

    def measure(self) -> None:
        calm, is_over = Pages(self._url), threading.Event()
        threading.Timer(CALM_SECONDS, is_over.set).start()
        calm.ask(is_over)
        pages, is_over = Pages(self._url), threading.Event()
        asking = threading.Thread(target=pages.ask, args=(is_over,))
        asking.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=find_chromium(), args=["--no-sandbox"]
                )
                self._drop(browser.new_page())
                browser.close()
        finally:
            is_over.set()
            asking.join()
        goal = max(GOAL_PAGE_MS, GOAL_PAGE_RATIO * calm.p95)
        print(f"catalog, p95: alone {calm.p95:.1f} ms, meanwhile {pages.p95:.1f}", end=" ")
        print(f"(goal {goal:.1f}), slowest {max(pages.times):.0f}", flush=True)
        self._count_images()

    def _drop(self, page: Page) -> None:
        cdp = self._sign_in(page)
        server = self._served.process.pid
        print(f"before: page {heap_mb(cdp):.0f} MB, server {resident_mb(server):.0f} MB")
        browsing = family(os.getpid()) - family(server) - {os.getpid()}
        cpu_before = cpu_seconds(family(server)), cpu_seconds(browsing)
        began = time.monotonic()
        page.set_input_files("#drop-folder", self._files[0].parent)
        page.wait_for_selector("#drop-start:not([disabled])", timeout=1000 * WAIT_SECONDS)
        print(f"table after {time.monotonic() - began:.1f} s", flush=True)
        page.click("#drop-start")
        self._wait(page, cdp, began)
        self.browser_cpu = cpu_seconds(browsing) - cpu_before[1]
        while self._unfinished():
            time.sleep(0.5)
        self.seconds = time.monotonic() - began
        self.server_cpu = cpu_seconds(family(server)) - cpu_before[0]

    def _sign_in(self, page: Page):
        page.set_default_timeout(60_000)
        page.goto(f"{self._url}/login?next=/dashboard/inventory/images")
        page.fill("[name=email]", "alice@acme.test")
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#drop-folder", state="attached")
        cdp = page.context.new_cdp_session(page)
        cdp.send("Performance.enable")
        return cdp

    def _wait(self, page: Page, cdp, began: float) -> None:
        """The press is over; say when, and with how much memory at most."""
        page_mb = server_mb = 0.0
        while "saved." not in page.inner_text("#drop-status"):
            page_mb = max(page_mb, heap_mb(cdp))
            server_mb = max(server_mb, resident_mb(self._served.process.pid))
            if time.monotonic() - began > WAIT_SECONDS:
                raise SystemExit("not saved in two hours")
            time.sleep(1)
        print(f"{page.inner_text('#drop-status')} After {time.monotonic() - began:.0f} s")
        print(
            f"at most: page {page_mb:.0f} MB of heap, server with its decoders {server_mb:.0f} MB"
        )
        if page_mb > HEAP_MAX_MB:
            raise SystemExit(f"the page holds {page_mb:.0f} MB")

    def _unfinished(self) -> bool:
        with self._app.app_context():
            is_open = select(Image.id).where(Image.ladder_version.is_(None)).limit(1)
            return db.session.scalar(is_open) is not None

    def _count_images(self) -> None:
        saved = select(func.count()).where(Image.product_id.is_not(None))
        with self._app.app_context():
            there = db.session.scalar(saved)
            db.engine.dispose()
        if there != len(self._files):
            raise SystemExit(f"{there} images of {len(self._files)}")


class Pages:
    """Somebody who asks for the first catalog page twice a second."""

    def __init__(self, url: str):
        self._url = f"{url}/store/acme/catalog"
        self.times: list[float] = []

    def ask(self, is_over: threading.Event) -> None:
        with urllib3.PoolManager(timeout=60, retries=False) as http:
            while not is_over.wait(ASK_SECONDS):
                started = time.perf_counter()
                assert http.request("GET", self._url).status == 200
                self.times.append(1000 * (time.perf_counter() - started))

    @property
    def p95(self) -> float:
        return quantiles(self.times, n=20)[-1]


def heap_mb(cdp) -> float:
    """Megabytes of the page's JavaScript."""
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize") / MB


def decode_beside(files: list[Path], dropped: Drop) -> None:
    """Decode the same files in a process of its own, and print the ratios to it."""
    command = [sys.executable, __file__, "decode", str(files[0].parent)]
    before, began = os.times(), time.monotonic()
    subprocess.run(command, check=True)
    seconds, after = time.monotonic() - began, os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    print(
        f"the last ladder after {dropped.seconds:.0f} s, decoding alone {seconds:.0f} s:", end=" "
    )
    print(f"{dropped.seconds / seconds:.2f} (goal {GOAL})")
    print(f"CPU of server and decoders {dropped.server_cpu:.0f} s, alone {cpu:.0f} s:", end=" ")
    print(f"{dropped.server_cpu / cpu:.2f}; Chromium beside {dropped.browser_cpu / cpu:.2f}")


def decode_alone(folder: Path) -> None:
    sandbox = Sandbox(processes=2)

    def make(path: Path) -> None:
        content = path.read_bytes()
        publication = sandbox.publish(BytesIO(content), MERCHANT)
        made = [publication.stable, publication.thumbnail]
        for one in [*made, *sandbox.derive(BytesIO(content), MERCHANT, with_thumbnail=False)]:
            one.file.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(make, sorted(folder.iterdir())))
    sandbox.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["decode"]:
        decode_alone(Path(sys.argv[2]))
    else:
        main(*sys.argv[1:])
