"""The catalog page against a bare Flask answer.

Run from the checkout: python tests/bench/pages.py. In one process, without
a web server, on SQLite and on a PostgreSQL that it starts, in CPU seconds
of this thread, so that a busy machine changes them little; what the
PostgreSQL server itself spends is not in them. 24 of 87 products a page,
each with an image of 7 widths in two formats.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask import Flask
from flask_migrate import upgrade
from werkzeug.test import create_environ

from distribu import create_app
from distribu.extensions import db
from distribu.images.decoding.ladder import LADDER
from distribu.models import Company, Image, Product
from tests.conftest import settings
from tests.servers import running_postgres

PATH = "/store/acme/catalog"
PRODUCTS = 87
ROUNDS = 400


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run("SQLite", f"sqlite:///{folder}/distribu.db", Path(folder))
        with running_postgres() as server:
            run("PostgreSQL", server.url("postgres"), Path(folder))


def run(database: str, url: str, folder: Path) -> None:
    app = create_app(settings(folder, TESTING=False, SQLALCHEMY_DATABASE_URI=url))
    with app.app_context():
        upgrade()
        fill()
    print(f"\n{database}", flush=True)
    report(app)
    app.extensions["image_sandbox"].close()
    with app.app_context():
        db.engine.dispose()


def fill() -> None:
    """A company of 87 products, each with an image and its whole ladder."""
    acme = Company(name="Acme", slug="acme")
    db.session.add(acme)
    db.session.flush()
    for number in range(PRODUCTS):
        product = Product(
            company_id=acme.id,
            name=f"Widget {number:02}",
            sku=f"W-{number:04}",
            category=("Garden", "Kitchen", "Tools", "Textiles")[number % 4],
            description="What a widget does, told in words enough for two lines. " * 4,
            price_minor=1000 + number,
            stock=number,
        )
        db.session.add(product)
        db.session.flush()
        db.session.add(image(acme.id, product.id))
    db.session.commit()


def image(company_id: str, product_id: str) -> Image:
    sizes = {"width_px": 1600, "height_px": 1200}
    made = [{"path": "", "format": "JPEG", "byte_size": 1} | sizes]
    for width in (*LADDER, 1600):
        size = {"width_px": width, "height_px": width * 3 // 4, "byte_size": 1}
        made += [
            {"path": f"v2/{width}w.{format.lower()}", "format": format} | size
            for format in ("WEBP", "AVIF")
        ]
    texts = {"policy": "merchant", "sha256": "0" * 64, "filename": "a.jpg", "public_name": "a.jpg"}
    return Image(
        company_id=company_id,
        product_id=product_id,
        status="READY",
        ladder_version=1,
        derivatives=made,
        format="JPEG",
        byte_size=1,
        **texts,
        **sizes,
    )


def report(app: Flask) -> None:
    bare = Flask("bare")
    bare.add_url_rule("/", "answer", lambda: "An answer")
    app.add_url_rule("/bare", "bare", lambda: "An answer")
    known = {"If-None-Match": app.test_client().get(PATH).headers["ETag"]}
    floor = min(once(bare, "/") for _ in range(ROUNDS))
    print(f"A bare Flask answer: {floor * 1e6:.0f} microseconds of CPU. In multiples of it:")
    row("the same answer inside Distribu", ratio(bare, app, "/bare"))
    row("catalog page, unchanged", ratio(bare, app, PATH, known), 3)
    row("catalog page, after a change", ratio(bare, app, PATH), 15)


def row(name: str, ratio: float, goal: float | None = None) -> None:
    verdict = f"  goal <= {goal}: {'met' if ratio <= goal else 'MISSED'}" if goal else ""
    print(f"  {name:34} {ratio:7.2f}{verdict}")


def ratio(bare: Flask, app: Flask, path: str, headers: dict | None = None) -> float:
    """Return how many bare answers path costs, each at its best.

    Asked in turns, so that a machine that slows down slows both.
    """
    pairs = [(once(app, path, headers), once(bare, "/")) for _ in range(ROUNDS)]
    spent, floor = map(min, zip(*pairs, strict=True))
    return spent / floor


def once(app: Flask, path: str, headers: dict | None = None) -> float:
    environ = create_environ(path, headers=headers)
    statuses = []
    started = time.thread_time()
    body = app.wsgi_app(environ, lambda status, _headers, _error=None: statuses.append(status))
    size = sum(map(len, body))
    body.close()
    spent = time.thread_time() - started
    expected = ("304", False) if headers else ("200", True)
    assert (statuses[0][:3], size > 0) == expected, statuses
    return spent


if __name__ == "__main__":
    main()
