"""Products as a client of Squarespace's reads them."""

from datetime import datetime, timedelta
from html import unescape

import pytest

from distribu.extensions import db
from distribu.models import Product, utc_now
from tests.commerce.conftest import drawn_image, fetched
from tests.conftest import add_product, run_queue
from tests.images.image_files import jpeg

V1_FIELDS = [
    *("id", "type", "storePageId", "name", "description", "url", "urlSlug", "tags", "isVisible"),
    *("seoOptions", "variantAttributes", "variants", "images"),
    *("createdOn", "modifiedOn"),
]
VARIANT_FIELDS = [
    *("id", "sku", "pricing", "stock", "attributes", "shippingMeasurements", "gtin", "mpn"),
    "image",
]


@pytest.fixture
def many(app, cast) -> list[str]:
    """The ids of 120 products of Acme, the one changed longest ago first."""
    now = utc_now() - timedelta(days=1)
    with app.app_context():
        products = [
            # Several were changed in the same moment: their ids tell which comes first.
            Product(
                company_id=cast.acme,
                name=f"Product {number}",
                price_minor=100,
                updated_at=now + timedelta(seconds=number // 10),
            )
            for number in range(120)
        ]
        db.session.add_all(products)
        db.session.commit()
        return [one.id for one in sorted(products, key=lambda one: (one.updated_at, one.id))]


class TestProduct:
    def test_has_every_documented_field(self, shop, widget):
        product = shop.product(widget)
        assert list(product) == V1_FIELDS
        assert list(product["variants"][0]) == VARIANT_FIELDS

    def test_says_what_distribu_knows(self, shop, widget):
        product = shop.product(widget)
        assert (product["id"], product["type"], product["name"]) == (widget, "PHYSICAL", "Widget")
        assert product["url"] == f"http://shop.test/store/acme/products/{widget}"
        assert product["isVisible"] is True
        [variant] = product["variants"]
        assert variant["sku"] == "W-1"
        assert variant["stock"] == {"quantity": 7, "unlimited": False}
        assert variant["pricing"]["basePrice"] == {"currency": "USD", "value": "9.99"}

    def test_a_client_with_types_reads_no_null(self, shop, app, cast):
        with app.app_context():
            product_id = add_product(cast.acme, category="Tools").id
        product = shop.product(product_id)
        assert (product["storePageId"], product["tags"]) == (cast.acme, ["Tools"])
        [variant] = product["variants"]
        assert variant["sku"] == ""
        assert variant["pricing"]["salePrice"] == {"currency": "USD", "value": "9.99"}

    def test_price_is_a_number_under_v2(self, shop, widget):
        shop.version = "v2"
        assert shop.product(widget)["variants"][0]["pricing"]["basePrice"]["value"] == 9.99

    def test_description_is_html_that_shows_what_was_typed(self, shop, app, cast):
        typed = "5 < 6 & <b>bold</b>\nnext line\n\nnext paragraph"
        with app.app_context():
            product_id = add_product(cast.acme, description=typed).id
        html = shop.product(product_id)["description"]
        assert html.startswith("<p>5 &lt; 6 &amp; &lt;b&gt;")
        plain = html.replace("</p><p>", "\n\n").replace("<br>", "\n")
        assert unescape(plain.removeprefix("<p>").removesuffix("</p>")) == typed

    def test_without_a_description_is_null(self, shop, widget):
        assert shop.product(widget)["description"] is None

    def test_is_modified_when_an_image_is_ready(self, shop, widget):
        image_id = shop.upload(widget)
        before = shop.product(widget)["modifiedOn"]
        run_queue(shop.app)
        assert shop.product(widget)["modifiedOn"] > before
        assert shop.shown(widget) == [image_id]


class TestImage:
    def test_has_the_documented_fields(self, shop, widget):
        image_id = shop.ready(widget, drawn_image(640, 320), "blue-widget.png")
        [image] = shop.product(widget)["images"]
        assert image == {
            "id": image_id,
            "altText": "blue widget",
            "url": f"http://shop.test/images/{image_id}/blue-widget.png",
            "originalSize": {"width": 640, "height": 320},
            "availableFormats": ["100w", "300w", "500w", "640w"],
        }

    def test_v2_has_its_place(self, shop, widget, three):
        shop.version = "v2"
        assert [image["orderIndex"] for image in shop.product(widget)["images"]] == [0, 1, 2]

    def test_a_client_that_asks_as_soon_as_it_is_ready_is_told_every_format(
        self, shop, widget, nobody
    ):
        shop.upload(widget, drawn_image(640, 320))
        run_queue(shop.app, tasks=1)
        [image] = shop.product(widget)["images"]
        assert image["availableFormats"] == ["100w", "300w", "500w", "640w"]
        answer = fetched(nobody, f"{image['url']}?format=500w")
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert answer.headers["Cache-Control"] == "public, no-cache"

    def test_every_format_answers_its_width(self, shop, widget, nobody):
        shop.ready(widget, drawn_image(640, 320))
        [image] = shop.product(widget)["images"]
        answers = [fetched(nobody, f"{image['url']}?format={f}") for f in image["availableFormats"]]
        assert [width_of(answer.data) for answer in answers] == [100, 300, 500, 640]
        assert {answer.mimetype for answer in answers} == {"image/png"}

    def test_the_jpeg_for_other_sites_is_no_width_of_a_jpeg(self, shop, widget, nobody):
        shop.ready(widget, jpeg(640, 320), "a.jpg")
        [image] = shop.product(widget)["images"]
        assert image["availableFormats"] == ["100w", "300w", "500w", "640w"]
        assert fetched(nobody, f"{image['url']}?format=640w").mimetype == "image/jpeg"

    def test_what_is_still_processing_is_not_among_them(self, shop, widget):
        shop.upload(widget)
        assert shop.product(widget)["images"] == []


class TestSome:
    def test_in_the_order_asked_for_each_once(self, shop, many):
        ids = [many[3], many[1], many[3]]
        products = shop.get(f"/{','.join(ids)}").json["products"]
        assert [product["id"] for product in products] == [many[3], many[1]]

    def test_at_most_50(self, shop, many):
        assert len(shop.get(f"/{','.join(many[:50])}").json["products"]) == 50
        assert shop.get(f"/{','.join(many[:51])}").status_code == 400

    @pytest.mark.parametrize("missing", ["nothing", "0" * 26, "a%00b"])
    def test_one_that_is_missing(self, shop, widget, missing):
        answer = shop.get(f"/{widget},{missing}")
        assert (answer.status_code, answer.json["subtype"]) == (404, "INVALID_ARGUMENT")

    def test_another_companys(self, rival, widget):
        assert rival.get(f"/{widget}").status_code == 404

    def test_blanks_around_the_commas_do_not_count(self, shop, many):
        products = shop.get(f"/{many[3]}, {many[1]} ").json["products"]
        assert [product["id"] for product in products] == [many[3], many[1]]

    @pytest.mark.parametrize("ids", ["{},", ",{}", ",", "{}, "])
    def test_an_empty_id(self, shop, widget, ids):
        assert shop.get(f"/{ids.format(widget)}").status_code == 400


def walk(shop, **query) -> list[str]:
    """The ids of every page, from the first."""
    answer = shop.get(query_string=query).json
    found = [product["id"] for product in answer["products"]]
    while answer["pagination"]["hasNextPage"]:
        cursor = answer["pagination"]["nextPageCursor"]
        answer = shop.get(query_string={"cursor": cursor}).json
        found += [product["id"] for product in answer["products"]]
    return found


class TestAll:
    def test_pages_of_50_by_change(self, shop, many):
        answer = shop.get().json
        assert [product["id"] for product in answer["products"]] == many[:50]
        assert answer["pagination"]["hasNextPage"] is True
        assert walk(shop) == many

    def test_the_last_page_has_no_next(self, shop, widget):
        nothing = {"hasNextPage": False, "nextPageCursor": None, "nextPageUrl": None}
        assert shop.get().json["pagination"] == nothing

    def test_one_that_changes_meanwhile_is_not_missed(self, shop, many, app):
        first = shop.get().json
        with app.app_context():
            db.session.get_one(Product, many[60]).updated_at = utc_now()
            db.session.commit()
        cursor = first["pagination"]["nextPageCursor"]
        second = shop.get(query_string={"cursor": cursor}).json
        third = shop.get(query_string={"cursor": second["pagination"]["nextPageCursor"]}).json
        pages = first["products"] + second["products"] + third["products"]
        assert sorted(product["id"] for product in pages) == sorted(many)

    def test_a_span_of_time_and_its_pages(self, shop, many):
        products = {one["id"]: one["modifiedOn"] for one in shop.get().json["products"]}
        first = datetime.fromisoformat(products[many[0]])
        span = {
            "modifiedAfter": (first + timedelta(seconds=0.5)).isoformat(),
            "modifiedBefore": (first + timedelta(seconds=7.5)).isoformat(),
        }
        assert walk(shop, **span) == many[10:80]

    @pytest.mark.parametrize("name", ["modifiedAfter", "modifiedBefore"])
    def test_half_a_span(self, shop, widget, name):
        query = {name: "2020-01-01T00:00:00Z"}
        assert shop.get(query_string=query).status_code == 400
        shop.version = "v2"
        assert shop.get(query_string=query).status_code == 200

    @pytest.mark.parametrize(
        "when", ["", "yesterday", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
    )
    def test_a_time_that_is_none(self, shop, when):
        span = {"modifiedAfter": when, "modifiedBefore": when}
        answer = shop.get(query_string=span)
        assert (answer.status_code, answer.json["subtype"]) == (400, None)

    def test_a_cursor_that_is_none(self, shop):
        assert shop.get(query_string={"cursor": "abc"}).status_code == 400

    def test_a_cursor_excludes_the_rest(self, shop, many):
        cursor = shop.get().json["pagination"]["nextPageCursor"]
        query = {"cursor": cursor, "modifiedAfter": "2020-01-01T00:00:00Z"}
        assert shop.get(query_string=query).status_code == 400

    def test_a_cursor_stands_beside_what_it_was_made_from(self, shop, many):
        made_from = {
            "modifiedAfter": "2020-01-01T00:00:00Z",
            "modifiedBefore": "2099-01-01T01:00:00+01:00",
            "type": ["PHYSICAL", "DIGITAL"],
            "query": "product",
        }
        cursor = shop.get(query_string=made_from).json["pagination"]["nextPageCursor"]
        again = {
            **made_from,
            "cursor": cursor,
            "modifiedBefore": "2099-01-01T00:00:00Z",
            "type": "DIGITAL,PHYSICAL",
            "limit": "250",
        }
        second = shop.get(query_string=again)
        assert [product["id"] for product in second.json["products"]] == many[50:100]
        other = again | {"query": "product 1"}
        assert shop.get(query_string=other).status_code == 400

    def test_an_empty_cursor_is_the_first_page(self, shop, many):
        assert shop.get(query_string="cursor=").json == shop.get().json

    @pytest.mark.parametrize(
        "query",
        [
            "modifiedafter=2020-01-01T00:00:00Z",
            "modified_after=2020-01-01T00:00:00Z",
            "status=ACTIVE",
            "cursor=&cursor=",
            "query=a&query=b",
            "limit=1&limit=2",
            "modifiedAfter=2020-01-01T00:00:00Z&modifiedAfter=2021-01-01T00:00:00Z",
        ],
    )
    def test_a_parameter_that_is_unknown_or_repeated_is_refused(self, shop, widget, query):
        answer = shop.get(query_string=query)
        assert (answer.status_code, answer.json["type"]) == (400, "INVALID_REQUEST_ERROR")
        assert query.partition("=")[0] in answer.json["message"]

    @pytest.mark.parametrize(
        ("typed", "count"),
        [("WIDG", 1), ("w-1", 1), ("gadget", 0), ("", 1), (" ", 0), ("%", 0), ("\u0301", 0)],
    )
    def test_a_query_searches_and_never_finds_everything(self, shop, widget, typed, count):
        shop.version = "v2"
        assert len(shop.get(query_string={"query": typed}).json["products"]) == count

    def test_a_query_goes_on_at_the_next_page(self, shop, many, widget):
        assert walk(shop, query="product") == many

    def test_a_slash_at_the_end_changes_nothing(self, shop, widget):
        assert shop.get("/").json == shop.get().json

    @pytest.mark.parametrize(
        ("version", "start"),
        [("1.0", "http://shop.test/1.0/commerce"), ("v2", "/v2/commerce")],
    )
    def test_the_next_page_has_an_address(self, shop, many, version, start):
        shop.version = version
        pages = shop.get().json["pagination"]
        assert pages["nextPageUrl"] == f"{start}/products?cursor={pages['nextPageCursor']}"

    def test_another_companys_cursor_shows_nothing_of_it(self, shop, rival, many):
        cursor = shop.get().json["pagination"]["nextPageCursor"]
        assert rival.get(query_string={"cursor": cursor}).json["products"] == []

    @pytest.mark.parametrize(
        ("type", "count"),
        [
            *(("PHYSICAL", 1), ("DIGITAL", 0), ("DIGITAL,PHYSICAL", 1), ("DIGITAL, PHYSICAL", 1)),
            *((["DIGITAL", "PHYSICAL"], 1), (["SERVICE", "GIFT_CARD"], 0)),
        ],
    )
    def test_of_a_type(self, shop, widget, type, count):
        assert len(shop.get(query_string={"type": type}).json["products"]) == count

    @pytest.mark.parametrize("type", ["", "physical", "PHYSICAL,", "VIRTUAL"])
    def test_of_a_type_that_is_none(self, shop, widget, type):
        assert shop.get(query_string={"type": type}).status_code == 400


def width_of(body: bytes) -> int:
    """The width that a PNG says of itself."""
    return int.from_bytes(body[16:20])
