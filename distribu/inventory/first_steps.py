"""The first steps of a new company, shown above its inventory until they are done."""

from dataclasses import dataclass

from flask import url_for
from sqlalchemy import exists, or_, select

from ..extensions import db
from ..models import READY, Image, Product


@dataclass(frozen=True)
class FirstSteps:
    """The steps that are done. image_url: the form in which to add an image."""

    has_product: bool
    has_image: bool
    image_url: str


def first_steps(company_id: str) -> FirstSteps | None:
    """Return the steps, or None if the company has a product with an image."""
    own = Product.company_id == company_id
    hosted = exists().where(Image.product_id == Product.id, Image.status == READY)
    shows_image = or_(Product.external_image_url.is_not(None), hosted)
    if db.session.scalar(select(exists().where(own, shows_image))):
        return None
    product_id = db.session.scalar(select(Product.id).where(own).order_by(Product.id).limit(1))
    if product_id is None:
        return FirstSteps(False, False, url_for("inventory.new_product"))
    edit_url = url_for("inventory.edit_product", product_id=product_id)
    return FirstSteps(True, False, edit_url)
