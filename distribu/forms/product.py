"""The product form and its image field."""

import json
from collections.abc import Callable
from typing import Any

from flask import current_app, g
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import exists, select
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)

from ..extensions import db
from ..images.decoding.policies import MERCHANT
from ..models import Product, new_id
from ..models.currencies import digits
from ..models.sku_keys import sku_key
from ..products import numbers, rules
from .image_file import ImageFormat, ImageSize, NamedFileField

FIELDS = ("name", "sku", "category", "description", "unit", "price", "is_active")
COMPARED = ("name", "sku", "category", "description", "unit")


class Rule:
    """The field keeps a rule of rules.py or numbers.py; field.value is what is stored."""

    def __init__(self, parse: Callable, longest: int | None = None, is_required: bool = False):
        self.parse = parse
        self.field_flags: dict[str, object] = {"required": True} if is_required else {}
        if longest:
            self.field_flags["maxlength"] = longest

    def __call__(self, form: FlaskForm, field: Any) -> None:
        try:
            field.value = self.parse(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class RuledField(StringField):
    """Text, and what its Rule makes of it once it is valid."""

    value: Any


class ImageForm(FlaskForm):
    """The image field by itself, as the preview posts it."""

    # "": none was chosen. The row is the token: it must be staged, and the company's.
    image_id = HiddenField()
    # What image_id displaced: kept until a request shows that the browser has seen the answer.
    earlier_image_id = HiddenField()
    remove_image = HiddenField()
    # The label of how an image was made, of a file of which image is a smaller copy.
    digital_source_type = HiddenField()
    alt_text = RuledField("Alt text", [Rule(rules.alt_text, rules.ALT_TEXT_MAX)])
    image = NamedFileField("Product image", [ImageFormat(MERCHANT), ImageSize(MERCHANT)])


class ProductForm(ImageForm):
    """Every field of a product, filled from product when nothing was posted."""

    name = StringField("Product name", [Rule(rules.name, rules.NAME_MAX, is_required=True)])
    sku = RuledField("SKU", [Rule(rules.sku, rules.SKU_MAX)])
    category = StringField("Category", [Rule(rules.category, rules.CATEGORY_MAX)])
    description = TextAreaField("Description", [Rule(rules.description)])
    unit = SelectField("Unit", [Rule(rules.unit, is_required=True)], default="each")
    price = RuledField("Price", [Rule(numbers.typed_price, is_required=True)])
    stock = RuledField("Stock qty", [Rule(numbers.typed_stock, is_required=True)], default="0")
    is_active = BooleanField("Active", default=True)
    # What the merchant saw: a save over a newer version, or a newer stock, is told so.
    version = HiddenField()
    stock_shown = HiddenField()
    seen = HiddenField()
    # The id that a new product will have, signed: the same form sent twice makes one product.
    reserved_id = HiddenField()
    # The page of the inventory list that the merchant came from.
    return_to = HiddenField()
    # The product's place in that list when the form was opened: "Save and next" goes on from it.
    place = HiddenField()

    def __init__(self, product: Product | None = None, **kwargs):
        super().__init__(data=_shown(product), **kwargs)
        self.product = product
        choices = list(rules.UNITS)
        # The API and CSV take any unit; the form keeps what it finds.
        if product and product.unit not in rules.UNITS:
            choices.append(product.unit)
        # Choices that are their own labels are unknown to the stubs.
        self.unit.choices = choices  # type: ignore[assignment]

    def validate_sku(self, field: Field) -> None:
        sku = getattr(field, "value", None)
        # One that looked like another's before SKUs were compared by keys may stay.
        if self.product and self.product.sku == sku:
            return
        same = [Product.company_id == g.company.id, Product.sku_key == sku_key(sku)]
        if self.product:
            same.append(Product.id != self.product.id)
        if sku and db.session.scalar(select(exists().where(*same))):
            raise ValidationError(f"Another product has the SKU {sku}.")

    def validate_price(self, field: RuledField) -> None:
        """The company's currency has a coin for the price."""
        if not field.errors:
            try:
                rules.price_in(g.company.currency, field.value)
            except ValueError as error:
                raise ValidationError(str(error)) from error

    @property
    def seen_version(self) -> int | None:
        """The version that the merchant saw; None where the form does not say."""
        text = self.version.data or ""
        # Longer than any version: neither int() nor an integer column takes whatever is sent.
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def seen_state(self) -> dict | None:
        """The seen_state() of the product when the form was opened; None where it does not say."""
        try:
            # Not data: a field that was not sent has what the product has now.
            state = json.loads((self.seen.raw_data or [])[0])
        except (ValueError, TypeError, IndexError, RecursionError):
            return None
        return state if isinstance(state, dict) else None

    @property
    def new_product_id(self) -> str:
        """The id that the form reserved for its new product, or a fresh one."""
        try:
            company_id, product_id = _reservations().loads(self.reserved_id.data or "")
        except (BadSignature, ValueError, TypeError):
            return new_id()
        return product_id if company_id == g.company.id else new_id()

    def reserve_id(self) -> None:
        """Carry the id that the product will have."""
        self.reserved_id.data = _reservations().dumps([g.company.id, new_id()])

    @property
    def changes_stock(self) -> bool:
        """Return whether the merchant typed another stock than the form showed."""
        return self.product is None or (self.stock.data or "").strip() != self.stock_shown.data

    def fill(self, product: Product) -> None:
        """product has what was typed; its stock only if it was typed anew."""
        for name in ("name", "sku", "category", "description", "unit"):
            setattr(product, name, self[name].value)
        product.price_minor = self.price.value
        product.is_active = self.is_active.data
        if self.changes_stock:
            product.stock = self.stock.value


def shown_price(product: Product) -> str:
    """The price as the form shows it."""
    return digits(product.price_minor, g.company.currency)


def seen_state(product: Product) -> dict:
    """Return the values that a form shows of a product, to be compared if someone else saves it."""
    state = {name: getattr(product, name) or "" for name in COMPARED}
    return state | {
        "price": shown_price(product),
        "is_active": product.is_active,
        "image": image_identity(product),
        "alt_text": product.image_alt or "",
    }


def image_identity(product: Product) -> str:
    """Return the id of the product's image, or its external address."""
    return product.external_image_url or (product.image.id if product.image else "")


def _reservations() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], "id of a new product")


def _shown(product: Product | None) -> dict | None:
    if product is None:
        return None
    shown = {name: getattr(product, name) for name in FIELDS}
    return shown | {
        "price": shown_price(product),
        "stock": str(product.stock),
        "stock_shown": str(product.stock),
        "version": str(product.version),
        "alt_text": product.image_alt or "",
        "seen": json.dumps(seen_state(product)),
    }
