"""A shop of the size that users reach: each command's time and memory, on real servers.

Run from the checkout: python tests/bench/at_size.py. PostgreSQL, MinIO and Redis with 100,000
products of 100 companies and 20,000 images, copies of one tiny file. Two web hosts and two worker
hosts, each with an instance folder of its own, are started on it first. --images takes another
number, so that two runs tell whether memory grows with it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import urllib3
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert, select, text, update

from distribu import create_app
from distribu.extensions import db, store
from distribu.images import processing
from distribu.models import Company, Image, Product, User, new_id
from distribu.models.sku_keys import sku_key
from tests.conftest import password_hash, settings, signed_in
from tests.images.life import add_accepted
from tests.servers import free_port, running_minio, running_postgres, running_redis

COMPANIES, PRODUCTS = 100, 100_000
# An image that is rebuilt is decoded and encoded anew, so it is a figure for each.
REBUILT = 500
ROWS_AT_ONCE = 5_000
STREAMS_BELOW_MB = 200
WRONG_KEYS = 320

# Prints what a child's peak memory was, beside what it printed itself.
MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    images = parser.parse_args().images
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        running_minio() as minio,
        running_redis() as redis,
    ):
        urls = {
            "SQLALCHEMY_DATABASE_URI": postgres.url("postgres"),
            "IMAGE_STORE_URL": minio.url("shop"),
            "QUEUE_URL": f"{redis}/0",
        }
        print(f"{PRODUCTS:,} products of {COMPANIES} companies, {images:,} images", flush=True)
        app = create_app(settings(Path(folder), **urls))
        with app.app_context():
            timed("filled", lambda: fill(images))
            age(REBUILT)
            cookie = staff_cookie(app)
            image_path = "/" + db.session.scalars(select(Image).limit(1)).one().key()
            db.engine.dispose()
        hosts = Hosts(Path(folder), app.config, urls)
        measure_pages(hosts, cookie, image_path)
        measure_commands(hosts, minio.url("moved"))
        app.extensions["image_sandbox"].close()


class Hosts:
    """Processes that share the three servers alone."""

    def __init__(self, folder: Path, config: dict, urls: dict[str, str]):
        self.folder, self._key, self._urls = folder, config["SECRET_KEY"], urls

    def environment(self, name: str) -> dict[str, str]:
        return os.environ | {
            "FLASK_APP": "wsgi",
            "DISTRIBU_INSTANCE": str(self.folder / name),
            "DISTRIBU_SECRET_KEY": self._key,
            "DISTRIBU_DATABASE_URL": self._urls["SQLALCHEMY_DATABASE_URI"],
            "DISTRIBU_IMAGE_STORE_URL": self._urls["IMAGE_STORE_URL"],
            "DISTRIBU_QUEUE_URL": self._urls["QUEUE_URL"],
        }

    def run(self, *words: str) -> tuple[float, float]:
        """Run a flask command to its end; seconds and the megabytes at its peak."""
        command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "flask", *words]
        started = time.perf_counter()
        done = subprocess.run(
            command, env=self.environment("console"), capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            print(done.stdout[-500:], done.stderr[-500:])
        peak = next(line for line in reversed(done.stderr.splitlines()) if line.startswith("peak"))
        return seconds, int(peak.split()[1]) / 1024

    @contextmanager
    def started(self, name: str, *words: str) -> Iterator[subprocess.Popen]:
        command = [sys.executable, "-m", "flask", *words]
        with subprocess.Popen(
            command, env=self.environment(name), stdout=subprocess.DEVNULL
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


def timed(name: str, work: Callable[[], None]) -> None:
    started = time.perf_counter()
    work()
    print(f"  {name}: {time.perf_counter() - started:.1f} s")


def fill(images: int) -> None:
    upgrade()
    store.prepare()
    companies = [
        {"id": new_id(), "name": f"Company {number}", "slug": f"company-{number}"}
        for number in range(COMPANIES)
    ]
    db.session.execute(insert(Company), companies)
    rows = product_rows([company["id"] for company in companies])
    while piece := list(islice(rows, ROWS_AT_ONCE)):
        db.session.execute(insert(Product), piece)
        db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    copy_image(model_image(companies[0]["id"]), images - 1)


def product_rows(company_ids: list[str]) -> Iterator[dict]:
    for number in range(PRODUCTS):
        sku = f"SKU-{number:06}"
        yield {
            "id": new_id(),
            "company_id": company_ids[number % COMPANIES],
            "sku": sku,
            "sku_key": sku_key(sku),
            "name": f"Balsamic vinegar {number}",
            "price_minor": number,
            "stock": number % 100,
            "search_text": f"balsamic vinegar {number} {sku.lower()}",
        }


def model_image(company_id: str) -> Image:
    """One image that went through everything, whose rows and objects are then copied."""
    product = db.session.scalars(
        select(Product).where(Product.company_id == company_id).order_by(Product.id).limit(1)
    ).one()
    image = add_accepted(company_id, product)
    # First the stable image, then the ladder.
    processing.process(image.id)
    processing.process(image.id)
    db.session.expire_all()
    assert image.ladder_version
    return image


def copy_image(model: Image, count: int) -> None:
    shared = {
        column.name: getattr(model, column.name)
        for column in Image.__table__.columns
        if column.name not in ("id", "company_id", "product_id", "created_at")
    }
    objects = {}
    for made in model.derivatives:
        key = model.key(made["path"])
        with store.open(key) as file:
            objects[key.removeprefix(model.prefix)] = file.read(), "image/webp"
    taken = select(Image.id).where(Image.product_id == Product.id).exists()
    products = db.session.execute(
        select(Product.id, Product.company_id).where(~taken).order_by(Product.id).limit(count)
    ).all()
    rows = [
        {"id": new_id(), "product_id": product_id, "company_id": company_id} | shared
        for product_id, company_id in products
    ]
    put = store._get_current_object().put

    def put_all(row: dict) -> None:
        for path, (content, content_type) in objects.items():
            put(f"images/{row['id']}/{path}", BytesIO(content), content_type)

    for start in range(0, len(rows), ROWS_AT_ONCE):
        db.session.execute(insert(Image), rows[start : start + ROWS_AT_ONCE])
        db.session.commit()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put_all, rows))


def age(count: int) -> None:
    """Mark this many images as made by the ladder before."""
    ids = select(Image.id).order_by(Image.id).limit(count)
    db.session.execute(update(Image).where(Image.id.in_(ids)).values(ladder_version=1))
    db.session.commit()


def measure_commands(hosts: Hosts, moved: str) -> None:
    commands = {
        "flask check": ["check"],
        f"flask images rebuild, {REBUILT} images": ["images", "rebuild"],
        "flask images doctor": ["images", "doctor"],
        "flask images sweep": ["images", "sweep"],
        "flask images move": ["images", "move", "--to", moved],
    }
    for name, words in commands.items():
        seconds, megabytes = hosts.run(*words)
        print(f"  {name}: {seconds:.1f} s, {megabytes:.0f} MB", flush=True)


def staff_cookie(app: Flask) -> str:
    """The cookie of somebody who has signed in to a company, at whatever host."""
    company_id = db.session.scalars(select(Company.id).where(Company.slug == "company-1")).one()
    user = User(company_id=company_id, email="a@example.test", name="Alice", role="OWNER")
    user.password_hash = password_hash()
    db.session.add(user)
    db.session.commit()
    name = app.config["SESSION_COOKIE_NAME"]
    return f"{name}={signed_in(app, user.id).get_cookie(name).value}"


def measure_pages(hosts: Hosts, cookie: str, image_path: str) -> None:
    """Two web hosts and two workers on the same servers: start, list, search, and one limit."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        started = time.perf_counter()
        for port in ports:
            stack.enter_context(hosts.started(f"web-{port}", "serve", "--port", str(port)))
        for number in range(2):
            stack.enter_context(hosts.started(f"worker-{number}", "worker"))
        http = urllib3.PoolManager(retries=False, headers={"Cookie": cookie})
        for port in ports:
            wait_until_ready(http, port)
        print(f"  start, two web hosts and two workers: {time.perf_counter() - started:.1f} s")
        for name, path in {
            "catalog page": "/store/company-1/catalog",
            "catalog search": "/store/company-1/catalog?q=vinegar+7",
            "inventory list": "/dashboard/inventory",
            "inventory search": "/dashboard/inventory?q=vinegar+7",
            "product image": image_path,
        }.items():
            print(f"  {name}: {median_ms(http, ports, path):.1f} ms", flush=True)
        print_limit(http, ports)


