"""Helpers for tests of an image's life: uploads, and comparisons of rows with the store."""

from io import BytesIO

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from distribu.extensions import db, store
from distribu.images.stores.contract import ObjectNotFound
from distribu.models import PROCESSING, Company, Image, OutboxEntry, Product
from tests.images.image_files import png

WIDE, HIGH = 140, 70


def upload(file: BytesIO | None = None, filename: str = "blue-widget.png") -> FileStorage:
    return FileStorage(file or png(WIDE, HIGH), filename)


def add_company(slug: str = "acme") -> str:
    company = Company(name=slug.title(), slug=slug)
    db.session.add(company)
    db.session.commit()
    return company.id


def images_of(product: Product) -> list[Image]:
    """The product's images in their order, as they are in the database now."""
    db.session.rollback()
    query = select(Image).where(Image.product_id == product.id)
    return list(db.session.scalars(query.order_by(Image.position, Image.id)))


def named_by_rows() -> set[str]:
    """Every key that an image row names."""
    db.session.rollback()
    named = set()
    for image in db.session.scalars(select(Image)):
        named |= {image.key(made["path"]) for made in image.derivatives}
        if image.owns_upload:
            named.add(image.upload_key)
    return named


def outbox_prefixes() -> list[str]:
    return list(db.session.scalars(select(OutboxEntry.prefix).order_by(OutboxEntry.prefix)))


def image_row(company_id: str, **values) -> Image:
    """A row that nothing in the store belongs to, not added yet."""
    defaults = {
        "policy": "commerce",
        "sha256": "0" * 64,
        "filename": "blue-widget.png",
        "public_name": "blue-widget.png",
        "format": "PNG",
        "byte_size": 1,
        "width_px": 0,
        "height_px": 0,
    }
    return Image(company_id=company_id, **defaults | values)


def add_accepted(
    company_id: str, product: Product | None = None, file: BytesIO | None = None, **values
) -> Image:
    """An image that was accepted undecoded: PROCESSING, its upload in the store."""
    known = {"product_id": product and product.id, "status": PROCESSING}
    image = image_row(company_id, **known | values)
    db.session.add(image)
    db.session.commit()
    store.put(image.upload_key, file or png(WIDE, HIGH), "application/octet-stream")
    return image


def has_object(store, key: str) -> bool:
    try:
        store.stat(key)
    except ObjectNotFound:
        return False
    return True
