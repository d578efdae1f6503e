"""Many images at once: the table before any file travels, and the door through which each goes."""

import hashlib
import io
import json

import pytest
from flask import Flask
from sqlalchemy import select

from distribu.extensions import db
from distribu.images import attachment, staging
from distribu.images.decoding.sandbox import SandboxBusy
from distribu.images.stores.contract import StoreMisconfigured
from distribu.inventory.drop_plan import MATCHED, SAME, DroppedFile, plan_drop, seen_by_drop
from distribu.models import AuditEntry, Image, OutboxEntry, Product
from tests.conftest import add_product
from tests.flaky_sandbox import make_flaky
from tests.flaky_store import FlakyStore, store_of
from tests.images import image_files
from tests.images.life import upload
from tests.inventory.test_product_form import multipart

PLAN = "/dashboard/inventory/images/plan"


def png(width: int, height: int) -> bytes:
    return image_files.png(width, height).getvalue()


@pytest.fixture
def products(app, cast) -> dict[str, str]:
    """Products of Acme by their SKU, and one of Globex with the same SKU as one of them."""
    with app.app_context():
        made = {
            sku: add_product(cast.acme, sku=sku, name=f"Board {sku}").id
            for sku in ("AB-1", "AB-2", "A-1", "A/1")
        }
        add_product(cast.globex, sku="GX-1")
        return made


def plan(client, *files):
    """The table of files, each a path, or a path, a size and a digest."""
    told = [dict(zip(("path", "size", "sha256"), file, strict=False)) for file in files]
    return client.post(PLAN, data={"files": json.dumps(told)})


def seen(app: Flask, product_id: str) -> str:
    with app.app_context():
        return seen_by_drop(db.session.get(Product, product_id))


def save(client, app, product_id, content, **fields):
    """The press for one file, with what the table showed unless fields say otherwise."""
    data = {"seen": seen(app, product_id), "image": (io.BytesIO(content), "AB-1.png")} | fields
    return client.post(f"/dashboard/inventory/images/{product_id}", **multipart(data))


def images_of(app, product_id) -> list[str]:
    with app.app_context():
        return [image.id for image in db.session.get(Product, product_id).images]


def test_table_shows_each_outcome_and_writes_nothing(app, alice, products):
    paths = [
        "AB-1.jpg",
        "x/AB-1_2.jpg",
        "A_1.jpg",
        "AB-22.jpg",
        "a.heic",
        "b.pdf",
        ".c",
        "GX-1.png",
    ]
    page = plan(alice, *[(path, 9) for path in paths]).text
    assert "2 of 6 images find their product." in page
    assert "1 needs you." in page
    assert "2 find none." in page
    assert "<code>AB-1.jpg</code> is taken" in page
    assert "is an iPhone photo, which cannot be used here. Export it as JPEG." in page
    assert "2 files are not images" in page
    assert "Did you mean" in page
    with app.app_context():
        assert db.session.scalars(select(Image)).all() == []


@pytest.mark.parametrize("files", ["", "{}", "[1]", '[{"path": 1, "size": 1}]', '[{"path": "a"}]'])
def test_table_of_nonsense_is_refused(alice, files):
    assert alice.post(PLAN, data={"files": files}).status_code == 422


def test_table_of_too_many_files_names_the_limit(alice, products):
    answer = plan(alice, *[("a.jpg", 1)] * 10_001)
    assert answer.status_code == 422
    assert "10,000" in answer.text


def test_saved_image_goes_the_way_of_the_form(app, alice, products, cast):
    answer = save(alice, app, products["AB-1"], png(40, 30))
    assert (answer.status_code, answer.headers["Image-Outcome"]) == (200, "saved")
    assert "40 px wide" in answer.text
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.actor_id) == ("product.updated", cast.alice)
        assert db.session.get(Product, products["AB-1"]).image.filename == "AB-1.png"


def test_only_files_of_a_known_size_are_asked_for_their_digest(app, alice, products):
    content = png(40, 30)
    save(alice, app, products["AB-1"], content)
    with app.app_context():
        image = db.session.scalars(select(Image)).one()
        published = image.derivatives[0]["byte_size"]
    files = [("AB-1.jpg", len(content)), ("AB-1.png", published), ("AB-2.jpg", 10**9)]
    assert json.loads(plan(alice, *files).headers["Files-To-Hash"]) == [0, 1]


