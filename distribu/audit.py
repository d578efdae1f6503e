"""The audit log of who changed what, written in the same commit as the change."""

from datetime import datetime
from typing import cast

from flask import g
from sqlalchemy import Table, insert, literal

from .extensions import db
from .models import AuditEntry, Company, Product, User, new_id, utc_now
from .models.columns import UtcDateTime
from .models.json_rows import select_rows

_TABLE = cast(Table, AuditEntry.__table__)
_OF_EACH = ("action", "entity_id", "before", "after")


def set_actor(actor_type: str, actor: User | None, company: Company, name: str) -> None:
    """Let the rest of this request act for company, in the actor's name."""
    g.company = company
    g.actor_type, g.actor_id, g.actor_name = actor_type, actor.id if actor else None, name


def snapshot(product: Product) -> dict:
    """Return a product's values for an audit entry; equal snapshots mean no change."""
    names = ("name", "sku", "description", "category", "unit", "price_minor", "stock", "is_active")
    kept = {name: getattr(product, name) for name in names}
    images = [image.id for image in product.images]
    alt_texts = {image.id: image.alt_text for image in product.images if image.alt_text}
    if product.external_image_alt:
        alt_texts["external"] = product.external_image_alt
    return kept | {"image_url": product.image_url, "images": images, "alt_text": alt_texts}


def record(
    action: str, entity_type: str, entity_id: str, before=None, after=None, actor=None
) -> None:
    """Add an entry to the audit log; the caller commits.

    action: dotted, like "product.updated". before, after: JSON values; of
    two dicts only the differences are kept. actor: g's if None.
    """
    who = actor or _actor()
    what = entry(action, entity_id, before, after)
    db.session.add(AuditEntry(**who, entity_type=entity_type, **what))


def record_update(product: Product, before: dict) -> bool:
    """Log the change of a product and set updated_at; the caller commits.

    before: its snapshot() under lock_product(). Returns False, with nothing
    logged, if nothing changed: the caller then rolls back, so that no new
    version remains.
    """
    db.session.flush()
    after = snapshot(product)
    if before == after:
        return False
    product.updated_at = utc_now()
    record("product.updated", "Product", product.id, before, after)
    return True


def record_all(entity_type: str, entries: list[dict], now: datetime) -> None:
    """Add these entries, made by entry(), to the audit log in order, for g's actor."""
    if not entries:
        return
    # Sorted, since the log orders entries of one moment by id, and the clock may be set back.
    ids = sorted(new_id() for _ in entries)
    rows = [{"id": one_id, **one} for one_id, one in zip(ids, entries, strict=True)]
    of_all = _actor() | {"entity_type": entity_type}
    chosen = select_rows(rows, [_TABLE.c[name] for name in ("id", *_OF_EACH)]).add_columns(
        literal(now, UtcDateTime),
        *(literal(value, _TABLE.c[name].type) for name, value in of_all.items()),
    )
    names = ["id", *_OF_EACH, "created_at", *of_all]
    db.session.connection().execute(insert(_TABLE).from_select(names, chosen))


def system(company_id: str, name: str) -> dict:
    """Return the actor for a change that nobody requested. name: the part that makes it."""
    return {"company_id": company_id, "actor_type": "SYSTEM", "actor_id": None, "actor_name": name}


def entry(action: str, entity_id: str, before=None, after=None) -> dict:
    """Return an entry about one entity; of two dicts only the values that differ."""
    if before is not None and after is not None:
        changed = [name for name in after if before.get(name) != after[name]]
        before, after = ({name: side.get(name) for name in changed} for side in (before, after))
    return {"action": action, "entity_id": entity_id, "before": before, "after": after}


def _actor() -> dict[str, str | None]:
    return {
        "company_id": g.company.id,
        "actor_type": g.actor_type,
        "actor_id": g.actor_id,
        "actor_name": g.actor_name,
    }
