"""The catalog while 20 previews are made at a time, and READY while 200 ladders wait.

Run from the checkout: python tests/bench/uploads_beside_pages.py. One `flask serve` with all that
it embeds, on this machine together with its clients: 50 browsers that ask for the catalog twice a
second each, and 20 merchants who choose a photograph of 6 megapixels again and again.
"""

import os
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from images import drawn
from PIL import Image
from slow_clients import migrated
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.models import PROCESSING
from distribu.models import Image as ImageRow
from tests.api.conftest import add_key
from tests.images.image_files import jpeg
from tests.serving.front import Shop, serving_shop

BROWSERS, MERCHANTS = 50, 20
ASK_SECONDS = 0.5
POLL_SECONDS = 0.1
SECONDS = 15
LADDERS, MEASURED = 200, 10
GOAL_MS, GOAL_RATIO, GOAL_UPLOAD_SECONDS, GOAL_READY_SECONDS = 10, 2, 20, 2


def main() -> None:
    os.environ["DISTRIBU_IMAGES_PER_PRODUCT"] = str(LADDERS + MEASURED + 1)
    with tempfile.TemporaryDirectory() as folder:
        database = migrated(Path(folder, "migrated.db"))
        photograph = six_megapixels(folder)
        shop_folder = Path(folder, "shop")
        shop_folder.mkdir()
        with serving_shop(shop_folder, database) as shop:
            report_pages(shop, photograph)
            report_ready(shop)


def six_megapixels(folder: str) -> bytes:
    with Image.open(drawn(folder, 1)) as image:
        path = Path(folder, "photograph.jpg")
        image.resize((3000, 2000)).save(path, quality=90)
    return path.read_bytes()


def report_pages(shop: Shop, photograph: bytes) -> None:
    calm = p95(browse(shop))
    is_over = threading.Event()
    with ThreadPoolExecutor(MERCHANTS) as merchants:
        making = [merchants.submit(preview, shop, photograph, is_over) for _ in range(MERCHANTS)]
        try:
            busy = p95(browse(shop))
        finally:
            is_over.set()
    uploads = [upload for one in making for upload in one.result()]
    statuses = Counter(status for status, _ in uploads)
    slowest = max(seconds for _, seconds in uploads)
    print(f"catalog, p95: alone {calm:.1f} ms, beside {MERCHANTS} uploads {busy:.1f} ms", end=" ")
    print(f"(goal {GOAL_MS} ms or {GOAL_RATIO} times: {max(GOAL_MS, GOAL_RATIO * calm):.1f} ms)")
    print(f"uploads in {SECONDS} s: {dict(statuses)}, slowest {slowest:.1f} s", end=" ")
    print(f"(goal {GOAL_UPLOAD_SECONDS} s)")


def browse(shop: Shop) -> list[float]:
    """Milliseconds of each answer to all browsers."""
    end = time.monotonic() + SECONDS

    def ask(number: int) -> list[float]:
        times = []
        due = time.monotonic() + ASK_SECONDS * number / BROWSERS
        with urllib3.PoolManager(timeout=60, retries=False) as http:
            while due < end:
                time.sleep(max(0, due - time.monotonic()))
                started = time.perf_counter()
                assert http.request("GET", f"{shop.url}/store/acme/catalog").status == 200
                times.append(1000 * (time.perf_counter() - started))
                due += ASK_SECONDS
        return times

    with ThreadPoolExecutor(BROWSERS) as browsers:
        return [each for times in browsers.map(ask, range(BROWSERS)) for each in times]


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def preview(shop: Shop, photograph: bytes, is_over: threading.Event) -> list[tuple[int, float]]:
    """Status and seconds of each preview that one merchant asks for."""
    headers, token = shop.browser()
    fields = {"csrf_token": token, "image": ("a.jpg", photograph)}
    done = []
    while not is_over.is_set():
        started = time.monotonic()
        path = "/dashboard/inventory/image/preview"
        status = shop.ask(path, "POST", headers=headers, fields=fields).status
        done.append((status, time.monotonic() - started))
    return done


def count_processing(shop: Shop) -> int:
    """Count the images that are not READY yet."""
    asked = select(func.count()).where(ImageRow.status == PROCESSING)
    with shop.app.app_context():
        return db.session.scalar(asked)


def report_ready(shop: Shop) -> None:
    """READY is made before the smaller sizes of any image, however many of those wait."""
    path = f"/1.0/commerce/products/{shop.product_id}/images"
    # A key may ask 300 times a minute.
    cast, names = shop.cast, map(str, range(LADDERS // 100))
    keys = [add_key(shop.app, cast.acme, cast.alice, name) for name in names]

    def authorized(key: str) -> dict:
        return {"Authorization": f"Bearer {key}"}

    def send(number: int) -> str:
        headers = authorized(keys[number % len(keys)])
        file = (f"{number}.jpg", jpeg(1200 + number, 900).getvalue())
        answer = shop.ask(path, "POST", headers=headers, fields={"file": file})
        assert answer.status == 202, answer.data
        return answer.json()["imageId"]

    def seconds_until_ready(number: int) -> float:
        started = time.monotonic()
        image_id = send(number)
        asked = f"{path}/{image_id}/status"
        while shop.ask(asked, headers=authorized(shop.key)).json()["status"] != "READY":
            time.sleep(POLL_SECONDS)
        return time.monotonic() - started

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(send, range(LADDERS)))
    while count_processing(shop):
        time.sleep(POLL_SECONDS)
    times = [seconds_until_ready(LADDERS + number) for number in range(MEASURED)]
    print(f"READY behind {LADDERS} uploads, slowest of {MEASURED}: {max(times):.1f} s", end=" ")
    print(f"(goal {GOAL_READY_SECONDS} s)")


if __name__ == "__main__":
    main()
