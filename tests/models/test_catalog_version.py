"""Every change of a catalog changes its version, on both databases, whoever makes it."""

import pytest
from sqlalchemy import delete, insert, select, text, update

from distribu.extensions import db
from distribu.images import attachment
from distribu.models import Company, Image, Product, new_id
from tests.conftest import add_cast, add_product
from tests.images.life import image_row


@pytest.fixture
def acme(cast_on_either) -> str:
    return cast_on_either.acme


def version_of(company_id: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(Company.catalog_version).where(Company.id == company_id))


def add_image(company_id: str, product_id: str | None = None, **values) -> Image:
    known = {"product_id": product_id, "status": "READY"}
    image = image_row(company_id, **known | values)
    db.session.add(image)
    db.session.commit()
    return image


def a_product_is_added(product, image, staged):
    db.session.add(Product(company_id=product.company_id, name="New", price_minor=1))


def products_are_imported(product, image, staged):
    new = {"company_id": product.company_id, "price_minor": 1}
    rows = [new | {"id": new_id(), "name": f"Row {number}"} for number in range(3)]
    db.session.execute(insert(Product), rows)


def a_product_is_edited(product, image, staged):
    product.name = "Other"


def an_order_takes_its_stock(product, image, staged):
    db.session.execute(
        update(Product).where(Product.id == product.id).values(stock=Product.stock - 1)
    )


def a_product_is_changed_on_a_console(product, image, staged):
    db.session.execute(text("UPDATE product SET is_active = NOT is_active"))


def a_product_is_deleted(product, image, staged):
    attachment.remove_all(attachment.lock_product(product.id, product.company_id))
    db.session.flush()
    db.session.execute(delete(Product).where(Product.id == product.id))


def a_image_is_attached(product, image, staged):
    attachment.attach(product, staged.id)


def a_image_is_removed(product, image, staged):
    attachment.discard(image)


def a_image_gets_its_ladder(product, image, staged):
    attachment.change_image(image, ladder_version=1, derivatives=[])


def a_image_is_described(product, image, staged):
    image.alt_text = "A widget"


CHANGES = [
    a_product_is_added,
    products_are_imported,
    a_product_is_edited,
    an_order_takes_its_stock,
    a_product_is_changed_on_a_console,
    a_product_is_deleted,
    a_image_is_attached,
    a_image_is_removed,
    a_image_gets_its_ladder,
    a_image_is_described,
]


@pytest.fixture
def shop(acme):
    """A product of Acme, its image, and a staged one."""
    product = add_product(acme, stock=9)
    return product, add_image(acme, product.id), add_image(acme)


@pytest.mark.parametrize("change", CHANGES)
def test_version_changes_when(shop, acme, change):
    before = version_of(acme)
    change(*shop)
    db.session.commit()
    assert version_of(acme) != before


@pytest.mark.parametrize("change", CHANGES)
def test_another_company_keeps_its_version_when(cast_on_either, shop, change):
    before = version_of(cast_on_either.globex)
    change(*shop)
    db.session.commit()
    assert version_of(cast_on_either.globex) == before


def test_each_commit_gives_a_version_of_its_own(shop, acme):
    versions = {version_of(acme)}
    for stock in range(5):
        db.session.execute(update(Product).values(stock=stock))
        db.session.commit()
        versions.add(version_of(acme))
    assert len(versions) == 6


def test_a_change_that_is_rolled_back_keeps_the_version(shop, acme):
    before = version_of(acme)
    db.session.execute(update(Product).values(stock=1))
    assert version_of(acme) == before


def test_staging_a_image_keeps_the_version(acme):
    before = version_of(acme)
    staged = add_image(acme, status="PROCESSING")
    attachment.change_image(staged, status="READY")
    attachment.discard(staged)
    db.session.commit()
    assert version_of(acme) == before


def test_products_of_two_orders_are_locked_in_any_order(make_app, postgres_url):
    """The company's row is locked last: two who take products crosswise only wait."""
    app = make_app(SQLALCHEMY_DATABASE_URI=postgres_url)
    with app.app_context():
        acme = add_cast().acme
        first, second = (add_product(acme, stock=9).id for _ in range(2))
        one, other = db.engine.connect(), db.engine.connect()
        take = update(Product).values(stock=Product.stock - 1)
        one.execute(take.where(Product.id == first))
        other.execute(text("SET LOCAL lock_timeout = '5s'"))
        other.execute(take.where(Product.id == second))
        other.commit()
        one.execute(take.where(Product.id == second))
        one.commit()
        one.close()
        other.close()
        stocks = db.session.scalars(select(Product.stock).order_by(Product.stock)).all()
    assert stocks == [7, 8]


def test_every_table_of_the_catalog_is_watched(acme):
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if db.engine.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    triggers = set(db.session.scalars(text(query)))
    assert triggers >= {
        f"catalogue_{table}_{event}"
        for table in ("product", "image")
        for event in ("insert", "update", "delete")
    }
