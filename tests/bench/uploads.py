"""50 uploads at once from 10 clients, and 101 to a product that may have 100.

Run from the checkout: python tests/bench/uploads.py. Two web processes
and two workers, PostgreSQL, MinIO and Redis; then one that serve embeds
all in, on SQLite and a directory. Ends with an
error where an image is not READY, the order of images is not as asked,
or the limit does not hold. Against it: decoding the same images in one
sandbox with their ladders, which READY does not wait for, and no
server around.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from flask_migrate import upgrade

from distribu import create_app
from distribu.extensions import db
from distribu.images.decoding.policies import COMMERCE
from distribu.images.decoding.sandbox import Sandbox
from tests.commerce.conftest import add_key
from tests.conftest import add_cast, add_product
from tests.images.image_files import jpeg
from tests.servers import free_port, running_minio, running_postgres, running_redis

ROOT = Path(__file__).parents[2]
CLIENTS = 10
UPLOADS = 50
LIMIT = 100
READY_SECONDS = 600
IMAGES = [jpeg(2400 + number, 1800).getvalue() for number in range(UPLOADS)]


@dataclass
class Shop:
    """The running application, one key a client, and two products."""

    url: str
    keys: list[str]
    product_id: str
    full_id: str

    def __post_init__(self):
        self.http = urllib3.PoolManager(maxsize=CLIENTS, timeout=120, retries=False)

    def ask(self, client: int, method: str, path: str, **options) -> urllib3.HTTPResponse:
        headers = {"Authorization": f"Bearer {self.keys[client % CLIENTS]}"}
        url = f"{self.url}/1.0/commerce/products/{path}"
        return self.http.request(method, url, headers=headers, **options)

    def upload(self, client: int, product_id: str, name: str, content: bytes) -> tuple[dict, int]:
        fields = {"file": (name, content)}
        answer = self.ask(client, "POST", f"{product_id}/images", fields=fields)
        return answer.json(), answer.status

    def status(self, client: int, image_id: str) -> str:
        return self.ask(client, "GET", f"{self.product_id}/images/{image_id}/status").json()[
            "status"
        ]


def main() -> None:
    alone = seconds(decode_alone)
    print(f"{UPLOADS} images decoded in one sandbox, no server: {alone:.1f} s")
    for name, parts in (("PostgreSQL, MinIO, Redis", production), ("embedded", embedded)):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            environ = {"DISTRIBU_INSTANCE": folder, **parts(stack)}
            with serving(environ) as shop:
                report(name, shop, alone)


def report(name: str, shop: Shop, alone: float) -> None:
    accepted, ready, waits = send_and_wait(shop)
    print(f"{name}: accepted in {accepted:.1f} s, slowest {max(waits):.2f} s")
    print(f"  all READY after {ready:.1f} s, {ready / alone:.2f} of decoding alone")
    answers = fill(shop)
    print(f"  {LIMIT + 1} uploads at once: {dict(answers)}")
    expected = {202: LIMIT, 409: 1}
    if answers != expected:
        raise SystemExit(f"the limit did not hold: {answers}")


def production(stack: ExitStack) -> dict[str, str]:
    postgres = stack.enter_context(running_postgres())
    return {
        "DISTRIBU_DATABASE_URL": postgres.url("postgres"),
        "DISTRIBU_IMAGE_STORE_URL": stack.enter_context(running_minio()).url("images"),
        "DISTRIBU_QUEUE_URL": f"{stack.enter_context(running_redis())}/0",
    }


def embedded(_stack: ExitStack) -> dict[str, str]:
    return {}


@contextmanager
def serving(environ: dict[str, str]) -> Iterator[Shop]:
    """Two web processes, and two workers where they are not embedded."""
    os.environ.update(environ)
    port = free_port()
    keys, product_id, full_id = prepare()
    flask = [sys.executable, "-m", "flask", "--app", "distribu"]
    # Rate limits in memory want one web process, which keeps the worker too.
    is_embedded = "DISTRIBU_QUEUE_URL" not in environ
    web = ["serve", "--port", str(port), "--workers", "1" if is_embedded else "2"]
    commands = [web] if is_embedded else [web, ["worker"], ["worker"]]
    processes = [
        subprocess.Popen([*flask, *command], cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL)
        for command in commands
    ]
    shop = Shop(f"http://127.0.0.1:{port}", keys, product_id, full_id)
    try:
        wait_until(lambda: is_up(shop), 60)
        yield shop
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        for name in environ:
            del os.environ[name]


def prepare() -> tuple[list[str], str, str]:
    app = create_app()
    with app.app_context():
        upgrade()
        app.extensions["image_store"].prepare()
        cast = add_cast()
        product_id = add_product(cast.acme, name="Fifty").id
        full_id = add_product(cast.acme, name="Full").id
    keys = [add_key(app, cast.acme, cast.alice, name=str(number)) for number in range(CLIENTS)]
    with app.app_context():
        db.engine.dispose()
    return keys, product_id, full_id


def is_up(shop: Shop) -> bool:
    try:
        return shop.ask(0, "GET", shop.product_id).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def send_and_wait(shop: Shop) -> tuple[float, float, list[float]]:
    """Seconds until all were accepted, until all were READY, and of each upload."""

    def send(number: int) -> tuple[str, float]:
        started = time.monotonic()
        body, status = shop.upload(number, shop.product_id, f"image-{number}.jpg", IMAGES[number])
        if status != 202:
            raise SystemExit(f"upload {number} was answered {status}: {body}")
        return body["imageId"], time.monotonic() - started

    started = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        sent = list(clients.map(send, range(UPLOADS)))
    accepted = time.monotonic() - started
    ids = [image_id for image_id, _ in sent]
    put_in_order(shop, ids)
    waiting = set(ids)

    def all_ready() -> bool:
        for number, image_id in enumerate(sorted(waiting)):
            found = shop.status(number, image_id)
            if found == "ERROR":
                raise SystemExit(f"{image_id} ended in ERROR")
            if found == "PROCESSING":
                return False
            waiting.discard(image_id)
        return True

    wait_until(all_ready, READY_SECONDS)
    ready = time.monotonic() - started
    [product] = shop.ask(0, "GET", shop.product_id).json()["products"]
    if [image["id"] for image in product["images"]] != ids:
        raise SystemExit("the order of images is not as asked")
    return accepted, ready, [wait for _, wait in sent]


def put_in_order(shop: Shop, ids: list[str]) -> None:
    """The images stand as ids do, whatever came first, while they are being processed."""
    for number, image_id in enumerate(ids):
        after = ids[number - 1] if number else None
        answer = shop.ask(
            number,
            "POST",
            f"{shop.product_id}/images/{image_id}/order",
            json={"afterImageId": after},
        )
        if answer.status != 204:
            raise SystemExit(f"an order was answered {answer.status}: {answer.data}")


def fill(shop: Shop) -> Counter:
    """Count the statuses of 101 uploads to one product."""
    small = [jpeg(40 + number, 30).getvalue() for number in range(LIMIT + 1)]

    def send(number: int) -> int:
        return shop.upload(number, shop.full_id, f"{number}.jpg", small[number])[1]

    with ThreadPoolExecutor(LIMIT + 1) as clients:
        return Counter(clients.map(send, range(LIMIT + 1)))


def decode_alone() -> None:
    sandbox = Sandbox(processes=2)

    def make(content: bytes) -> None:
        publication = sandbox.publish(BytesIO(content), COMMERCE)
        made = [publication.stable, publication.thumbnail]
        for one in [*made, *sandbox.derive(BytesIO(content), COMMERCE, with_thumbnail=False)]:
            one.file.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(make, IMAGES))
    sandbox.close()


def seconds(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def wait_until(is_so: Callable[[], bool], limit_seconds: float) -> None:
    deadline = time.monotonic() + limit_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"not so after {limit_seconds} s")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
