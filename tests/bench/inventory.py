"""The inventory list at 100,000 products: each sort, each filter, and changes of many products.

Run from the checkout: python tests/bench/inventory.py. Whole requests,
in-process, on SQLite and on a PostgreSQL that it starts. Nearly every
product has an image and alt text, which is the worst case for finding
those that have none.
"""

import re
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from distribu.extensions import db
from distribu.http import paging
from distribu.inventory.list_view import SORTS
from distribu.models import Company, Image, Product
from distribu.products import bulk, filters, search
from tests.bench import search as catalog
from tests.bench.search import DEEPEST_RATIO, Spread, report, verdict
from tests.servers import running_postgres

LIST = "/dashboard/inventory"
ROUNDS = 60
# One product of so many is without an image, has none of 500 px, or no alt text.
WITHOUT_IMAGE, SMALL, UNDESCRIBED = 8000, 7000, 9000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, patch.object(catalog, "fill", fill):
        run("SQLite", f"sqlite:///{folder}/distribu.db", Path(folder))
        with running_postgres() as server:
            run("PostgreSQL", server.url("postgres"), Path(folder))


def fill(cast) -> None:
    products = [catalog.product(cast.acme, number) for number in range(catalog.PRODUCTS)]
    products += [catalog.product(cast.globex, number) for number in range(catalog.OTHERS)]
    images = []
    for number, product in enumerate(products):
        if number % WITHOUT_IMAGE == 5:
            continue
        image = catalog.image(product) | {"alt_text": "" if number % UNDESCRIBED == 0 else "It"}
        image |= {"facts": {}, "width_px": 300 if number % SMALL == 3 else 2000}
        images.append(image)
    db.session.execute(insert(Product), products)
    for start in range(0, len(images), 10_000):
        db.session.execute(insert(Image), images[start : start + 10_000])
    db.session.commit()


def run(database: str, url: str, folder: Path) -> None:
    print(f"\n{database}, {catalog.PRODUCTS:,} products of one company", flush=True)
    with catalog.filled_app(url, folder) as (app, cast):
        app.extensions["image_store"].prepare()
        client = catalog.signed_in(app, cast.alice)
        for name, (label, sort) in SORTS.items():
            measure_depth(app, client, cast.acme, name, label, sort)
        measure_filters(app, client)
        measure_changes(app, client, cast.acme)


def measure_depth(app: Flask, client: FlaskClient, company_id: str, name, label, sort) -> None:
    with app.app_context():
        where = search.matching(company_id, "")
        end = paging.page(select(Product), where, sort.reversed, None, paging.PAGE_SIZE + 1)
        deepest = paging.cursor_after(end.items[-1], sort)
    addresses = [f"{LIST}?sort={name}", f"{LIST}?sort={name}&cursor={deepest}"]
    taken = [[], []]
    for _ in range(ROUNDS):
        for address, times in zip(addresses, taken, strict=True):
            times.append(ask(client, address))
    first, last = map(Spread.of, taken)
    line = f"  {label:24} first {first.p50:6.1f} deepest {last.p50:6.1f} ms, ratio"
    ratio = last.p50 / first.p50
    verdict(f"{line} {ratio:.2f}", ratio, DEEPEST_RATIO)


def measure_filters(app: Flask, client: FlaskClient) -> None:
    for arguments in ("", "q=steel", "q=zirconium", "category=Tools"):
        taken = [ask(client, f"{LIST}?{arguments}") for _ in range(ROUNDS)]
        report(f"list, {arguments or 'plain'}", Spread.of(taken))
    for name in filters.FILTERS:
        taken = [ask(client, f"{LIST}?only={name}&sort=price") for _ in range(ROUNDS // 4)]
        report(f"list, only={name}", Spread.of(taken))
    taken = []
    for _ in range(ROUNDS // 4):
        # As the first time after a change of the catalog: it is read anew which have no image.
        with app.app_context():
            db.session.execute(update(Company).values(catalog_version=Company.catalog_version + 1))
            db.session.commit()
        taken.append(ask(client, LIST))
    report("list, the first time after a change", Spread.of(taken))


def measure_changes(app: Flask, client: FlaskClient, company_id: str) -> None:
    """Changes of 1,000 products in one transaction: the question and the answer."""
    with app.app_context():
        own = select(Product.id).where(Product.company_id == company_id).limit(bulk.PIECE)
        product_ids = list(db.session.scalars(own))
    for action in bulk.ACTIONS:
        data = {"action": action, "id": product_ids}
        started = time.perf_counter()
        page = client.post(f"{LIST}/changes/confirm", data=data).text
        asked = time.perf_counter()
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        answer = client.post(f"{LIST}/changes", data=fields | data | {"new_category": "Metals"})
        done = time.perf_counter() - asked
        assert answer.status_code == 303, answer.status_code
        print(f"  1,000 products, {action}: asked {asked - started:.2f}, done {done:.2f} s")


def ask(client: FlaskClient, address: str) -> float:
    started = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