@pytest.mark.parametrize("path", ["AB-1.png", "AB-1_2.png", "any.png", "A_1.png"])
@pytest.mark.parametrize("column", ["sha256", "published_sha256"])
def test_image_that_is_there_is_the_same_already(app, alice, products, path, column):
    save(alice, app, products["AB-1"], png(40, 30))
    with app.app_context():
        digest = getattr(db.session.scalars(select(Image)).one(), column)
    page = plan(alice, (path, 9, digest)).text
    assert "1 is the same already" in page
    assert "AB-1, Board AB-1</strong> already has this image" in page


def test_published_digest_is_that_of_the_stable_image(app, alice, products):
    save(alice, app, products["AB-1"], png(40, 30))
    with app.app_context():
        image = db.session.scalars(select(Image)).one()
        with app.extensions["image_store"].open(image.key()) as file:
            assert image.published_sha256 == hashlib.file_digest(file, "sha256").hexdigest()


def test_same_photograph_can_be_meant_for_two_products(app, alice, products):
    content = png(40, 30)
    save(alice, app, products["AB-1"], content)
    digest = hashlib.sha256(content).hexdigest()
    assert "1 of 1 image" in plan(alice, ("AB-2.png", 9, digest)).text
    assert save(alice, app, products["AB-2"], content).headers["Image-Outcome"] == "saved"


def test_same_bytes_are_recognized_before_they_are_decoded(app, alice, products):
    save(alice, app, products["AB-1"], png(40, 30))
    before = images_of(app, products["AB-1"])
    make_flaky(app, "publish", AssertionError("decoded"))
    again = save(alice, app, products["AB-1"], png(40, 30), replace="1")
    assert again.headers["Image-Outcome"] == "same"
    assert images_of(app, products["AB-1"]) == before


def test_product_with_an_image_is_left_alone_unless_it_was_ticked(app, alice, products):
    save(alice, app, products["AB-1"], png(40, 30))
    before = images_of(app, products["AB-1"])
    refused = save(alice, app, products["AB-1"], png(50, 30))
    assert (refused.status_code, refused.headers["Image-Outcome"]) == (409, "changed")
    assert "left alone" in refused.text
    assert images_of(app, products["AB-1"]) == before
    assert save(alice, app, products["AB-1"], png(50, 30), replace="1").status_code == 200
    assert images_of(app, products["AB-1"]) != before


def test_replacing_keeps_the_alt_text_and_deletes_the_old_image(app, alice, products):
    save(alice, app, products["AB-1"], png(40, 30))
    with app.app_context():
        old = db.session.scalars(select(Image)).one()
        old.alt_text, prefix = "An oak board", old.prefix
        db.session.commit()
    save(alice, app, products["AB-1"], png(50, 30), replace="1")
    with app.app_context():
        assert db.session.get(Product, products["AB-1"]).image.alt_text == "An oak board"
        keys = app.extensions["image_store"].keys()
        assert [key for key in keys if key.startswith(prefix)] == []


@pytest.mark.parametrize("changed", [{"sku": "AB-9"}, {"name": "Another"}])
def test_product_that_was_renamed_since_is_asked_again(app, alice, products, changed):
    shown = seen(app, products["AB-1"])
    with app.app_context():
        for name, value in changed.items():
            setattr(db.session.get(Product, products["AB-1"]), name, value)
        db.session.commit()
    answer = save(alice, app, products["AB-1"], png(40, 30), seen=shown)
    assert (answer.status_code, answer.headers["Image-Outcome"]) == (409, "changed")
    assert json.loads(answer.headers["Seen-Now"]) == seen(app, products["AB-1"])
    assert images_of(app, products["AB-1"]) == []


def test_change_of_the_price_asks_nobody(app, alice, products):
    shown = seen(app, products["AB-1"])
    with app.app_context():
        db.session.get(Product, products["AB-1"]).price_minor = 5
        db.session.commit()
    assert save(alice, app, products["AB-1"], png(40, 30), seen=shown).status_code == 200


