"""The record of who changed what: written in the same commit as the change."""

from flask import g

from .extensions import db
from .models import AuditEntry, Product


def snapshot(product: Product) -> dict:
    """What an audit entry keeps of a product; two equal ones mean that nothing changed."""
    names = ("name", "sku", "description", "category", "unit", "price_minor", "stock", "is_active")
    kept = {name: getattr(product, name) for name in names}
    images = [image.id for image in product.images]
    return kept | {"image_url": product.image_url, "images": images}


def record(
    action: str, entity_type: str, entity_id: str, before=None, after=None, actor=None
) -> None:
    """The log will say that actor did this, if the caller commits.

    action: dotted, as "product.updated". before, after: as JSON; of two
    dicts only what differs is kept. actor: g's where there is none.
    """
    db.session.add(AuditEntry(**entry(action, entity_type, entity_id, before, after, actor)))


def system(company_id: str, name: str) -> dict:
    """The actor of what nobody asks for at that moment. name: of the part that does it."""
    return {"company_id": company_id, "actor_type": "SYSTEM", "actor_id": None, "actor_name": name}


def entry(
    action: str, entity_type: str, entity_id: str, before=None, after=None, actor=None
) -> dict:
    """The row that record() adds, for those who add many at once."""
    if before is not None and after is not None:
        changed = [name for name in after if before.get(name) != after[name]]
        before, after = ({name: side.get(name) for name in changed} for side in (before, after))
    return (actor or _actor()) | {
        "action": action,
        "entity_type": entity_type,
        "entity_id": entity_id,
        "before": before,
        "after": after,
    }


def _actor() -> dict:
    return {
        "company_id": g.company.id,
        "actor_type": g.actor_type,
        "actor_id": g.actor_id,
        "actor_name": g.actor_name,
    }
