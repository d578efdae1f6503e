"""The image of a product's one variant: assigned, read, cleared with the image."""

import pytest

from tests.commerce.conftest import audit_entries, set_image, version_of


def assign(shop, product_id: str, image_id, variant_id: str | None = None):
    return shop.post(
        f"/{product_id}/variants/{variant_id or product_id}/image", {"imageId": image_id}
    )


def assigned(shop, product_id: str) -> str | None:
    [variant] = shop.product(product_id)["variants"]
    return variant["image"] and variant["image"]["id"]


def test_without_one_it_is_null(shop, widget, three):
    assert assigned(shop, widget) is None


def test_is_read_with_the_variant_as_among_the_images(shop, widget, three):
    answer = assign(shop, widget, three[1])
    assert (answer.status_code, answer.data) == (204, b"")
    product = shop.product(widget)
    assert product["variants"][0]["image"] == product["images"][1]


def test_is_one_at_a_time(shop, widget, three):
    for image_id in (three[0], three[2]):
        assign(shop, widget, image_id)
    assert assigned(shop, widget) == three[2]


def test_null_clears(shop, widget, three):
    assign(shop, widget, three[0])
    assert assign(shop, widget, None).status_code == 204
    assert assigned(shop, widget) is None


def test_leaves_the_order_and_the_primary_image(shop, widget, three, nobody):
    assign(shop, widget, three[2])
    assert shop.shown(widget) == three
    assert three[0] in nobody.get("/store/acme/catalog").text


def test_goes_with_its_image(shop, widget, three):
    assign(shop, widget, three[0])
    shop.delete(f"/{widget}/images/{three[0]}")
    assert assigned(shop, widget) is None


def test_the_log_has_it_once(app, shop, widget, three):
    before = shop.product(widget)["modifiedOn"]
    assign(shop, widget, three[0])
    changed, version = shop.product(widget)["modifiedOn"], version_of(app, widget)
    assign(shop, widget, three[0])
    assert before < changed == shop.product(widget)["modifiedOn"]
    assert version_of(app, widget) == version
    entry = audit_entries(app)[-1]
    assert (entry.before, entry.after) == ({"variant_image": None}, {"variant_image": three[0]})


def test_v2_takes_a_change_as_generated_clients_send_it(shop, widget, three):
    change = {"present": True, "value": three[0]}
    assert assign(shop, widget, change).status_code == 400
    shop.version = "v2"
    assert assign(shop, widget, change).status_code == 204
    assert assigned(shop, widget) == three[0]
    assert assign(shop, widget, {"present": True, "value": None}).status_code == 204
    assert assigned(shop, widget) is None


@pytest.mark.parametrize(
    "body", [{}, {"imageId": 5}, {"imageId": {"present": False, "value": None}}, {"imageId": [1]}]
)
@pytest.mark.parametrize("version", ["1.0", "v2"])
def test_a_body_that_says_no_image(shop, widget, version, body):
    shop.version = version
    answer = shop.post(f"/{widget}/variants/{widget}/image", body)
    assert (answer.status_code, answer.json["type"]) == (400, "INVALID_REQUEST_ERROR")


def test_an_image_that_is_not_ready_or_another_products_or_nobodys(app, shop, widget, cast, three):
    set_image(app, three[0], status="ERROR", error_code="damaged")
    for image_id in (three[0], shop.upload(widget, filename="new.png"), "0" * 26, "a\x00b"):
        answer = assign(shop, widget, image_id)
        assert (answer.status_code, answer.json["subtype"]) == (400, None)
    assert assigned(shop, widget) is None


@pytest.mark.parametrize("known", ["product", "variant"])
def test_a_product_or_variant_that_is_not_there(shop, widget, three, known):
    ids = (widget, "0" * 26) if known == "product" else ("0" * 26, widget)
    answer = assign(shop, ids[0], three[0], ids[1])
    assert (answer.status_code, answer.json["subtype"]) == (404, "INVALID_ARGUMENT")
