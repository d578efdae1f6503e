"""Write a plan to the database in bulk, in the caller's transaction and under its lock."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import cast

from sqlalchemy import Table, case, literal, select, update

from .. import audit
from ..extensions import db
from ..images import attachment
from ..images.attachment import ImageConflict
from ..models import Company, Image, Product, new_id
from ..models.columns import UtcDateTime
from ..models.json_rows import is_among, select_rows, upsert_into
from ..models.search_text import searchable
from ..models.sku_keys import sku_key, sku_order
from ..products import written_image_url
from .planning import COLUMNS, Change, Plan

_PRODUCT = cast(Table, Product.__table__)
_WRITTEN = ("id", *COLUMNS, "version", "search_text", "sku_key", "sku_order")
# An update finds its product by these, and does not change them.
_KEYS = ("sku", "sku_key", "sku_order")
_AUDITED = tuple(name for name in COLUMNS if name != "external_image_url")
# Products loaded with their images at a time; bounds memory.
CHUNK = 200


def write(company: Company, plan: Plan, copies: dict[int, str], now: datetime) -> None:
    """Write the plan's changes and their audit entries. Expects the plan's lock.

    copies: by line, the id of the staged copy to attach.
    Raises ImageConflict if something has changed since, and IntegrityError
    if a new SKU has just been taken.
    """
    ids = {change.line: change.saved.id if change.saved else new_id() for change in plan.changes}
    _upsert([change for change in plan.changes if change.fields], company, ids, now)
    _touch([change for change in plan.changes if not change.fields], now)
    taking = [change for change in plan.changes if change.takes_image]
    others = [change for change in plan.changes if not change.takes_image]
    attachment.discard_all([image_id for change in others for image_id in change.lost])
    entries = [_entry(change, ids[change.line]) for change in others]
    for chunk in _chunks(taking):
        entries += _change_images(chunk, ids, copies)
    audit.record_all("Product", entries, now)


def _upsert(changes: list[Change], company: Company, ids: dict[int, str], now: datetime) -> None:
    """Insert or update the products; an update requires the version that was planned."""
    if not changes:
        return
    rows = [
        {
            **change.values,
            "id": ids[change.line],
            "version": change.saved.version + 1 if change.saved else 1,
            "search_text": _search_text(change.values),
            "sku_key": sku_key(change.values["sku"]),
            "sku_order": sku_order(change.values["sku"]),
        }
        for change in changes
    ]
    insert = upsert_into(_PRODUCT).from_select(
        [*_WRITTEN, "company_id", "created_at", "updated_at"],
        select_rows(rows, [_PRODUCT.c[name] for name in _WRITTEN]).add_columns(
            literal(company.id), literal(now, UtcDateTime), literal(now, UtcDateTime)
        ),
    )
    new = insert.excluded
    is_same_image = Product.external_image_url == new.external_image_url
    upsert = insert.on_conflict_do_update(
        index_elements=["company_id", "sku"],
        # Compare and set: do not overwrite a product just added by someone else with this SKU.
        where=Product.version + 1 == new.version,
        set_={
            **{name: new[name] for name in (*_WRITTEN[1:], "updated_at") if name not in _KEYS},
            # An alt text belongs to the external image that it describes.
            "external_image_alt": case((is_same_image, Product.external_image_alt), else_=""),
        },
    )
    # SQLAlchemy does not count the rows of an INSERT without this option.
    counted = {"preserve_rowcount": True}
    if db.session.connection().execute(upsert, execution_options=counted).rowcount != len(rows):
        raise ImageConflict("products")


def _search_text(values: dict) -> str:
    return searchable(values["name"], values["sku"], values["category"])


def _touch(changes: list[Change], now: datetime) -> None:
    """Raise the version of products of which only images change."""
    if not changes:
        return
    db.session.execute(
        update(Product)
        .where(is_among(Product.id, [change.saved.id for change in changes if change.saved]))
        .values(version=Product.version + 1, updated_at=now),
        execution_options={"synchronize_session": False},
    )


def _entry(change: Change, product_id: str) -> dict:
    """Return the audit entry of a change that takes no hosted image."""
    if change.saved is None:
        after = _snapshot(change.values, change.values["external_image_url"], ())
        return audit.entry("product.created", product_id, after=after)
    before = _named(change.saved.values, change.fields)
    after = _named(change.values, change.fields)
    if change.image_change:
        kept = [one for one in change.images_before if one not in change.lost]
        before |= {"image_url": change.saved.image_url, "images": list(change.images_before)}
        after |= {"image_url": change.values["external_image_url"], "images": kept}
    return audit.entry("product.updated", product_id, before, after)


def _named(values: dict, fields: list[str]) -> dict:
    """Return the values of these fields for the audit log, with external_image_url as image_url."""
    return {"image_url" if name == "external_image_url" else name: values[name] for name in fields}


def _snapshot(values: dict, url: str | None, images: Iterable[str]) -> dict:
    return {name: values[name] for name in _AUDITED} | {"image_url": url, "images": list(images)}


def _change_images(
    changes: list[Change], ids: dict[int, str], copies: dict[int, str]
) -> list[dict]:
    """Change the images of these products, and return their audit entries."""
    asked = select(Product).where(is_among(Product.id, [ids[change.line] for change in changes]))
    products = db.session.scalars(asked.execution_options(populate_existing=True)).all()
    by_id = {product.id: product for product in products}
    return [
        _change_image(change, by_id[ids[change.line]], copies.get(change.line))
        for change in changes
    ]


def _change_image(change: Change, product: Product, copy_id: str | None) -> dict:
    copy = db.session.get_one(Image, copy_id) if copy_id else None
    assert change.image_change is not None
    written_image_url.apply(product, change.image_change, copy)
    db.session.flush()
    db.session.expire(product, ["image", "images"])
    after = audit.snapshot(product)
    if change.saved is None:
        return audit.entry("product.created", product.id, after=after)
    before = _snapshot(change.saved.values, change.saved.image_url, change.images_before)
    return audit.entry("product.updated", product.id, before, after)


def _chunks(changes: list[Change]) -> Iterable[list[Change]]:
    remaining = iter(changes)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
