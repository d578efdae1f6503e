"""A plan into the database, set-wise: part of the caller's one transaction, under its lock."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .. import audit, image_url
from ..extensions import db
from ..folding import searchable
from ..images.attachment import ImageConflict
from ..models import AuditEntry, Company, Image, Product, new_id
from .planning import COLUMNS, Change, Plan

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_AUDITED = tuple(name for name in COLUMNS if name != "external_image_url")
# As many products with their pictures are in memory at a time.
CHUNK = 200


def write(company: Company, plan: Plan, copies: dict[int, str], now: datetime) -> None:
    """The catalogue is what plan says, and the log tells it. Expects the plan's lock.

    copies: the id of the staged copy that a line attaches, by line.
    Raises ImageConflict where something is not what it was, and
    IntegrityError where a new SKU has just been taken.
    """
    ids = {change.line: change.saved.id if change.saved else new_id() for change in plan.changes}
    _upsert([change for change in plan.changes if change.fields], company, ids, now)
    with_pictures = [change for change in plan.changes if change.picture]
    _touch([change for change in with_pictures if not change.fields], now)
    entries = [_entry(change, ids[change.line]) for change in plan.changes if not change.picture]
    for chunk in _chunks(with_pictures):
        entries += _change_pictures(chunk, ids, copies)
    log(entries, now)


def upsert_statement(dialect: str):
    """Insert products, or update those of the same SKU that are of the version before."""
    statement = _INSERTS[dialect](Product.__table__)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["company_id", "sku"],
        # Compare and set: a product that someone else has just added under this SKU is left alone.
        where=Product.version + 1 == new.version,
        set_={
            **{name: new[name] for name in COLUMNS if name != "sku"},
            **{"search_text": new.search_text, "updated_at": new.updated_at},
            "version": Product.version + 1,
        },
    )


def log(entries: list[dict], now: datetime) -> None:
    """The audit log has these entries of audit.entry()."""
    rows = [entry | {"id": new_id(), "created_at": now} for entry in entries]
    if rows:
        db.session.connection().execute(insert(AuditEntry.__table__), rows)


def _upsert(changes: list[Change], company: Company, ids: dict[int, str], now: datetime) -> None:
    if not changes:
        return
    rows = [
        {
            **change.values,
            "id": ids[change.line],
            "company_id": company.id,
            "version": change.saved.version + 1 if change.saved else 1,
            "search_text": _search_text(change.values),
            "created_at": now,
            "updated_at": now,
        }
        for change in changes
    ]
    statement = upsert_statement(db.engine.dialect.name).returning(Product.__table__.c.id)
    done = db.session.connection().execute(statement, rows).all()
    if len(done) != len(rows):
        raise ImageConflict("products")


def _search_text(values: dict) -> str:
    return searchable(values["name"], values["sku"], values["category"])


def _touch(changes: list[Change], now: datetime) -> None:
    """Products of which only the pictures change have a new version too."""
    for chunk in _chunks(changes):
        db.session.execute(
            update(Product)
            .where(Product.id.in_([change.saved.id for change in chunk]))
            .values(version=Product.version + 1, updated_at=now),
            execution_options={"synchronize_session": False},
        )


def _entry(change: Change, product_id: str) -> dict:
    """The audit entry of a change that is all in the product's own row."""
    if change.saved is None:
        after = _snapshot(change.values, change.values["external_image_url"], ())
        return audit.entry("product.created", "Product", product_id, after=after)
    before = _named(change.saved.values, change.fields)
    after = _named(change.values, change.fields)
    return audit.entry("product.updated", "Product", product_id, before, after)


def _named(values: dict, fields: list[str]) -> dict:
    """The values as the log calls them: where a picture lies is the image_url."""
    return {"image_url" if name == "external_image_url" else name: values[name] for name in fields}


def _snapshot(values: dict, url: str | None, images: Iterable[str]) -> dict:
    return {name: values[name] for name in _AUDITED} | {"image_url": url, "images": list(images)}


def _change_pictures(
    changes: list[Change], ids: dict[int, str], copies: dict[int, str]
) -> list[dict]:
    """The pictures of these products are what the file says; returns their audit entries."""
    asked = select(Product).where(Product.id.in_([ids[change.line] for change in changes]))
    products = db.session.scalars(asked.execution_options(populate_existing=True)).all()
    by_id = {product.id: product for product in products}
    return [
        _change_picture(change, by_id[ids[change.line]], copies.get(change.line))
        for change in changes
    ]


def _change_picture(change: Change, product: Product, copy_id: str | None) -> dict:
    copy = db.session.get_one(Image, copy_id) if copy_id else None
    image_url.apply(product, change.picture, copy)
    db.session.flush()
    db.session.expire(product, ["image", "images"])
    after = audit.snapshot(product)
    if change.saved is None:
        return audit.entry("product.created", "Product", product.id, after=after)
    before = _snapshot(change.saved.values, change.saved.image_url, change.pictures_before)
    return audit.entry("product.updated", "Product", product.id, before, after)


def _chunks(changes: list[Change]) -> Iterable[list[Change]]:
    remaining = iter(changes)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
