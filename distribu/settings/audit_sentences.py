"""Turn entries of the audit log into sentences: who did what, to what, with its images."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import g, url_for
from sqlalchemy import select

from ..extensions import db
from ..http.template_filters import money
from ..models import READY, AuditEntry, Image, Order, Product, User
from ..sales.status import STATUS_LABELS

# Verb phrases; {} stands for the name of the entity, if the phrase has one.
VERBS = {
    "product.created": "added {}",
    "product.deleted": "deleted {}",
    "order.created": "placed {}",
    "company.created": "registered {}",
    "company.updated": "changed the settings of {}",
    "password.changed": "changed their password",
    "user.updated": "changed their name or email",
    "user.signed_out_everywhere": "signed out everywhere",
    "member.added": "added {} as a member",
    "member.role_changed": "changed the role of {}",
    "member.removed": "removed {} from the members",
    "member.link_renewed": "made a new password link for {}",
    "api_key.created": "created the API key {}",
    "api_key.revoked": "revoked the API key {}",
}
FIELDS = {
    "name": "name",
    "sku": "SKU",
    "description": "description",
    "category": "category",
    "unit": "unit",
    "price_minor": "price",
    "stock": "stock",
    "is_active": "status",
    "image_url": "image",
}
_HOSTED = re.compile(r"/images/([0-9A-Z]{26})/")


@dataclass(frozen=True)
class Thumb:
    """An image as the templates show it; a placeholder if it was deleted."""

    name: str
    image: Image | None = None
    external_image_url: str | None = None


@dataclass(frozen=True)
class Sentence:
    """An entry in words. name: goes between verb and rest; "" if unknown. url: of the entity."""

    entry: AuditEntry
    who: str
    verb: str
    name: str
    rest: str
    has_subject: bool
    url: str | None
    before: Thumb | None
    after: Thumb | None


def sentences(entries: list[AuditEntry]) -> list[Sentence]:
    """Return the entries in words, with the present names of what they refer to."""
    ids = {entry.entity_id for entry in entries} | {entry.actor_id for entry in entries}
    known = {row.id: row for model in (Product, Order, User) for row in _own(model, ids)}
    image_ids = {image_id for entry in entries for image_id in _hosted_ids(entry)}
    images = {row.id: row for row in _own(Image, image_ids) if row.status == READY}
    return [_sentence(entry, known, images) for entry in entries]


def _own(model: Any, ids: Iterable[str | None]) -> list[Any]:
    wanted = select(model).where(model.company_id == g.company.id, model.id.in_(filter(None, ids)))
    return list(db.session.scalars(wanted))


def _sentence(entry: AuditEntry, known: dict, images: dict[str, Image]) -> Sentence:
    name = _name(entry, known.get(entry.entity_id))
    verb, subject, rest = _verb(entry).partition("{}")
    sides = (entry.before or {}, entry.after or {})
    before, after = (_thumb(side.get("image_url"), name, images) for side in sides)
    return Sentence(
        entry=entry,
        who=_who(entry, known.get(entry.actor_id)),
        verb=verb,
        name=name,
        rest=rest,
        has_subject=bool(subject),
        url=_url(entry, known),
        before=before,
        after=after,
    )


def _who(entry: AuditEntry, user: User | None) -> str:
    """Return the actor's name in place of the logged email, keeping an API key's name after it."""
    return entry.actor_name.replace(user.email, user.display_name) if user else entry.actor_name


def _name(entry: AuditEntry, row: Product | Order | User | None) -> str:
    if isinstance(row, Order):
        return f"order #{row.number}"
    now = row.display_name if isinstance(row, User) else getattr(row, "name", "")
    sides = (entry.after or {}, entry.before or {})
    return now or next((side["name"] for side in sides if side.get("name")), "")


def _url(entry: AuditEntry, known: dict) -> str | None:
    if entry.entity_id not in known:
        return None
    if entry.entity_type == "Product":
        return url_for("inventory.edit_product", product_id=entry.entity_id)
    if entry.entity_type == "Order":
        return url_for("orders.show_order", order_id=entry.entity_id)
    return None


def _verb(entry: AuditEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.action == "order.status_changed" and after.get("status") in STATUS_LABELS:
        returned = " and returned its items to stock" if after.get("stock_returned") else ""
        return f"marked {{}} as {STATUS_LABELS[after['status']].lower()}{returned}"
    if entry.action == "product.updated":
        return _product_verb(before, after)
    return VERBS.get(entry.action, f"{entry.action}: {{}}")


def _product_verb(before: dict, after: dict) -> str:
    changed = [name for name in FIELDS if name in after]
    if changed == ["image_url"]:
        return _image_verb(before.get("image_url"), after["image_url"])
    if changed == ["is_active"]:
        return "activated {}" if after["is_active"] else "deactivated {}"
    if changed in (["price_minor"], ["stock"]):
        name = changed[0]
        values = (_shown(name, side.get(name)) for side in (before, after))
        return f"changed the {FIELDS[name]} of {{}} from {' to '.join(values)}"
    labels = [FIELDS[name] for name in changed] or ["images" if "images" in after else "details"]
    listed = " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))
    return f"changed the {listed} of {{}}"


def _image_verb(before: str | None, after: str | None) -> str:
    if after is None:
        return "removed the image of {}"
    return "replaced the image of {}" if before else "added an image to {}"


def _shown(field: str, value: int | None) -> str:
    if value is None:
        return "–"
    return money(value, g.company.currency) if field == "price_minor" else f"{value:,}"


def _hosted_ids(entry: AuditEntry) -> list[str]:
    urls = [(side or {}).get("image_url") or "" for side in (entry.before, entry.after)]
    return [image_id for url in urls for image_id in _HOSTED.findall(url)]


def _thumb(url: str | None, name: str, images: dict[str, Image]) -> Thumb | None:
    if not url:
        return None
    hosted = _HOSTED.search(url)
    if hosted is None:
        return Thumb(name, external_image_url=url)
    return Thumb(name, image=images.get(hosted[1]))
