"""The product form and its image field."""

from collections.abc import Callable

from flask import g
from flask_wtf import FlaskForm
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
from ..models import Product
from ..models.sku_keys import sku_key
from ..products import numbers, rules
from .image_file import ImageFormat, ImageSize, NamedFileField

FIELDS = ("name", "sku", "category", "description", "unit", "price", "is_active")


class Rule:
    """The field keeps a rule of rules.py or numbers.py; field.value is what is stored."""

    def __init__(self, parse: Callable, longest: int | None = None, is_required: bool = False):
        self.parse = parse
        self.field_flags = {"required": True} if is_required else {}
        if longest:
            self.field_flags["maxlength"] = longest

    def __call__(self, form: FlaskForm, field: Field) -> None:
        try:
            field.value = self.parse(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class ImageForm(FlaskForm):
    """The image field by itself, as the preview posts it."""

    # "": none was chosen. The row is the token: it must be staged, and the company's.
    image_id = HiddenField()
    remove_image = HiddenField()
    image = NamedFileField("Product image", [ImageFormat(MERCHANT), ImageSize(MERCHANT)])


class ProductForm(ImageForm):
    """Every field of a product, filled from product when nothing was posted."""

    name = StringField("Product name", [Rule(rules.name, rules.NAME_MAX, is_required=True)])
    sku = StringField("SKU", [Rule(rules.sku, rules.SKU_MAX)])
    category = StringField("Category", [Rule(rules.category, rules.CATEGORY_MAX)])
    description = TextAreaField("Description", [Rule(rules.description)])
    unit = SelectField("Unit", [Rule(rules.unit, is_required=True)], default="each")
    price = StringField("Price", [Rule(numbers.typed_price, is_required=True)])
    stock = StringField("Stock qty", [Rule(numbers.typed_stock, is_required=True)], default="0")
    is_active = BooleanField("Active", default=True)
    # What the merchant saw: a save over a newer version, or a newer stock, is told so.
    version = HiddenField()
    stock_shown = HiddenField()

    def __init__(self, product: Product | None = None, **kwargs):
        super().__init__(data=_shown(product), **kwargs)
        self.product = product
        self.unit.choices = list(rules.UNITS)
        # The API and CSV take any unit; the form keeps what it finds.
        if product and product.unit not in rules.UNITS:
            self.unit.choices.append(product.unit)

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

    @property
    def seen_version(self) -> int | None:
        """The version that the merchant saw; None where the form does not say."""
        text = self.version.data
        # Longer than any version: neither int() nor an integer column takes whatever is sent.
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def changes_stock(self) -> bool:
        """Whether the merchant typed another stock than the form had shown."""
        return self.product is None or self.stock.data.strip() != self.stock_shown.data

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
    return f"{product.price:.2f}"


def _shown(product: Product | None) -> dict | None:
    if product is None:
        return None
    shown = {name: getattr(product, name) for name in FIELDS}
    return shown | {
        "price": shown_price(product),
        "stock": str(product.stock),
        "stock_shown": str(product.stock),
        "version": str(product.version),
    }