def wait_until_ready(http: urllib3.PoolManager, port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if http.request("GET", f"http://127.0.0.1:{port}/readyz").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("A web host did not start.")


def median_ms(http: urllib3.PoolManager, ports: list[int], path: str, rounds: int = 60) -> float:
    seconds = []
    for number in range(rounds):
        started = time.perf_counter()
        answer = http.request("GET", f"http://127.0.0.1:{ports[number % 2]}{path}")
        seconds.append(time.perf_counter() - started)
        assert answer.status == 200, (path, answer.status)
    return sorted(seconds)[rounds // 2] * 1000


def print_limit(http: urllib3.PoolManager, ports: list[int]) -> None:
    """Wrong keys of the API, spread over both hosts, are limited as on one."""
    statuses = [
        http.request(
            "GET",
            f"http://127.0.0.1:{ports[number % 2]}/api/v1/products",
            headers={"Authorization": "Bearer dk_" + "x" * 43},
        ).status
        for number in range(WRONG_KEYS)
    ]
    print(
        f"  {WRONG_KEYS} wrong keys over both hosts: first 429 at {statuses.index(429) + 1}"
        if 429 in statuses
        else f"  {WRONG_KEYS} wrong keys over both hosts: no 429"
    )


if __name__ == "__main__":
    main()
