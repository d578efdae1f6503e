"""A CSV import of 5,000 rows: against the bare driver, and against the ORM row by row.

Run from the checkout: python tests/bench/imports.py. In-process, on
SQLite and on a PostgreSQL that it starts. Each of the three writes the
same products and the same audit entries in one transaction, into the same
tables with their indexes and triggers; first all rows are new, then each
has another price. They take turns, and the best of some rounds counts: on
SQLite in CPU seconds, so that a busy machine changes little, on
PostgreSQL, which works in processes of its own, by the clock.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask_migrate import upgrade
from sqlalchemy import delete, select

from distribu import audit, create_app
from distribu.audit import set_actor
from distribu.extensions import db
from distribu.importing import jobs
from distribu.importing.planning import Plan, make_plan
from distribu.importing.writing import write
from distribu.models import AuditEntry, Company, Product, User, new_id, utc_now
from distribu.models.search_text import searchable
from tests.conftest import Cast, add_cast, settings
from tests.servers import running_postgres

ROWS = 5000
ROUNDS = 3
OF_DRIVER = 1.6
OF_ORM = 20
HEADER = "sku,name,description,category,unit,price,stock,isActive,imageUrl"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run("SQLite", f"sqlite:///{folder}/distribu.db", Path(folder))
        with running_postgres() as server:
            run("PostgreSQL", server.url("postgres"), Path(folder))


def run(database: str, url: str, folder: Path) -> None:
    print(f"\n{database}, {ROWS:,} rows by SKU in one transaction, with their audit entries")
    with opened(url, folder) as cast:
        taken = {}
        for _ in range(ROUNDS):
            for name, importer in IMPORTERS.items():
                clear()
                for step, price in (("all new", "1.00"), ("all changed", "2.00")):
                    seconds = importer(cast, file_text(price))
                    taken.setdefault((step, name), []).append(seconds)
                    assert stored_prices() == {round(float(price) * 100)}
        for step in ("all new", "all changed"):
            report(database, step, {name: min(taken[step, name]) for name in IMPORTERS})


@contextmanager
def opened(url: str, folder: Path):
    app = create_app(settings(folder, SQLALCHEMY_DATABASE_URI=url))
    with app.app_context():
        upgrade()
        cast = add_cast()
        yield cast
        db.session.remove()
        db.engine.dispose()


def file_text(price: str) -> str:
    rows = (
        f"AX-{number:05},Steel bolt {number} mm,As sturdy as it looks.,Hardware,box,{price},"
        f"{number % 200},true,https://cdn.example.com/{number}.png\n"
        for number in range(ROWS)
    )
    return f"{HEADER}\n{''.join(rows)}"


def clear() -> None:
    for table in (AuditEntry, Product):
        db.session.execute(delete(table))
    db.session.commit()


def stored_prices() -> set[int]:
    return set(db.session.scalars(select(Product.price_minor).distinct()))


def planned(cast: Cast, text: str) -> tuple[Company, Plan]:
    job = jobs.new_job(cast.acme, cast.alice, "products.csv", text.encode())
    company = db.session.get_one(Company, cast.acme)
    plan = make_plan(company, jobs.reading_of(job, jobs.table_of(job)))
    db.session.rollback()
    return db.session.get_one(Company, cast.acme), plan


def by_distribu(cast: Cast, text: str) -> float:
    """Import with Distribu's own writer, from the plan to the commit."""
    company, plan = planned(cast, text)

    def save() -> None:
        write(company, plan, {}, utc_now())
        db.session.commit()

    return timed(cast, save)


def whole_import(cast: Cast, text: str) -> float:
    """From the bytes of the file to the commit, planned twice, as the worker does."""

    def save() -> None:
        job = jobs.new_job(cast.acme, cast.alice, "products.csv", text.encode())
        reading = jobs.reading_of(job, jobs.table_of(job))
        company = db.session.get_one(Company, cast.acme)
        shown = make_plan(company, reading).fingerprint
        plan = make_plan(company, reading, is_locked=True)
        assert plan.fingerprint == shown
        write(company, plan, {}, utc_now())
        db.session.commit()

    return timed(cast, save)


PRODUCT = (
    *("id", "company_id", "sku", "name", "description", "category", "unit", "price_minor"),
    *("stock", "is_active", "external_image_url", "version", "created_at", "updated_at"),
    "search_text",
)
ENTRY = (
    *("id", "company_id", "actor_type", "actor_id", "actor_name", "action", "entity_type"),
    *("entity_id", '"before"', '"after"', "created_at"),
)
UPDATED = [name for name in PRODUCT if name not in ("id", "company_id", "sku", "created_at")]


