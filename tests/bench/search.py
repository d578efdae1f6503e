"""Search as you type, and the deepest page of a list, at 100,000 products of one company.

Run from the checkout: python tests/bench/search.py [PRODUCTS]. In-process,
on SQLite and on a PostgreSQL that it starts. Of each keystroke the
quickest of five rounds counts, since the machine may have other work;
the spread is that of all keystrokes. Beside them runs what one would
write first: LIKE over the three columns, in the order of names.
"""

import math
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask import Flask, render_template
from flask.testing import FlaskClient
from flask_login import current_user, login_user
from flask_migrate import upgrade
from sqlalchemy import ColumnElement, func, insert, or_, select, text

from distribu import create_app
from distribu.extensions import db
from distribu.http import paging
from distribu.http.paging import Sort, page
from distribu.models import READY, Image, Product, User, new_id
from distribu.orders import browsing
from distribu.orders.browsing import PAGE_SIZE, offers, rows
from distribu.products.search import BY_NAME, NEWEST_FIRST, matching
from distribu.storefront.catalog import PAGES_MAX
from tests.conftest import add_cast, settings, signed_in
from tests.servers import running_postgres

PRODUCTS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 100_000
BATCH = 20_000
OTHERS = 20_000
IMAGED = 2  # one product of so many has an image
ROUNDS = 5
KEYSTROKE_MS = 5.0
DEEPEST_RATIO = 1.5

COLORS = ["Blue", "Red", "Green", "Black", "White", "Silver", "Gray", "Yellow", "Brown", "Orange"]
KINDS = ["Steel", "Oak", "Brass", "Nylon", "Rubber", "Copper", "Glass", "Cotton", "Paper", "Carbon"]
THINGS = ["Widget", "Bolt", "Hammer", "Crate", "Bucket", "Brush", "Cable", "Glove", "Tape", "Screw"]
CATEGORIES = ["Tools", "Hardware", "Garden", "Office", "Kitchen", "Safety", "Electrical"]
# Typed letter by letter: common, rare, several words, a SKU, a category, and what nothing matches.
TYPED = ["widget", "steel bolt", "AX-00421", "zirconium", "garden", "blue wid 12", "qqqq", "crème"]
# Common, and late in the alphabet where products are in the order of names.
LATE = ["yellow", "blue w", "w yellow"]
# The same from its second letter on, where no name begins with it: it is walked to.
WITHIN = ["ellow"]

_IS_UNMARKED = text("SELECT relallvisible < relpages FROM pg_class WHERE relname = 'product'")


@dataclass(frozen=True)
class Spread:
    """Durations in milliseconds."""

    p50: float
    p95: float
    worst: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Spread":
        ordered = sorted(value * 1000 for value in seconds)
        return cls(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run("SQLite", f"sqlite:///{folder}/distribu.db", Path(folder))
        with running_postgres() as server:
            run("PostgreSQL", server.url("postgres"), Path(folder))


def run(database: str, url: str, folder: Path) -> None:
    print(f"\n{database}, {PRODUCTS:,} products of one company, {OTHERS:,} of another")
    with filled_app(url, folder) as (app, cast):
        client = signed_in(app, cast.alice)
        with app.app_context():
            searched = measure_keystrokes(lambda typed: pick(cast.acme, typed))
            report("keystroke, query alone", searched)
            naive = measure_keystrokes(lambda typed: pick_naively(cast.acme, typed), rounds=1)
            report("  beside it: LIKE over three columns", naive)
            print(f"    ratio of the p95: {searched.p95 / naive.p95:.3f}")
            measure_depth(matching(cast.acme, ""))
        with app.test_request_context():
            login_user(db.session.get(User, cast.alice))
            shown = measure_keystrokes(pick_and_render)
            report("keystroke, query and fragment", shown)
        report("keystroke, whole request", measure_requests(client), KEYSTROKE_MS)
        with nothing_kept():
            report("  beside it: with no item kept", measure_requests(client))
        report("keystroke, late words", measure_requests(client, LATE), KEYSTROKE_MS)
        report("keystroke, within late words", measure_requests(client, WITHIN))
        measure_storefront(app.test_client())
        measure_inventory(app, client, cast.acme)


@contextmanager
def filled_app(url: str, folder: Path):
    app = create_app(settings(folder, SQLALCHEMY_DATABASE_URI=url))
    with app.app_context():
        upgrade()
        cast = add_cast()
        started = time.perf_counter()
        fill(cast)
        print(f"  filled in {time.perf_counter() - started:.1f} s")
        settle()
    yield app, cast
    app.extensions["image_sandbox"].close()
    with app.app_context():
        db.engine.dispose()


def fill(cast) -> None:
    for company_id, count in ((cast.acme, PRODUCTS), (cast.globex, OTHERS)):
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            products = [product(company_id, number) for number in numbers]
            db.session.execute(insert(Product), products)
            db.session.execute(insert(Image), [image(row) for row in products[::IMAGED]])
            db.session.commit()


def settle() -> None:
    """Wait for the server's own maintenance: statistics, and no garbage to skip."""
    is_postgres = db.engine.dialect.name == "postgresql"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if is_postgres else "ANALYZE"))
        # VACUUM marks no page as visible to all as long as the commit that filled it is not on
        # disk, which this server, made for tests, does not wait for, or somebody looks from before.
        while is_postgres and connection.scalar(_IS_UNMARKED):
            connection.execute(text("CHECKPOINT"))
            connection.execute(text("VACUUM"))


