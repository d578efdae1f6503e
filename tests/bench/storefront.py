"""The catalog as shoppers get it: its bytes, and its speed while images are made.

Run from the checkout: python tests/bench/storefront.py. One `flask serve` with all that it
embeds, 24 products with 12-megapixel images that were uploaded through the commerce API.

Bytes: what Chromium fetches of the images of the whole page, against the same page with
JPEGs (quality 82, progressive, optimized) of the same widths.

Speed: answers a second of the catalog page to four clients, in turns with the worker
stopped and with two decoding processes that work flat out.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import count
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from images import Row, drawn
from PIL import Image
from playwright.sync_api import sync_playwright
from sqlalchemy import func, select
from uploads import ROOT, Shop, is_up, prepare, wait_until

from distribu import create_app
from distribu.extensions import db
from distribu.images.decoding.ladder import LADDER
from distribu.models import PROCESSING, Company
from distribu.models import Image as ImageAddresses
from tests.conftest import add_product
from tests.servers import find_chromium, free_port

CARDS = 24
DRAWN = 6
QUEUED = 60
CLIENTS = 4
TURNS = 5
TURN_SECONDS = 4
# The window, and how many pixels of the screen are one of the style sheet's.
SCREENS = {"1280 px": ((1280, 900), 1), "360 px, three times as fine": ((360, 800), 3)}
PATH = "/store/acme/catalog"
JPEG = {"quality": 82, "optimize": True, "progressive": True}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        contents = [Path(drawn(folder, seed)).read_bytes() for seed in range(1, DRAWN + 1)]
        os.environ["DISTRIBU_INSTANCE"] = folder
        port = free_port()
        keys, product_id, full_id = prepare()
        product_ids = [product_id, full_id, *add_products()]
        command = [sys.executable, "-m", "flask", "--app", "distribu", "serve", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            shop = Shop(f"http://127.0.0.1:{port}", keys, product_id, full_id)
            wait_until(lambda: is_up(shop), 60)
            for number, each in enumerate(product_ids):
                upload(shop, each, f"card-{number}.jpg", contents[number % DRAWN])
            wait_until(lambda: unfinished() == 0, 600)
            print("\nThe catalog of 24 products with images of 12 megapixels")
            for row in (*bytes_of_page(shop), throughput(shop, contents, worker_of(server))):
                print(row, flush=True)
        finally:
            server.terminate()
            server.wait(30)


def add_products() -> list[str]:
    app = create_app()
    with app.app_context():
        acme = db.session.scalar(select(Company.id).where(Company.slug == "acme"))
        ids = [add_product(acme, name=f"Card {number}").id for number in range(CARDS - 2)]
        db.engine.dispose()
    return ids


def upload(shop: Shop, product_id: str, name: str, content: bytes) -> None:
    body, status = shop.upload(0, product_id, name, content)
    if status != 202:
        raise SystemExit(f"{name} was answered {status}: {body}")


def unfinished(*conditions) -> int:
    """Count the images whose ladder is not complete."""
    app = create_app()
    with app.app_context():
        waiting = select(func.count()).where(ImageAddresses.ladder_version.is_(None), *conditions)
        found = db.session.scalar(waiting)
        db.engine.dispose()
    return found


def bytes_of_page(shop: Shop) -> list[Row]:
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, ((width, height), scale) in SCREENS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                device_scale_factor=scale,
                bypass_csp=True,
            )
            page.goto(shop.url + PATH)
            # The lazy ones too.
            page.evaluate("document.querySelectorAll('img').forEach(img => img.loading = 'eager')")
            page.wait_for_function("[...document.images].every(img => img.complete)")
            urls = page.evaluate("[...document.images].map(img => img.currentSrc)")
            rows.append(against_jpeg(shop, name, urls))
        browser.close()
    return rows


def against_jpeg(shop: Shop, name: str, urls: list[str]) -> Row:
    """Bytes of the images at urls, of JPEGs as wide made from the stable images."""
    ours = theirs = 0
    widths = set()
    for url in urls:
        ours += len(shop.http.request("GET", url).data)
        width = int(re.search(r"/(\d+)w\.", url)[1])
        widths.add(width)
        # The widest rung stands for the image: its address is in the same folder.
        top = re.sub(r"/\d+w\.\w+$", f"/{LADDER[-1]}w.webp", url)
        with Image.open(BytesIO(shop.http.request("GET", top).data)) as image:
            small = image.resize((width, round(image.height * width / image.width)))
        made = BytesIO()
        small.convert("RGB").save(made, "JPEG", **JPEG)
        theirs += made.tell()
    formats = {url.rpartition(".")[2] for url in urls}
    note = f"{ours / 1000:.0f} kB, {'/'.join(formats)} of {sorted(widths)} px"
    return Row(f"its images at {name}, bytes of JPEGs", ours / theirs, note=note)


def throughput(shop: Shop, contents: list[bytes], worker: int) -> Row:
    """Answers a second while images are made, of those while the worker is stopped."""
    os.kill(worker, signal.SIGSTOP)
    for number in range(QUEUED):
        upload(shop, shop.product_id, f"queued-{number}.jpg", contents[number % DRAWN])
    idle, busy = [], []
    for _ in range(TURNS):
        # What was begun before the worker was stopped is done by then.
        time.sleep(3)
        idle.append(answers_a_second(shop.url))
        os.kill(worker, signal.SIGCONT)
        time.sleep(1)
        busy.append(answers_a_second(shop.url))
        os.kill(worker, signal.SIGSTOP)
    os.kill(worker, signal.SIGCONT)
    if unfinished() == 0:
        raise SystemExit("the worker ran out of images: queue more")
    published = QUEUED - unfinished(ImageAddresses.status == PROCESSING)
    ladders = QUEUED - unfinished()
    note = (
        f"{median(busy):.0f} of {median(idle):.0f} a second, meanwhile {published} images "
        f"published, {ladders} ladders made"
    )
    ratio = median(one / other for one, other in zip(busy, idle, strict=True))
    return Row("page throughput while images are made, of idle", ratio, 0.95, True, note)


def answers_a_second(url: str) -> float:
    http = urllib3.PoolManager(maxsize=CLIENTS, retries=False)
    deadline = time.monotonic() + TURN_SECONDS

    def ask(_) -> int:
        for number in count(1):
            if http.request("GET", url + PATH).status != 200:
                raise SystemExit("a page was refused")
            if time.monotonic() > deadline:
                return number

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(ask, range(CLIENTS))) / TURN_SECONDS


def worker_of(server: subprocess.Popen) -> int:
    """The process id of the worker that the server keeps."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == server.pid and b"--embedded" in command:
            return int(folder.name)
    raise SystemExit("the server keeps no worker")


if __name__ == "__main__":
    main()
