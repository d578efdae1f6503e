"""The audit log in words, with the images that an entry is about."""

import ast
import re
from pathlib import Path

import pytest
from markupsafe import Markup

import distribu
from distribu.extensions import db
from distribu.models import READY, AuditEntry, Order, Product, User
from distribu.settings.audit_sentences import VERBS
from tests.conftest import add_product
from tests.images.life import add_accepted

AUDIT = "/dashboard/settings/audit"
MADE = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}
OTHER = "https://images.example/w.jpg"


def add_entry(cast, action, entity_type, entity_id, before=None, after=None, **more):
    values = {"actor_type": "USER", "actor_id": cast.alice, "actor_name": "alice@acme.test"} | more
    what = {"entity_type": entity_type, "entity_id": entity_id, "before": before, "after": after}
    db.session.add(AuditEntry(company_id=cast.acme, action=action, **what, **values))
    db.session.commit()


def told(client) -> list[str]:
    """The sentences of the page, without markup."""
    cells = re.findall(r'<td class="main">(.*?)</td>', client.get(AUDIT).text, re.DOTALL)
    return [Markup(cell).striptags() for cell in cells]


@pytest.fixture
def vinegar(app, cast) -> str:
    with app.app_context():
        db.session.get(User, cast.alice).name = "Mira"
        db.session.commit()
        return add_product(cast.acme, name="Balsamic <vinegar>").id


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({"image_url": OTHER}, {"image_url": "http://x/y"}, "replaced the image of {}."),
        ({"image_url": None}, {"image_url": OTHER}, "added an image to {}."),
        ({"image_url": OTHER, "images": []}, {"image_url": None}, "removed the image of {}."),
        ({"images": ["A", "B"]}, {"images": ["A"]}, "changed the images of {}."),
        ({"price_minor": 9}, {"price_minor": 100}, "changed the price of {} from $0.09 to $1.00."),
        ({"stock": 1}, {"stock": 2000}, "changed the stock of {} from 1 to 2,000."),
        ({"is_active": True}, {"is_active": False}, "deactivated {}."),
        ({"is_active": False}, {"is_active": True}, "activated {}."),
        ({"name": "Old"}, {"name": "New"}, "changed the name of {}."),
        (
            {"name": "Old", "sku": None, "image_url": None},
            {"name": "New", "sku": "S", "image_url": OTHER},
            "changed the name, SKU and image of {}.",
        ),
    ],
)  # fmt: skip
def test_a_change_of_a_product_is_a_sentence(app, cast, alice, vinegar, before, after, sentence):
    with app.app_context():
        add_entry(cast, "product.updated", "Product", vinegar, before, after)
    assert told(alice) == [f"Mira {sentence.format('Balsamic <vinegar>')}"]


def test_a_change_of_an_order_is_a_sentence(app, cast, alice):
    with app.app_context():
        order = Order(company_id=cast.acme, number=7, submit_token="x", total_minor=1)
        db.session.add(order)
        db.session.commit()
        change = ({"status": "SUBMITTED"}, {"status": "CANCELLED", "stock_returned": True})
        add_entry(cast, "order.status_changed", "Order", order.id, *change)
        address = f'href="/dashboard/orders/{order.id}"'
    sentence = "alice marked order #7 as canceled and returned its items to stock."
    assert told(alice) == [sentence]
    assert address in alice.get(AUDIT).text


def test_an_api_key_is_named_with_its_creator(app, cast, alice, vinegar):
    with app.app_context():
        name = "alice@acme.test (ERP)"
        add_entry(cast, "product.created", "Product", vinegar, actor_name=name)
    assert told(alice) == ["Mira (ERP) added Balsamic <vinegar>."]


def test_a_deleted_product_keeps_its_name_without_a_link(app, cast, alice):
    with app.app_context():
        add_entry(cast, "product.deleted", "Product", "gone", before={"name": "Oil"})
    assert told(alice) == ["alice deleted Oil."]
    assert "/dashboard/inventory/gone" not in alice.get(AUDIT).text


def test_a_product_is_linked(app, cast, alice, vinegar):
    with app.app_context():
        add_entry(cast, "product.created", "Product", vinegar)
    assert f'<a href="/dashboard/inventory/{vinegar}/edit">' in alice.get(AUDIT).text


def test_nothing_is_told_of_another_companys_rows(app, cast, alice):
    with app.app_context():
        theirs = add_product(cast.globex, name="Secret").id
        add_entry(cast, "product.created", "Product", theirs)
    assert told(alice) == [f"alice added {theirs}."]


def test_images_before_and_after_are_shown_as_far_as_they_are_kept(app, cast, alice, vinegar):
    with app.app_context():
        product = db.session.get(Product, vinegar)
        image = add_accepted(cast.acme, product, status=READY, derivatives=[MADE])
        gone = "http://shop.test/images/01M8FC0NEKBPR79GB2ZCVKAMSW/old.png"
        before, after = {"image_url": gone}, {"image_url": image.url}
        add_entry(cast, "product.updated", "Product", vinegar, before, after)
        path = f"/images/{image.id}/"
    row = re.search(r'data-label="Images">(.*?)</td>', alice.get(AUDIT).text, re.DOTALL)[1]
    assert (row.count("thumb-small"), row.count('class="tile"')) == (2, 2)
    assert re.search(rf'<img src="{path}[^"]+"[^>]+alt="After"', row)
    assert "/old.png" not in row


def recorded() -> set[str]:
    """Every action that the code writes into the log."""
    texts = [path.read_text() for path in Path(distribu.__file__).parent.rglob("*.py")]
    constants = {
        node.value
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    kinds = "product|order|company|member|user|password|api_key"
    return {one for one in constants if re.fullmatch(rf"({kinds})\.(?!id)[a-z_]+", one)}


def test_every_action_has_its_words():
    assert recorded() == VERBS.keys() | {"product.updated", "order.status_changed"}
