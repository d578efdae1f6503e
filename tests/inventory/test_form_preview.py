"""The product form's preview of an image: its four places, and equal images elsewhere."""

import re

import pytest
from sqlalchemy import event

from distribu.extensions import db
from distribu.models import Image, Product
from tests.images.image_files import png
from tests.inventory.test_product_form import NEW, PREVIEW, edit_url, fields, rows, staged_id


def preview(client, width: int = 640, height: int = 480) -> str:
    return client.post(PREVIEW, data={"image": (png(width, height), "blue.png")}).text


def add(client, name: str, width: int = 640) -> None:
    data = fields(name=name, sku=name, image_id=staged_id(client, png(width, 480)))
    assert client.post(NEW, data=data).status_code == 303


def twins(page: str) -> list[str]:
    found = re.search(r'id="also-used-by">(.*?)</p>', page, re.DOTALL)
    return re.findall(r"<a [^>]*>(.*?)</a>", found[1]) if found else []


def test_a_chosen_image_is_shown_in_its_four_places(alice):
    places = re.search(r'class="places".*?</div>', preview(alice), re.DOTALL)[0]
    assert re.findall("<figcaption>(.*?)</figcaption>", places) == [
        "Product page",
        "Catalog",
        "Inventory",
        "Order picker",
    ]
    assert places.count("<img ") == 4


def warnings(page: str) -> list[str]:
    found = re.search(r'id="image-warnings">(.*?)</ul>', page, re.DOTALL)
    return re.findall("<li>(.*?)</li>", found[1]) if found else []


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((420, 600), ["420 px wide: looks soft", "Google Shopping needs"]),
        ((999, 500), ["999 px wide: looks soft"]),
        ((1000, 499), ["Google Shopping needs"]),
        ((1000, 500), []),
    ],
)
def test_a_small_image_is_warned_about(alice, size, said):
    page = preview(alice, *size)
    found = warnings(page)
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


def test_without_an_image_there_are_no_places(alice):
    assert 'class="places"' not in alice.get(NEW).text


def test_the_same_bytes_on_another_product_are_told_with_a_link(app, alice):
    add(alice, "Anchor")
    page = preview(alice)
    assert twins(page) == ["Anchor"]
    (product,) = rows(app, Product)
    assert f'href="{edit_url(product)}"' in page


def test_other_bytes_are_not(alice):
    add(alice, "Anchor")
    assert twins(preview(alice, width=641)) == []


def test_the_product_itself_is_not(app, alice):
    add(alice, "Anchor")
    (product,) = rows(app, Product)
    assert twins(alice.get(edit_url(product)).text) == []


def test_another_companys_product_is_not(alice, mallory):
    add(mallory, "Secret plan")
    assert twins(preview(alice)) == []


def test_only_a_few_are_named(alice):
    for name in ("A", "B", "C", "D"):
        add(alice, name)
    assert len(twins(preview(alice))) == 3


def test_the_same_image_is_never_refused(app, alice):
    add(alice, "Anchor")
    add(alice, "Bolt")
    assert len({image.sha256 for image in rows(app, Image)}) == 1


def test_the_look_up_reads_an_index(app, alice):
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    preview(alice)
    event.remove(engine, "before_cursor_execute", note)
    (look_up,) = [one for one in asked if "image.sha256 = " in one[0]]
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look_up[0]}", look_up[1]).all()
    assert "ix_image_company_sha256" in " ".join(step.detail for step in plan)
