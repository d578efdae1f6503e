"""The demo company: a shop with images that are drawn here, so that nothing is fetched."""

from io import BytesIO

from slugify import slugify
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from .. import audit
from ..audit import set_actor
from ..extensions import db
from ..images import attachment, staging
from ..models import Company, Product, User
from .brush import Canvas
from .goods import GOODS, Good, Shot

DEMO_COMPANY, DEMO_SLUG = "Acme Distributors", "acme-distributors"
DEMO_EMAIL, DEMO_PASSWORD = "demo@distribu.test", "demo-distribu"
FORMATS = {"JPEG": {"quality": 92}, "PNG": {}, "WEBP": {"quality": 90}, "AVIF": {"speed": 9}}


def seed_demo(goods: list[Good] = GOODS) -> None:
    """The demo company is there, with its goods and someone to sign in as.

    Commits after each product. Killed half-way, it goes on where it was;
    once it has finished, it leaves the company alone. Raises StoreError.
    """
    company = db.session.scalar(select(Company).where(Company.slug == DEMO_SLUG))
    # The owner comes last: a company with nobody in it was not finished.
    if company and db.session.scalar(select(User.id).where(User.company_id == company.id)):
        return
    if company is None:
        company = Company(name=DEMO_COMPANY, slug=DEMO_SLUG)
        db.session.add(company)
        db.session.commit()
    set_actor("SYSTEM", None, company, "Demo data")
    there = set(db.session.scalars(select(Product.sku).where(Product.company_id == company.id)))
    for number, good in enumerate(goods):
        if good.sku not in there:
            _add(company.id, good, number)
    _add_owner(company.id)


def drawn(shot: Shot, number: int = 1) -> BytesIO:
    """The image as a file in its format, the same at every run. number: what varies the grain."""
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
    )
    db.session.add(product)
    db.session.flush()
    for image_id in image_ids:
        attachment.attach(product, image_id)
    audit.record("product.created", "Product", product.id, after=audit.snapshot(product))
    db.session.commit()


def _stage(company_id: str, good: Good, shot: Shot, number: int) -> str:
    name = f"{slugify(good.name)}.{shot.format.lower()}"
    upload = FileStorage(drawn(shot, number), filename=name)
    return staging.stage(company_id, upload).id


def _add_owner(company_id: str) -> None:
    owner = User(company_id=company_id, email=DEMO_EMAIL, name="Demo", role="OWNER")
    owner.set_password(DEMO_PASSWORD)
    db.session.add(owner)
    db.session.commit()
