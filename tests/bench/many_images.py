"""Thousands of images in one drop: how long it takes, and what page and server need of memory.

Run from the checkout: python tests/bench/many_images.py [tiny | photographs] [COUNT]; without
arguments 3,000 tiny files. A folder on the disk is chosen in Chromium, and its one press is waited
for, then the last ladder. Beside it: the same files decoded with their ladders in one sandbox, no
server around. Ends with an error where an image is missing, or the page holds more than
HEAP_MAX_MB.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import func, select

from distribu import create_app
from distribu.extensions import db
from distribu.images.decoding.policies import MERCHANT
from distribu.images.decoding.sandbox import Sandbox
from distribu.models import Image, Product
from tests.conftest import PASSWORD, add_cast
from tests.images.image_files import jpeg, png
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 3600
HEAP_MAX_MB = 200
MB = 1024 * 1024


def main(kind: str = "tiny", count: str = "3000") -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = write_files(Path(folder) / "drop", kind, int(count))
        os.environ["DISTRIBU_INSTANCE"] = str(Path(folder) / "instance")
        app = prepare(len(files))
        with serving() as (url, process), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            measure(app, browser.new_page(), url, process.pid, files)
            browser.close()
        began = time.monotonic()
        decode_alone(files)
        print(f"decoded in one sandbox, no server: {time.monotonic() - began:.0f} s")


def write_files(folder: Path, kind: str, count: int) -> list[Path]:
    folder.mkdir()
    for number in range(count):
        side = number % 97
        file = png(32 + side, 8 + number // 97)
        if kind == "photographs":
            file = jpeg(1632 + number, 1224)
        (folder / f"QX-{number}.{'jpg' if kind == 'photographs' else 'png'}").write_bytes(
            file.getvalue()
        )
    return sorted(folder.iterdir())


def prepare(count: int) -> Flask:
    app = create_app()
    with app.app_context():
        upgrade()
        app.extensions["image_store"].prepare()
        cast = add_cast()
        db.session.add_all(
            Product(company_id=cast.acme, name="Board", sku=f"QX-{number}", price_minor=1)
            for number in range(count)
        )
        db.session.commit()
        db.engine.dispose()
    return app


@contextmanager
def serving() -> Iterator[tuple[str, subprocess.Popen]]:
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "distribu", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(30)


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.5)
    raise SystemExit("the server did not start")


def measure(app: Flask, page: Page, url: str, pid: int, files: list[Path]) -> None:
    page.set_default_timeout(60_000)
    page.goto(f"{url}/login?next=/dashboard/inventory/images")
    page.fill("[name=email]", "alice@acme.test")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#drop-folder")
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    print(f"before: page {heap(cdp):.0f} MB, server {resident(pid):.0f} MB")
    began = time.monotonic()
    page.set_input_files("#drop-folder", files[0].parent)
    page.wait_for_selector("#drop-start:not([disabled])")
    print(f"table of {len(files):,} files after {time.monotonic() - began:.1f} s")
    page.click("#drop-start")
    page_mb = server_mb = 0.0
    while "saved." not in page.inner_text("#drop-status"):
        page_mb, server_mb = max(page_mb, heap(cdp)), max(server_mb, resident(pid))
        if time.monotonic() - began > WAIT_SECONDS:
            raise SystemExit("not saved in an hour")
        time.sleep(1)
    print(f"{page.inner_text('#drop-status')} after {time.monotonic() - began:.0f} s")
    print(f"at most: page {page_mb:.0f} MB of heap, server with its decoders {server_mb:.0f} MB")
    while unfinished(app):
        time.sleep(1)
    print(f"last ladder after {time.monotonic() - began:.0f} s")
    if page_mb > HEAP_MAX_MB:
        raise SystemExit(f"the page holds {page_mb:.0f} MB")
    with app.app_context():
        there = db.session.scalar(
            select(func.count()).select_from(Image).where(Image.product_id.is_not(None))
        )
    if there != len(files):
        raise SystemExit(f"{there} images of {len(files)}")


def unfinished(app: Flask) -> int:
    with app.app_context():
        open_ones = select(func.count()).select_from(Image).where(Image.ladder_version.is_(None))
        return db.session.scalar(open_ones)


def heap(cdp) -> float:
    """Megabytes of the page's JavaScript."""
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize") / MB


def resident(pid: int) -> float:
    """Megabytes of a process and all below it; what they share counts for each."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0) / 1024
    return own + sum(resident(int(child)) for child in children)


def decode_alone(files: list[Path]) -> None:
    sandbox = Sandbox(processes=2)

    def make(path: Path) -> None:
        content = path.read_bytes()
        publication = sandbox.publish(BytesIO(content), MERCHANT)
        made = [publication.stable, publication.thumbnail]
        for one in [*made, *sandbox.derive(BytesIO(content), MERCHANT, with_thumbnail=False)]:
            one.file.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(make, files))
    sandbox.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
