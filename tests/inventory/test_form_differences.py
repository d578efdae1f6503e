"""Notices of the product form about changes by others, and about values that it cannot read."""

import re
from io import BytesIO

import pytest

from distribu.extensions import db
from distribu.images.attachment import lock_product
from tests.images.image_files import png
from tests.inventory.test_product_form import (
    NEW,
    edit_url,
    fields,
    multipart,
    reloaded,
    shown,
    staged_id,
    value,
    with_image,
)


@pytest.fixture
def opened(alice, widget) -> dict:
    """Return the fields of alice's unchanged form, with the state that it has seen."""
    return shown(widget, seen=seen_in(alice.get(edit_url(widget)).text))


def seen_in(page: str) -> str:
    return value(page, "seen").replace("&#34;", '"').replace("&#39;", "'")


def change(app, cast, product, **values) -> None:
    with app.app_context():
        row = lock_product(product.id, cast.acme)
        for name, one in values.items():
            setattr(row, name, one)
        db.session.commit()


def changes(page: str) -> list[str]:
    notice = re.search(r"data-focus>.*?</form>|data-focus>.*?<form", page, re.S)[0]
    return re.findall(r"<li>(.*?)</li>", notice)


def test_only_what_the_other_person_changed_is_named(app, alice, cast, widget, opened):
    change(app, cast, widget, price_minor=1500)
    answer = alice.post(edit_url(widget), data=opened | {"name": "Mine", "category": "New"})
    assert answer.status_code == 409
    assert changes(answer.text) == ["Price is now saved as “15.00”."]
    assert "Save again to keep your version." in answer.text


def test_the_active_flag_and_what_was_emptied_are_named(app, alice, cast, widget, opened):
    change(app, cast, widget, is_active=False, sku=None)
    answer = alice.post(edit_url(widget), data=opened | {"name": "Mine"})
    assert changes(answer.text) == ["SKU is now empty.", "The product is now inactive."]


def test_a_replaced_image_is_shown_beside_the_chosen_one(app, alice, bob, widget, opened):
    chosen = staged_id(alice, png(31, 31))
    saved = with_image(app, bob, widget)
    answer = alice.post(edit_url(widget), data=opened | {"name": "Mine", "image_id": chosen})
    assert answer.status_code == 409
    assert "Its image was changed." in answer.text
    comparison = re.search(r'compared-images">.*?</div>', answer.text, re.S)[0]
    assert f"/images/{chosen}/" in comparison
    assert comparison.count("<figure>") == 2
    again = opened | {"version": value(answer.text, "version"), "image_id": chosen}
    assert alice.post(edit_url(widget), data=again).status_code == 303
    assert reloaded(app, saved).version == saved.version + 1


def test_a_replaced_image_stays_where_the_form_did_not_touch_it(app, alice, bob, widget, opened):
    with_image(app, bob, widget)
    answer = alice.post(edit_url(widget), data=opened | {"name": "Mine"})
    assert "Save leaves it as it is now." in answer.text


def test_after_the_notice_only_newer_changes_are_named(app, alice, cast, widget, opened):
    change(app, cast, widget, price_minor=1500)
    first = alice.post(edit_url(widget), data=opened | {"name": "Mine"})
    change(app, cast, widget, category="Parts")
    kept = {"seen": seen_in(first.text), "version": value(first.text, "version")}
    second = alice.post(edit_url(widget), data=opened | kept | {"name": "Mine"})
    assert changes(second.text) == ["Category is now saved as “Parts”."]


@pytest.mark.parametrize("seen", ["", "[]", "{", "[" * 100_000, "null"])
def test_a_form_that_does_not_say_what_it_showed_is_compared_by_what_was_typed(
    app,
    alice,
    cast,
    widget,
    opened,
    seen,
):
    change(app, cast, widget, name="Theirs")
    answer = alice.post(edit_url(widget), data=opened | {"name": "Mine", "seen": seen})
    assert changes(answer.text) == ["Product name is now saved as “Theirs”."]


def test_a_damaged_file_is_in_the_summary_of_errors(alice):
    broken = png(300, 300).getvalue()[:200]
    answer = alice.post(NEW, **multipart(fields(image=(BytesIO(broken), "x.png"))))
    assert answer.status_code == 422
    summary = re.search(r'id="error-summary".*?</ul>', answer.text, re.S)[0]
    assert 'href="#image"' in summary


def test_a_description_of_megabytes_keeps_the_form(alice):
    answer = alice.post(NEW, **multipart(fields(description="x" * 2_000_000)))
    assert answer.status_code == 422
    assert "Description can have at most 2,000 characters" in answer.text
    assert "<p>Image too large" not in answer.text
    assert 'value="Blue widget"' in answer.text


def test_a_form_too_large_for_its_text_says_so(alice):
    answer = alice.post(NEW, **multipart(fields(description="x" * 9_000_000)))
    assert answer.status_code == 413
    assert "The text in this form is too long to be read." in answer.text
    assert "Image too large" not in answer.text


def test_the_script_is_told_only_the_sentence(alice):
    answer = alice.post(f"{NEW}/save", **multipart(fields(description="x" * 9_000_000)))
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (413, "#save-error")
    assert (
        answer.text == "The text in this form is too long to be read. Shorten it, then save again."
    )