def test_product_changed_while_decoding_leaves_nothing_behind(app, alice, products):
    def rename():
        db.session.get(Product, products["AB-1"]).sku = "AB-9"
        db.session.commit()

    make_flaky(app, "publish", rename)
    answer = save(alice, app, products["AB-1"], png(40, 30))
    assert answer.headers["Image-Outcome"] == "changed"
    with app.app_context():
        assert db.session.scalars(select(Image)).all() == []
        assert db.session.scalars(select(OutboxEntry)).all() == []
        assert list(app.extensions["image_store"].keys()) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"no image", "JPG, PNG, WebP"), (png(40, 30)[:60], ""), (b"", "")],
)
def test_file_that_is_no_image_is_refused_in_its_row(app, alice, products, content, sentence):
    answer = save(alice, app, products["AB-1"], content)
    assert (answer.status_code, answer.headers["Image-Outcome"]) == (422, "refused")
    assert sentence in answer.text
    assert images_of(app, products["AB-1"]) == []


def test_file_over_the_limit_is_refused_with_the_limit(app, alice, products):
    answer = save(alice, app, products["AB-1"], png(40, 30) + b"0" * 5 * 1024 * 1024)
    assert answer.status_code == 422
    assert "Maximum size is 5 MB" in answer.text


def test_busy_decoder_is_an_answer_to_wait_for(app, alice, products):
    make_flaky(app, "publish", SandboxBusy("all children are busy"))
    answer = save(alice, app, products["AB-1"], png(40, 30))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_store_that_fails_is_an_answer_to_wait_for(app, alice, products):
    with store_of(app, FlakyStore(app.extensions["image_store"], "put")):
        answer = save(alice, app, products["AB-1"], png(40, 30))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_store_that_refuses_stops_the_press_and_says_so(app, alice, products):
    def refuse():
        raise StoreMisconfigured("Access denied", "Check the policy of the key.")

    with store_of(app, FlakyStore(app.extensions["image_store"], "put", then=refuse)):
        answer = save(alice, app, products["AB-1"], png(40, 30))
    assert (answer.status_code, answer.headers["Image-Outcome"]) == (503, "stopped")
    assert "the operator of this server has to change a setting" in answer.text


def test_row_of_a_product_chosen_by_hand(app, alice, products):
    address = f"/dashboard/inventory/images/{products['AB-2']}/row?index=7&path=lamp.jpg"
    page = alice.get(address).text
    assert 'id="drop-row-7"' in page
    assert "AB-2, Board AB-2</strong> gets <code>lamp.jpg</code>" in page


def test_search_in_a_row_finds_the_own_products(alice, products):
    page = alice.get("/dashboard/inventory/images/products?q=board&index=3&path=x.jpg").text
    assert "A/1, Board A/1" in page
    assert "GX-1" not in page
    assert "No products match" in alice.get("/dashboard/inventory/images/products?q=zzz").text


def test_product_of_another_company_is_not_there(app, mallory, products):
    address = f"/dashboard/inventory/images/{products['AB-1']}"
    assert mallory.post(address, data={"seen": "x"}).status_code == 404
    assert mallory.get(f"{address}/row").status_code == 404


def test_either_database_knows_the_sizes_and_digests_of_images(cast_on_either):
    cast = cast_on_either
    product_id = add_product(cast.acme, sku="AB-1").id
    image = staging.stage(cast.acme, upload(image_files.png(40, 30), "x.png"))
    attachment.attach(attachment.lock_product(product_id, cast.acme), image.id)
    db.session.commit()
    sizes = (image.byte_size, image.derivatives[0]["byte_size"], 10**9)
    digests = ("", image.sha256, image.published_sha256)
    unknown = [DroppedFile(f"{number}.png", size) for number, size in enumerate(sizes)]
    assert plan_drop(cast.acme, unknown).to_hash == [0, 1]
    known = [DroppedFile("AB-1.png", 1, digest) for digest in digests]
    assert [row.kind for row in plan_drop(cast.acme, known).rows] == [MATCHED, SAME, SAME]
