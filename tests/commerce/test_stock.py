"""Inventory, store pages and the website, as clients of Squarespace's read them."""

from dataclasses import dataclass

import pytest

from tests.commerce.conftest import Caller
from tests.conftest import add_product


@dataclass
class Resource(Caller):
    """Requests to any address of the API."""

    def __call__(self, method: str, path: str, **options):
        headers = {"Authorization": f"Bearer {self.secret}"} | options.pop("headers", {})
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **options)


@pytest.fixture
def api(shop) -> Resource:
    return Resource(shop.app, shop.secret)


@pytest.fixture
def many(app, cast) -> list[str]:
    """The ids of 60 products of Acme, the oldest first."""
    with app.app_context():
        return [add_product(cast.acme, name=f"{number}", stock=number).id for number in range(60)]


class TestInventory:
    def test_an_item_has_the_documented_fields(self, api, widget):
        assert api.get("/1.0/commerce/inventory").json == {
            "inventory": [
                {
                    "variantId": widget,
                    "sku": "W-1",
                    "descriptor": "Widget",
                    "isUnlimited": False,
                    "quantity": 7,
                }
            ],
            "pagination": {"hasNextPage": False, "nextPageCursor": None, "nextPageUrl": None},
        }

    def test_the_next_page_is_followed_by_its_address(self, api, many):
        first = api.get("/1.0/commerce/inventory").json
        url = first["pagination"]["nextPageUrl"]
        second = api.get(url.removeprefix("http://shop.test")).json
        shown = [item["variantId"] for page in (first, second) for item in page["inventory"]]
        assert shown == many
        assert len(first["inventory"]) == 50

    def test_of_some_without_pagination(self, api, many):
        answer = api.get(f"/1.0/commerce/inventory/{many[3]}, {many[1]}").json
        assert list(answer) == ["inventory"]
        assert [item["quantity"] for item in answer["inventory"]] == [3, 1]

    def test_of_more_than_50(self, api, many):
        assert api.get(f"/1.0/commerce/inventory/{','.join(many)}").status_code == 400

    def test_of_another_company(self, rival, widget):
        api = Resource(rival.app, rival.secret)
        answer = api.get(f"/1.0/commerce/inventory/{widget}")
        assert (answer.status_code, answer.json["subtype"]) == (404, "INVALID_ARGUMENT")
        assert api.get("/1.0/commerce/inventory").json["inventory"] == []

    @pytest.mark.parametrize("query", ["cursor=abc", "page=2", "cursor=a&cursor=b"])
    def test_a_query_that_is_none(self, api, widget, query):
        assert api.get(f"/1.0/commerce/inventory?{query}").status_code == 400

    def test_a_products_cursor_is_none_here(self, api, many):
        cursor = api.get("/1.0/commerce/products").json["pagination"]["nextPageCursor"]
        assert api.get(f"/1.0/commerce/inventory?cursor={cursor}").status_code == 400


class TestStorePages:
    def test_there_is_one_which_every_product_names(self, api, widget):
        [page] = api.get("/1.0/commerce/store_pages?cursor=").json["storePages"]
        assert page == {
            "id": page["id"],
            "title": "Catalog",
            "isEnabled": True,
            "urlSlug": "catalog",
        }
        [product] = api.get("/1.0/commerce/products").json["products"]
        assert product["storePageId"] == page["id"]

    def test_it_has_no_next_page(self, api):
        pages = api.get("/1.0/commerce/store_pages").json["pagination"]
        assert pages == {"hasNextPage": False, "nextPageCursor": None, "nextPageUrl": None}
        assert api.get("/1.0/commerce/store_pages?cursor=abc").status_code == 400


def test_the_website_is_the_company(api, cast):
    website = api.get("/1.0/authorization/website").json
    assert (website["id"], website["title"], website["currency"]) == (cast.acme, "Acme", "USD")
    assert website["url"] == "http://shop.test/store/acme"


def test_the_website_wants_a_key(nobody):
    answer = nobody.get("/1.0/authorization/website")
    assert (answer.status_code, answer.json["type"]) == (401, "AUTHORIZATION_ERROR")


@pytest.mark.parametrize("version", ["1.1", "v2"])
@pytest.mark.parametrize("path", ["inventory", "inventory/1", "store_pages"])
def test_other_versions_have_none_of_it(api, version, path):
    answer = api.get(f"/{version}/commerce/{path}")
    assert (answer.status_code, answer.json["subtype"]) == (404, "INVALID_ARGUMENT")


@pytest.mark.parametrize("version", ["1.0", "1.1", "v2"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", "products"), ("POST", "products/"), ("POST", "products/1")),
        *(("DELETE", "products/1"), ("POST", "products/1/variants")),
        *(("POST", "products/1/variants/1"), ("DELETE", "products/1/variants/1")),
    ],
)
def test_a_change_of_products_is_refused_with_where_it_is_made(api, version, method, path):
    answer = api(method, f"/{version}/commerce/{path}", json={"name": "Widget"})
    assert answer.status_code == 405
    assert answer.json["type"] == "METHOD_NOT_ALLOWED"
    assert answer.json["subtype"] == "OPERATION_NOT_ALLOWED_FOR_PRODUCT_TYPE"
    assert "http://shop.test/api/v1/docs" in answer.json["message"]
    assert method not in answer.headers["Allow"]


def test_a_change_of_stock_is_refused_with_where_it_is_made(api, widget):
    body = {"setFiniteOperations": [{"variantId": widget, "quantity": 1}]}
    answer = api.post("/1.0/commerce/inventory/adjustments", body)
    assert (answer.status_code, answer.json["type"]) == (405, "METHOD_NOT_ALLOWED")
    assert 'PATCH /api/v1/products/{id} with {"stock": 12}' in answer.json["message"]


@pytest.mark.parametrize("path", ["products/1/variants", "products/1/variants/1"])
def test_a_variant_has_no_address_to_read(api, path):
    answer = api.get(f"/1.0/commerce/{path}")
    assert (answer.status_code, answer.json["message"]) == (405, "Method 'GET' is not supported")