def by_driver(cast: Cast, text: str) -> float:
    """The same rows by executemany() of the driver itself, its values prepared beforehand."""
    _, plan = planned(cast, text)
    driver = db.engine.raw_connection()
    mark = "%s" if db.engine.dialect.name == "postgresql" else "?"
    assignments = ", ".join(
        "version = product.version + 1" if name == "version" else f"{name} = excluded.{name}"
        for name in UPDATED
    )
    upsert = (
        f"{insert_of('product', PRODUCT, mark)} ON CONFLICT (company_id, sku) "
        f"DO UPDATE SET {assignments}"
    )
    products, entries = driver_rows(cast, plan)

    def save() -> None:
        cursor = driver.cursor()
        cursor.executemany(upsert, products)
        cursor.executemany(insert_of("audit_entry", ENTRY, mark), entries)
        driver.commit()

    seconds = timed(cast, save)
    driver.close()
    return seconds


def insert_of(table: str, columns: tuple[str, ...], mark: str) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"


def driver_rows(cast: Cast, plan: Plan) -> tuple[list[tuple], list[tuple]]:
    now = utc_now() if db.engine.dialect.name == "postgresql" else str(utc_now())[:26]
    products, entries = [], []
    for change in plan.changes:
        row = change.values | {"id": new_id(), "company_id": cast.acme, "version": 1}
        row |= {"created_at": now, "updated_at": now}
        row["search_text"] = searchable(row["name"], row["sku"], row["category"])
        products.append(tuple(row[name] for name in PRODUCT))
        after = {name: change.values[name] for name in change.fields}
        before = {name: change.saved.values[name] for name in after} if change.saved else None
        action = "product.updated" if change.saved else "product.created"
        who = (new_id(), cast.acme, "USER", cast.alice, "alice@acme.test", action, "Product")
        entries.append((*who, row["id"], json.dumps(before), json.dumps(after), now))
    return products, entries


def by_orm(cast: Cast, text: str) -> float:
    """Import with the ORM: each product saved as by its form, with one commit."""
    _, plan = planned(cast, text)
    rows = [change.values for change in plan.changes]

    def save() -> None:
        for row in rows:
            asked = select(Product).where(
                Product.company_id == cast.acme, Product.sku == row["sku"]
            )
            product = db.session.scalars(asked).one_or_none()
            before = audit.snapshot(product) if product else None
            if product is None:
                product = Product(id=new_id(), company_id=cast.acme)
                db.session.add(product)
            for name, value in row.items():
                setattr(product, name, value)
            if before:
                product.version, product.updated_at = product.version + 1, utc_now()
            action = "product.updated" if before else "product.created"
            after = audit.snapshot(product)
            audit.record(action, "Product", product.id, before, after)
        db.session.commit()

    return timed(cast, save)


IMPORTERS: dict[str, Callable[[Cast, str], float]] = {
    "distribu": by_distribu,
    "driver": by_driver,
    "whole": whole_import,
    "orm": by_orm,
}


def timed(cast: Cast, work: Callable[[], None]) -> float:
    user = db.session.get_one(User, cast.alice)
    set_actor("USER", user, user.company, user.email)
    clock = time.process_time if db.engine.dialect.name == "sqlite" else time.perf_counter
    # Else one of them would pay for looking through what was made before it.
    gc.collect()
    started = clock()
    work()
    seconds = clock() - started
    db.session.remove()
    return seconds


def report(database: str, step: str, best: dict[str, float]) -> None:
    has_goal = database == "SQLite"
    ours = best["distribu"]
    line(f"{step}: the transaction, of the bare driver", ours / best["driver"],
         OF_DRIVER if has_goal else None, note=f"{ours:.3f} s, {best['driver']:.3f} s")  # fmt: skip
    line(f"{step}: the ORM row by row, of the transaction", best["orm"] / ours,
         OF_ORM if has_goal else None, True, note=f"{best['orm']:.3f} s")  # fmt: skip
    line(f"{step}: file to commit, of the bare driver", best["whole"] / best["driver"],
         note=f"{best['whole']:.3f} s")  # fmt: skip


def line(
    name: str,
    value: float,
    goal: float | None = None,
    higher_is_better: bool = False,
    note: str = "",
) -> None:
    shown = f"  {name:66} {value:8.2f}"
    if goal is not None:
        is_met = value >= goal if higher_is_better else value <= goal
        shown += f"  goal {'>=' if higher_is_better else '<='} {goal:g}: "
        shown += "met" if is_met else "MISSED"
    print(f"{shown}  {note}", flush=True)


if __name__ == "__main__":
    main()
