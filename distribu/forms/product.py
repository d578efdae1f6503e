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
    """Validator that applies a rule of rules.py or numbers.py; field.value gets the result."""

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
    """A text field; value is the result of its Rule if the text is valid."""

    value: Any


class ImageForm(FlaskForm):
    """The image field by itself, as the preview submits it."""

    # "" if none was chosen. It is safe to accept any id: the row must be staged and the company's.
    image_id = HiddenField()
    # The choice before image_id, kept until a request shows that the browser got the response.
    earlier_image_id = HiddenField()
    remove_image = HiddenField()
    # The DigitalSourceType of the original file, if image is a smaller copy made in the browser.
    digital_source_type = HiddenField()
    alt_text = RuledField("Alt text", [Rule(rules.alt_text, rules.ALT_TEXT_MAX)])
    image = NamedFileField("Product image", [ImageFormat(MERCHANT), ImageSize(MERCHANT)])


class ProductForm(ImageForm):
    """All fields of a product, filled from product unless the form was submitted."""

    name = StringField("Product name", [Rule(rules.name, rules.NAME_MAX, is_required=True)])
    sku = RuledField("SKU", [Rule(rules.sku, rules.SKU_MAX)])
    category = StringField("Category", [Rule(rules.category, rules.CATEGORY_MAX)])
    description = TextAreaField("Description", [Rule(rules.description)])
    unit = SelectField("Unit", [Rule(rules.unit, is_required=True)], default="each")
    price = RuledField("Price", [Rule(numbers.typed_price, is_required=True)])
    stock = RuledField("Stock qty", [Rule(numbers.typed_stock, is_required=True)], default="0")
    is_active = BooleanField("Active", default=True)
    # The values that the merchant saw, so that saving over a newer version or stock can be refused.
    version = HiddenField()
    stock_shown = HiddenField()
    seen = HiddenField()
    # The signed id of a new product, so that the same form submitted twice makes one product.
    reserved_id = HiddenField()
    # The page of the inventory list that the merchant came from.
    return_to = HiddenField()
    # The product's place in that list when the form was opened, for "Save and next".
    place = HiddenField()

    def __init__(self, product: Product | None = None, **kwargs):
        super().__init__(data=_shown(product), **kwargs)
        self.product = product
        choices = list(rules.UNITS)
        # The API and CSV accept any unit, so keep the product's own.
        if product and product.unit not in rules.UNITS:
            choices.append(product.unit)
        # The stubs do not know choices without separate labels.
        self.unit.choices = choices  # type: ignore[assignment]

    def validate_sku(self, field: Field) -> None:
        sku = getattr(field, "value", None)
        # An unchanged SKU may stay, even if it has long looked like another product's.
        if self.product and self.product.sku == sku:
            return
        same = [Product.company_id == g.company.id, Product.sku_key == sku_key(sku)]
        if self.product:
            same.append(Product.id != self.product.id)
        if sku and db.session.scalar(select(exists().where(*same))):
            raise ValidationError(f"Another product has the SKU {sku}.")

    def validate_price(self, field: RuledField) -> None:
        """Refuse a price with decimals if the company's currency has none."""
        if not field.errors:
            try:
                rules.price_in(g.company.currency, field.value)
            except ValueError as error:
                raise ValidationError(str(error)) from error

    @property
    def seen_version(self) -> int | None:
        """The version that the merchant saw, or None if the form does not contain it."""
        text = self.version.data or ""
        # Ignore numbers too long for int() or an integer column.
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def seen_state(self) -> dict | None:
        """The product's seen_state() when the form was opened; None if missing or invalid."""
        try:
            # Not data, which for a missing field contains the product's present state.
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
        """Put a signed id for the new product into the form."""
        self.reserved_id.data = _reservations().dumps([g.company.id, new_id()])

    @property
    def changes_stock(self) -> bool:
        """Whether the merchant changed the stock that the form showed."""
        return self.product is None or (self.stock.data or "").strip() != self.stock_shown.data

    def fill(self, product: Product) -> None:
        """Set the product's values from the form; the stock only if it was changed."""
        for name in ("name", "sku", "category", "description", "unit"):
            setattr(product, name, self[name].value)
        product.price_minor = self.price.value
        product.is_active = self.is_active.data
        if self.changes_stock:
            product.stock = self.stock.value


def shown_price(product: Product) -> str:
    """Return the price as the form shows it."""
    return digits(product.price_minor, g.company.currency)


def seen_state(product: Product) -> dict:
    """Return the product's values that a form shows, to detect changes by others."""
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
