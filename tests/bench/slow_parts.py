"""Each kind of route while a part accepts connections and never answers, and /login meanwhile.

Run from the checkout: python tests/bench/slow_parts.py. One `flask serve` on a real PostgreSQL,
MinIO and Redis, each behind a gate that falls silent in its turn. For each kind of route 16 clients
ask at once, from the moment when the part falls silent on; meanwhile somebody asks for /login again
and again. The server's log goes to standard error.
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from flask_migrate import upgrade
from images import Row

from distribu import create_app
from distribu.extensions import db
from distribu.models import READY
from tests.api.conftest import add_key
from tests.cli.test_cli import Served
from tests.conftest import add_cast, add_product, settings
from tests.faults.tcp_gate import OPEN, SILENT, TcpGate
from tests.images.image_files import jpeg
from tests.images.life import add_accepted
from tests.servers import PostgresServer, running_minio, running_postgres, running_redis
from tests.serving.front import Shop, add_image
from tests.test_worker import wait_until

CLIENTS = 16
PAUSE_SECONDS = 0.02
GOAL_SECONDS, GOAL_LOGIN_MS, GOAL_WELL_SECONDS = 10, 1000, 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        gates, shop = stack.enter_context(serving(Path(folder)))
        kinds = routes(shop)
        for part, gate in gates.items():
            print(f"\n{part} accepts and never answers")
            for name, ask in kinds.items():
                for row in measure(shop, gate, name, ask):
                    print(row, flush=True)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[dict[str, TcpGate], Shop]]:
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        minio = stack.enter_context(running_minio())
        redis_port = int(stack.enter_context(running_redis()).rpartition(":")[2])
        ports = {
            "The database": postgres.port,
            "The image store": int(minio.address.rpartition(":")[2]),
            "Redis": redis_port,
        }
        gates = {part: TcpGate(port) for part, port in ports.items()}
        for gate in gates.values():
            stack.callback(gate.close)
        database, store, redis = (gate.port for gate in gates.values())
        app = create_app(
            settings(
                folder,
                SQLALCHEMY_DATABASE_URI=PostgresServer(database).url("postgres"),
                IMAGE_STORE_URL=replace(minio, address=f"127.0.0.1:{store}").url("images"),
                QUEUE_URL=f"redis://127.0.0.1:{redis}/0",
            )
        )
        yield gates, stack.enter_context(shop_of(app))


@contextmanager
def shop_of(app) -> Iterator[Shop]:
    """Acme with products for each client, and a flask serve with their parts."""
    with app.app_context():
        upgrade()
        app.extensions["image_store"].prepare()
        cast = add_cast()
        product_id, image_key = add_image(cast.acme)
        db.session.remove()
    app.extensions["image_sandbox"].close()
    served = Served(app)
    try:
        assert wait_until(served.answers)
        yield Shop(app, cast, served, product_id, image_key, add_key(app, cast.acme, cast.alice))
    finally:
        family = served.family()
        served.process.terminate()
        served.ends(family)
        served.process.stdout.close()
        with app.app_context():
            db.engine.dispose()


Ask = Callable[[int], urllib3.BaseHTTPResponse]


def routes(shop: Shop) -> dict[str, Ask]:
    """A function for each kind of route, which asks as one of the clients."""
    headers, token = shop.browser()
    bearer = {"Authorization": f"Bearer {shop.key}"}
    form = {"csrf_token": token}
    new = {"name": "New", "price": 1, "stock": 1, "unit": "each"}
    uploading = f"/1.0/commerce/products/{shop.product_id}/images"
    file = ("a.jpg", jpeg(640, 480).getvalue())
    doomed = iter(products_with_images(shop, 3 * (CLIENTS + 1)))

    def save(_client: int) -> urllib3.BaseHTTPResponse:
        fields = form | {
            "name": "New",
            "price": "1",
            "stock": "1",
            "unit": "each",
            "is_active": "y",
        }
        return shop.ask("/dashboard/inventory/new", "POST", headers=headers, fields=fields)

    def delete(_client: int) -> urllib3.BaseHTTPResponse:
        path = f"/dashboard/inventory/{next(doomed)}/delete"
        return shop.ask(path, "POST", headers=headers, fields=form)

    def preview(_client: int) -> urllib3.BaseHTTPResponse:
        path = "/dashboard/inventory/image/preview"
        return shop.ask(path, "POST", headers=headers, fields=form | {"image": file})

    return {
        "static file": lambda _: shop.ask("/static/site.css"),
        "sign-in page": lambda _: shop.ask("/login"),
        "catalog": lambda _: shop.ask("/store/acme/catalog"),
        "image": lambda _: shop.ask(f"/{shop.image_key}"),
        "inventory list": lambda _: shop.ask("/dashboard/inventory", headers=headers),
        "API, read": lambda _: shop.ask("/api/v1/products", headers=bearer),
        "API, write": lambda _: shop.ask("/api/v1/products", "POST", headers=bearer, json=new),
        "Save": save,
        "delete": delete,
        "preview": preview,
        "commerce upload": lambda _: shop.ask(
            uploading, "POST", headers=bearer, fields={"file": file}
        ),
    }


def products_with_images(shop: Shop, count: int) -> list[str]:
    """The ids of new products, each with an image to delete with it."""
    with shop.app.app_context():
        products = [add_product(shop.cast.acme, name=f"Doomed {n}") for n in range(count)]
        made = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}
        values = {"status": READY, "derivatives": [made], "ladder_version": 1}
        for product in products:
            add_accepted(shop.cast.acme, product, **values)
        return [product.id for product in products]


def measure(shop: Shop, gate: TcpGate, name: str, ask: Ask) -> list[Row]:
    """Fall silent, ask, and speak again."""
    gate.set(SILENT)
    try:
        with asking_for_login(shop) as times, ThreadPoolExecutor(CLIENTS) as clients:
            answers = list(clients.map(lambda number: timed(ask, number), range(CLIENTS)))
    finally:
        gate.set(OPEN)
    began = time.monotonic()
    assert wait_until(shop.answers)
    well = time.monotonic() - began
    statuses = dict(Counter(status for status, _ in answers))
    slowest = max(seconds for _, seconds in answers)
    login = quantiles(times, n=20)[-1] if len(times) > 1 else max(times)
    return [
        Row(f"{name}, slowest answer, s", slowest, GOAL_SECONDS, note=f"{statuses}"),
        Row("    /login meanwhile, p95, ms", 1000 * login, GOAL_LOGIN_MS, note=f"of {len(times)}"),
        Row("    all is well after, s", well, GOAL_WELL_SECONDS),
    ]


def timed(ask: Ask, number: int) -> tuple[int, float]:
    began = time.monotonic()
    return ask(number).status, time.monotonic() - began


@contextmanager
def asking_for_login(shop: Shop) -> Iterator[list[float]]:
    """Yield the seconds that each answer took, which grow in number until the block ends."""
    is_over, times = threading.Event(), []

    def ask() -> None:
        while not is_over.wait(PAUSE_SECONDS) or not times:
            status, seconds = timed(lambda _: shop.ask("/login"), 0)
            assert status == 200
            times.append(seconds)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield times
    finally:
        is_over.set()
        thread.join()


if __name__ == "__main__":
    main()
