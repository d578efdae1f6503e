"""The demo company: whole, repeatable, and resumed after a kill."""

import io

import pytest
from PIL import Image as Canvas
from sqlalchemy import event, func, select

from distribu import seed
from distribu.extensions import db, store
from distribu.images.decoding import policies, probe
from distribu.models import (
    ORDER_STATUSES,
    READY,
    SCOPES,
    ApiKey,
    Company,
    Image,
    Order,
    Product,
    User,
)
from distribu.seed import ALL_GOODS, drawn, seed_demo
from distribu.seed.goods import Shot, d

SMALL = (160, 120)
FEW = [
    seed.Good("A-1", "Mug", "Kitchen", "A mug.", "each", 500, 19, [
        Shot(d.mug, ("#8fa58c",), "#e0d8cc", SMALL),
        Shot(d.mug, ("#8fa58c",), "#e0d8cc", SMALL, "WEBP"),
    ]),
    seed.Good("A-2", "Carton", "Packing", "A box.", "box", 100, 0,
              [Shot(d.carton, ("#c49a6c", "#e6cfa5"), None, SMALL, "PNG")]),
    seed.Good("A-3", "Refill", "Packing", "Nothing to see.", "L", 100, 3),
]  # fmt: skip
SHOTS = [shot for good in ALL_GOODS for shot in good.shots]


class Killed(BaseException):
    """The process ended here."""


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def images_by_sku() -> dict[str, int]:
    query = select(Product.sku, func.count(Image.id)).outerjoin(Product.images)
    return dict(db.session.execute(query.group_by(Product.sku)).all())


def test_the_demo_company_has_its_goods_and_an_owner(app_context):
    key = seed_demo(FEW)
    company = db.session.scalar(select(Company))
    owner = db.session.scalar(select(User))
    assert (company.name, company.slug) == ("Acme Distributors", "acme-distributors")
    assert (owner.email, owner.role, owner.company_id) == (seed.DEMO_EMAIL, "OWNER", company.id)
    assert owner.has_password(seed.DEMO_PASSWORD)
    found = db.session.scalar(select(ApiKey))
    assert (found.key_sha256, found.scopes) == (ApiKey.digest(key), list(SCOPES))
    assert set(db.session.scalars(select(Order.status))) == set(ORDER_STATUSES)
    assert images_by_sku() == {"A-1": 2, "A-2": 1, "A-3": 0}
    assert set(db.session.scalars(select(Image.status))) == {READY}


def test_seeding_again_changes_nothing(app_context):
    seed_demo(FEW)
    keys = store.keys()
    assert seed_demo(FEW) is None
    assert (count(Company), count(User), count(Product), count(Image)) == (1, 1, 3, 3)
    assert store.keys() == keys


def test_a_deleted_demo_product_does_not_come_back(app_context):
    seed_demo(FEW)
    db.session.delete(db.session.scalar(select(Product).where(Product.sku == "A-3")))
    db.session.commit()
    seed_demo(FEW)
    assert set(images_by_sku()) == {"A-1", "A-2"}


@pytest.mark.parametrize("dies_at", range(13))
def test_seeding_goes_on_where_it_was_killed(app_context, dies_at):
    commits = iter(range(100))

    def die(_session):
        if next(commits) == dies_at:
            raise Killed

    event.listen(db.session, "before_commit", die)
    with pytest.raises(Killed):
        seed_demo(FEW)
    event.remove(db.session, "before_commit", die)
    db.session.remove()
    seed_demo(FEW)
    assert (count(Company), count(User), count(ApiKey)) == (1, 1, 1)
    assert count(Order) == len(ORDER_STATUSES)
    assert images_by_sku() == {"A-1": 2, "A-2": 1, "A-3": 0}


def test_the_demo_shows_what_a_shop_has():
    assert len(ALL_GOODS) == 60
    assert len({good.sku for good in ALL_GOODS}) == len(ALL_GOODS)
    assert {shot.format for shot in SHOTS} == {"JPEG", "PNG", "WEBP", "AVIF"}
    assert len({good.category for good in ALL_GOODS}) >= 4
    assert any(good.stock == 0 for good in ALL_GOODS)
    assert any(0 < good.stock <= 5 for good in ALL_GOODS)
    assert any(not good.is_active for good in ALL_GOODS)
    assert any(good.image_url for good in ALL_GOODS)
    assert any(not good.shots for good in ALL_GOODS)
    assert any(len(good.shots) > 2 for good in ALL_GOODS)


@pytest.mark.parametrize("shot", SHOTS[::5], ids=lambda shot: shot.draw.__name__)
def test_a_drawing_is_a_image_that_a_merchant_may_upload(shot):
    file = drawn(shot)
    info = probe.probe(file, policies.MERCHANT)
    assert (info.format, info.width_px, info.height_px) == (shot.format, *shot.size)
    # Something is on it: not one flat color.
    assert len(Canvas.open(io.BytesIO(file.getvalue())).convert("RGB").getcolors(1 << 24)) > 1000


def test_a_drawing_is_the_same_at_every_run():
    shot = Shot(d.leafy_plant, ("#3f7a4a", "#c96f4a"), "#e6e0d2", SMALL, "PNG")
    assert pixels(shot, 1) == pixels(shot, 1)
    assert pixels(shot, 1) != pixels(shot, 2)


def pixels(shot: Shot, number: int) -> bytes:
    return Canvas.open(drawn(shot, number)).tobytes()