def product(company_id: str, number: int) -> dict:
    rare = "Zirconium " if number % 1000 == 7 else ""
    chosen = random.Random(number)
    words = (chosen.choice(COLORS), chosen.choice(KINDS), chosen.choice(THINGS))
    return {
        "id": new_id(),
        "company_id": company_id,
        "name": f"{rare}{' '.join(words)} {chosen.randrange(1000)} mm",
        "sku": f"{chosen.choice('ABCDEFGH')}{chosen.choice('WXYZ')}-{number:06d}",
        "category": chosen.choice(CATEGORIES),
        "description": "As sturdy as it looks. " * 8,
        "price_minor": chosen.randrange(100, 100_000),
        "stock": chosen.randrange(0, 200),
        "is_active": number % 20 != 3,
    }


def image(product: dict) -> dict:
    """A published image of product: what decides how long its markup takes to write."""
    sizes = [(width, width * 3 // 4) for width in (100, 300, 500, 750, 1000, 1500)]
    made = [("JPEG", "", 2000, 1500), ("JPEG", "v2/share.jpg", 1200, 900)]
    made += [
        (format, f"v2/{width}w.{format.lower()}", width, height)
        for format in ("WEBP", "AVIF")
        for width, height in sizes
    ]
    keys = ("format", "path", "width_px", "height_px")
    return {
        "id": new_id(),
        "company_id": product["company_id"],
        "product_id": product["id"],
        "status": READY,
        "policy": "merchant",
        "sha256": "0" * 64,
        "filename": "widget.jpg",
        "public_name": "widget.jpg",
        "format": "JPEG",
        "byte_size": 200_000,
        "width_px": 2000,
        "height_px": 1500,
        "derivatives": [dict(zip(keys, one, strict=True)) | {"byte_size": 9000} for one in made],
        "ladder_version": 1,
        "placeholder_color": "#8090a0",
    }


def pick(company_id: str, typed: str) -> None:
    rows(company_id, typed, None)
    db.session.rollback()


def pick_and_render(typed: str) -> None:
    render_template("orders/_products.html", offers=offers(current_user.company, typed, None))
    db.session.rollback()


def pick_naively(company_id: str, typed: str) -> None:
    columns = (Product.name, Product.sku, Product.category)
    found = or_(*(column.icontains(typed, autoescape=True) for column in columns))
    query = select(Product).where(Product.company_id == company_id, Product.is_active, found)
    db.session.scalars(query.order_by(func.lower(Product.name)).limit(PAGE_SIZE)).all()
    db.session.rollback()


def measure_requests(client: FlaskClient, words: list[str] = TYPED) -> Spread:
    address = "/dashboard/orders/new/products"
    return measure_keystrokes(
        lambda typed: client.get(address, query_string={"q": typed}), words=words
    )


def measure_storefront(client: FlaskClient) -> None:
    """Measure a search, and the first and the deepest page that can be reached."""
    address = "/store/acme/catalog"

    def ask(**choice) -> None:
        assert client.get(address, query_string=choice).status_code == 200

    for sort in ("name", "price"):
        searched = measure_keystrokes(lambda typed, sort=sort: ask(q=typed, sort=sort), rounds=1)
        report(f"storefront, search sorted by {sort}", searched)
    report("storefront, search, late words", measure_keystrokes(lambda q: ask(q=q), 1, LATE))
    taken = {1: [], PAGES_MAX: []}
    for _ in range(50):
        for number, times in taken.items():
            started = time.perf_counter()
            ask(page=number)
            times.append(time.perf_counter() - started)
    first, last = map(Spread.of, taken.values())
    report("storefront, first page", first)
    report("storefront, deepest page", last)
    ratio = last.p50 / first.p50
    verdict(f"ratio of the medians {ratio:.2f}", ratio, DEEPEST_RATIO)


@contextmanager
def nothing_kept():
    """Every item is rendered at each keystroke, as if nobody had ever seen it."""
    with patch.object(browsing, "_item", browsing._item.__wrapped__):
        yield


def measure_keystrokes(
    keystroke: Callable[[str], object], rounds: int = ROUNDS, words: list[str] = TYPED
) -> Spread:
    keystroke("warm")
    pressed = [typed[:length] for typed in words for length in range(1, len(typed) + 1)]
    quickest = dict.fromkeys(pressed, math.inf)
    for _ in range(rounds):
        for typed in pressed:
            started = time.perf_counter()
            keystroke(typed)
            quickest[typed] = min(quickest[typed], time.perf_counter() - started)
    return Spread.of(list(quickest.values()))


def measure_depth(where: ColumnElement[bool]) -> None:
    for name, sort in (("by name", BY_NAME), ("newest first", NEWEST_FIRST)):
        backwards = Sort(sort.columns, not sort.is_descending)
        end = page(select(Product), where, backwards, None, paging.PAGE_SIZE + 1)
        deepest = paging.cursor_after(end.items[-1], sort)
        first, last = measure_pages(where, sort, [None, deepest])
        report(f"first page, {name}", first)
        report(f"deepest page, {name}", last)
        verdict(
            f"ratio of the medians {last.p50 / first.p50:.2f}", last.p50 / first.p50, DEEPEST_RATIO
        )


def measure_inventory(app: Flask, client: FlaskClient, company_id: str) -> None:
    """Measure the inventory's first and deepest page as whole requests."""
    address = "/dashboard/inventory"
    with app.app_context():
        backwards, where = Sort(BY_NAME.columns, True), matching(company_id, "")
        end = page(select(Product), where, backwards, None, paging.PAGE_SIZE + 1)
        deepest = paging.cursor_after(end.items[-1], BY_NAME)
    taken = {None: [], deepest: []}
    for _ in range(100):
        for cursor, times in taken.items():
            started = time.perf_counter()
            answer = client.get(address, query_string={"cursor": cursor} if cursor else {})
            times.append(time.perf_counter() - started)
            assert answer.status_code == 200
    first, last = map(Spread.of, taken.values())
    report("inventory, first page, whole request", first)
    report("inventory, deepest page, whole request", last)
    ratio = last.p50 / first.p50
    verdict(f"ratio of the medians {ratio:.2f}", ratio, DEEPEST_RATIO)


def measure_pages(where, sort: Sort, cursors: list) -> list[Spread]:
    """Measure the pages in turns, so that noise of the machine meets all of them."""
    taken = [[] for _ in cursors]
    for _ in range(100):
        for cursor, times in zip(cursors, taken, strict=True):
            started = time.perf_counter()
            shown = page(select(Product), where, sort, cursor)
            times.append(time.perf_counter() - started)
            assert len(shown.items) == paging.PAGE_SIZE
            db.session.rollback()
    return [Spread.of(times) for times in taken]


def report(name: str, spread: Spread, goal_ms: float | None = None) -> None:
    figures = f"p50 {spread.p50:8.2f}  p95 {spread.p95:8.2f}  worst {spread.worst:8.2f} ms"
    line = f"  {name:45} {figures}"
    if goal_ms is None:
        print(line)
    else:
        verdict(line, spread.p95, goal_ms)


def verdict(line: str, value: float, goal: float) -> None:
    print(f"{line}  goal {goal}: {'met' if value <= goal else 'MISSED'}")


if __name__ == "__main__":
    main()
