"""Drafts of orders, saved so that a reload shows the form as it was."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..forms.order import TEXTS
from ..models import OrderDraft, Product, utc_now
from ..models.compare_and_set import changed_rows
from ..models.json_rows import upsert_into
from ..sales.placement import LINES_MAX, QUANTITY_MAX, quantity

KEPT_FOR = timedelta(days=30)
TYPED_MAX = 20
_PRODUCT_ID = re.compile(r"[0-9A-Z]{26}")
_TOKEN = re.compile(r"[\w-]{16,64}", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One product of the order as the form shows it.

    typed: the quantity as typed. seen_price_minor: the price that the form
    has shown so far.
    """

    product: Product
    typed: str
    seen_price_minor: int

    @property
    def quantity(self) -> int | None:
        """The quantity, or None if it is invalid."""
        return None if self.error else quantity(self.typed)

    @property
    def error(self) -> str | None:
        """The error of the typed quantity, or None."""
        try:
            quantity(self.typed)
        except ValueError as error:
            return str(error)
        return None

    @property
    def is_short(self) -> bool:
        return (self.quantity or 0) > self.product.stock

    @property
    def total_minor(self) -> int:
        return (self.quantity or 0) * self.product.price_minor


@dataclass
class Draft:
    """An order that is not placed yet.

    typed: quantities by product id, in the order of the lines.
    seen_prices: in minor units by product id. texts: by the names in TEXTS;
    any of them may be missing.
    """

    token: str
    typed: dict[str, str] = field(default_factory=dict)
    seen_prices: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: Mapping[str, str], texts: dict[str, str]) -> "Draft":
        """Return the draft in a submitted form; unknown fields are ignored."""
        draft = cls(token_or_new(form.get("draft")), texts=texts)
        for name, value in form.items():
            kind, _, product_id = name.partition("-")
            if not _PRODUCT_ID.fullmatch(product_id):
                continue
            if kind == "quantity":
                draft.typed[product_id] = value.strip()[:TYPED_MAX]
            elif kind == "price" and value.isdecimal():
                draft.seen_prices[product_id] = int(value[:TYPED_MAX])
        return draft

    def add(self, product: Product) -> str | None:
        """Add one unit of the product, or return a sentence that says why not."""
        if not product.is_active or product.stock <= 0:
            return f"{product.name} is out of stock."
        if product.id not in self.typed and len(self.typed) >= LINES_MAX:
            return f"An order can have at most {LINES_MAX} products."
        self.seen_prices.setdefault(product.id, product.price_minor)
        self.typed[product.id] = str(self._step(product.id, 1))
        return None

    def change(self, product_id: str, step: int) -> None:
        """Change a line's quantity by step; it remains at least one."""
        if product_id in self.typed:
            self.typed[product_id] = str(max(1, self._step(product_id, step)))

    def remove(self, product_id: str) -> None:
        self.typed.pop(product_id, None)
        self.seen_prices.pop(product_id, None)

    def lines(self, company_id: str) -> list[Line]:
        """Return the lines whose products still exist, with their present values."""
        products = db.session.scalars(
            select(Product)
            .where(Product.company_id == company_id, Product.id.in_(self.typed))
            .options(selectinload(Product.image))
        )
        by_id = {product.id: product for product in products}
        return [
            Line(by_id[key], typed, self.seen_prices.get(key, by_id[key].price_minor))
            for key, typed in self.typed.items()
            if key in by_id
        ]

    def _step(self, product_id: str, step: int) -> int:
        try:
            return min(quantity(self.typed.get(product_id, "")) + step, QUANTITY_MAX)
        except ValueError:
            return 1


def token_or_new(token: str | None) -> str:
    """Return the token if it is well-formed, else a new one."""
    return token if token and _TOKEN.fullmatch(token) else secrets.token_urlsafe(16)


def load(user_id: str, token: str | None) -> Draft:
    """Return the user's saved draft, or an empty one."""
    draft = Draft(token_or_new(token))
    if row := db.session.get(OrderDraft, (user_id, draft.token)):
        for product_id, typed, price in row.content["lines"]:
            draft.typed[product_id] = typed
            if price is not None:
                draft.seen_prices[product_id] = price
        draft.texts = {name: row.content.get(name, "") for name in TEXTS}
    return draft


def unfinished(user_id: str) -> list[OrderDraft]:
    """Return the user's drafts that are not empty, newest first."""
    own = select(OrderDraft).where(OrderDraft.user_id == user_id)
    newest_first = own.order_by(OrderDraft.saved_at.desc(), OrderDraft.token)
    return [row for row in db.session.scalars(newest_first) if any(row.content.values())]


def save(user_id: str, draft: Draft, now: datetime | None = None) -> None:
    """Save the draft, and delete this user's drafts that are a month old. The caller commits."""
    now = now or utc_now()
    lines = [[key, typed, draft.seen_prices.get(key)] for key, typed in draft.typed.items()]
    saved = {"content": {"lines": lines, **draft.texts}, "saved_at": now}
    insert = upsert_into(OrderDraft).values(user_id=user_id, token=draft.token, **saved)
    db.session.execute(
        insert.on_conflict_do_update(index_elements=["user_id", "token"], set_=saved)
    )
    db.session.execute(
        delete(OrderDraft).where(
            OrderDraft.user_id == user_id, OrderDraft.saved_at < now - KEPT_FOR
        )
    )


def discard(user_id: str, token: str) -> bool:
    """Delete the draft and return whether it existed. The caller commits."""
    own = (OrderDraft.user_id == user_id, OrderDraft.token == token)
    return changed_rows(delete(OrderDraft).where(*own)) > 0
