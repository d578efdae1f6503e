"""The demo company: a shop whose images are drawn here, so that nothing is downloaded."""

import secrets
from io import BytesIO

from slugify import slugify
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from .. import audit
from ..audit import set_actor
from ..extensions import db
from ..images import attachment, staging
from ..images.processing import ask_again
from ..models import PREFIX_LENGTH, SCOPES, ApiKey, Company, Product, User, utc_now
from .brush import Canvas
from .goods import GOODS, Good, Shot
from .more_goods import MORE_GOODS
from .orders import add_orders

DEMO_COMPANY, DEMO_SLUG = "Acme Distributors", "acme-distributors"
DEMO_EMAIL, DEMO_PASSWORD = "demo@distribu.test", "demo-distribu"
FORMATS = {"JPEG": {"quality": 92}, "PNG": {}, "WEBP": {"quality": 90}, "AVIF": {"speed": 9}}


ALL_GOODS = [*GOODS, *MORE_GOODS]


def seed_demo(goods: list[Good] = ALL_GOODS) -> str | None:
    """Add the demo company: products, orders in every status, and a user to sign in as.

    Returns an API key with all scopes, which is stored nowhere else; None if
    the company is complete already. Commits after each product and order. If
    interrupted, a second call continues where it stopped. Raises StoreError.
    """
    company = db.session.scalar(select(Company).where(Company.slug == DEMO_SLUG))
    # The owner is added last, so a company without users is not complete.
    if company and db.session.scalar(select(User.id).where(User.company_id == company.id)):
        return None
    if company is None:
        company = Company(name=DEMO_COMPANY, slug=DEMO_SLUG)
        db.session.add(company)
        db.session.commit()
    set_actor("SYSTEM", None, company, "Demo data")
    there = set(db.session.scalars(select(Product.sku).where(Product.company_id == company.id)))
    for number, good in enumerate(goods):
        if good.sku not in there:
            _add(company.id, good, number)
    add_orders(company.id)
    return _add_owner(company.id)


def drawn(shot: Shot, number: int = 1) -> BytesIO:
    """Draw the image as a file, always the same for one shot. number: varies the grain."""
    canvas = Canvas(shot.size, shot.ground, number)
    shot.draw(canvas, *shot.arguments)
    file = BytesIO()
    canvas.finished().save(file, shot.format, **FORMATS[shot.format])
    file.seek(0)
    return file


def _add(company_id: str, good: Good, number: int) -> None:
    image_ids = [_stage(company_id, good, shot, number) for shot in good.shots]
    product = Product(
        company_id=company_id,
        sku=good.sku,
        name=good.name,
        category=good.category,
        description=good.description,
        unit=good.unit,
        price_minor=good.price_minor,
        stock=good.stock,
        is_active=good.is_active,
        external_image_url=good.image_url,
    )
    db.session.add(product)
    db.session.flush()
    for image_id in image_ids:
        attachment.attach(product, image_id)
    audit.record("product.created", "Product", product.id, after=audit.snapshot(product))
    db.session.commit()
    ask_again(image_ids, utc_now())


def _stage(company_id: str, good: Good, shot: Shot, number: int) -> str:
    name = f"{slugify(good.name)}.{shot.format.lower()}"
    upload = FileStorage(drawn(shot, number), filename=name)
    return staging.stage(company_id, upload).id


def _add_owner(company_id: str) -> str:
    """Add the owner and an API key in one commit; return the key."""
    owner = User(company_id=company_id, email=DEMO_EMAIL, name="Demo", role="OWNER")
    owner.set_password(DEMO_PASSWORD)
    db.session.add(owner)
    db.session.flush()
    secret = f"dk_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        company_id=company_id,
        created_by_id=owner.id,
        name="Demo key",
        prefix=secret[:PREFIX_LENGTH],
        key_sha256=ApiKey.digest(secret),
        scopes=list(SCOPES),
    )
    db.session.add(key)
    db.session.commit()
    return secret
