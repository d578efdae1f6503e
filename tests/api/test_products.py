"""Products through the REST API: envelopes, pages, and what a write does."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import AuditEntry, Product
from tests.api.conftest import audit_actions, version_of
from tests.conftest import add_product
from tests.meanwhile import meanwhile

KEYS = [
    *("id", "name", "sku", "description", "category", "unit", "price", "stock"),
    *("imageUrl", "isActive", "createdAt", "updatedAt", "imageAlt"),
]
NEW = {"name": "Widget", "price": 9.99, "stock": 3}
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


class TestReading:
    def test_one_product_has_the_documented_keys_in_order(self, acme, widget):
        answer = acme.get(f"/products/{widget}")
        assert list(answer.json) == ["data"]
        found = re.findall(r'"(\w+)":', answer.text)
        assert found == ["data", *KEYS]

    def test_types_are_the_documented_ones(self, app, cast, acme):
        with app.app_context():
            product = add_product(cast.acme, name="Bolt", price_minor=1250, stock=-2)
            product.created_at = product.updated_at = datetime(2026, 11, 22, 8, 30, 0, 7000, UTC)
            db.session.commit()
            product_id = product.id
        assert acme.get(f"/products/{product_id}").json["data"] == {
            "id": product_id,
            "name": "Bolt",
            "sku": None,
            "description": None,
            "category": None,
            "unit": "each",
            "price": 12.5,
            "stock": -2,
            "imageUrl": None,
            "isActive": True,
            "createdAt": "2026-11-22T08:30:00.007Z",
            "updatedAt": "2026-11-22T08:30:00.007Z",
            "imageAlt": None,
        }

    def test_a_list_is_an_envelope(self, acme, widget):
        answer = acme.get("/products").json
        assert [product["id"] for product in answer["data"]] == [widget]
        assert answer["pagination"] == {"hasMore": False, "nextCursor": None}

    def test_text_beyond_ascii_comes_back_as_it_was(self, acme):
        made = acme.post("/products", NEW | {"name": "Crème brûlée 🍮"}).json["data"]
        assert acme.get(f"/products/{made['id']}").json["data"]["name"] == "Crème brûlée 🍮"


class TestPages:
    @pytest.fixture
    def seven(self, app, cast):
        """The ids of seven products, the newest first; two were made at the same moment."""
        moments = [datetime(2026, 11, 22, tzinfo=UTC) + timedelta(hours=n) for n in range(6)]
        with app.app_context():
            made = [add_product(cast.acme, created_at=moment) for moment in [*moments, moments[-1]]]
            made.sort(key=lambda product: (product.created_at, product.id), reverse=True)
            return [product.id for product in made]

    def ids(self, answer) -> list[str]:
        return [product["id"] for product in answer.json["data"]]

    def test_the_newest_come_first(self, acme, seven):
        assert self.ids(acme.get("/products")) == seven

    def test_a_cursor_is_the_id_of_the_last_item(self, acme, seven):
        first = acme.get("/products?limit=3")
        assert first.json["pagination"] == {"hasMore": True, "nextCursor": seven[2]}
        second = acme.get(f"/products?limit=3&cursor={seven[2]}")
        assert self.ids(first) + self.ids(second) == seven[:6]

    def walk(self, acme, size: int, cursor: str = "") -> list[str]:
        """The ids of every page from cursor on."""
        answer = acme.get(f"/products?limit={size}{cursor}")
        pagination = answer.json["pagination"]
        if not pagination["hasMore"]:
            return self.ids(answer)
        return self.ids(answer) + self.walk(acme, size, f"&cursor={pagination['nextCursor']}")

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_pages_hold_every_product_once(self, acme, seven, size):
        assert self.walk(acme, size) == seven

    def test_a_full_last_page_has_no_more(self, acme, seven):
        answer = acme.get("/products?limit=7").json
        assert answer["pagination"] == {"hasMore": False, "nextCursor": None}

    @pytest.mark.parametrize(
        ("typed", "size"),
        [("0", 1), ("-5", 1), ("2", 2), ("500", 100), ("many", 50), ("", 50), ("1.5", 50)],
    )
    def test_the_limit_is_clamped(self, app, cast, acme, typed, size):
        with app.app_context():
            db.session.add_all(
                Product(company_id=cast.acme, name="X", price_minor=1) for _ in range(102)
            )
            db.session.commit()
        assert len(self.ids(acme.get(f"/products?limit={typed}"))) == size

    def test_the_limit_is_50_without_one(self, app, cast, acme):
        with app.app_context():
            db.session.add_all(
                Product(company_id=cast.acme, name="X", price_minor=1) for _ in range(51)
            )
            db.session.commit()
        assert len(self.ids(acme.get("/products"))) == 50

    def test_a_cursor_holds_when_its_product_is_deleted(self, acme):
        made = [acme.post("/products", NEW).json["data"]["id"] for _ in range(4)]
        acme.delete(f"/products/{made[2]}")
        found = self.ids(acme.get(f"/products?cursor={made[2]}"))
        # What was made within the same millisecond may come again, and nothing is left out.
        assert set(made[:2]) <= set(found)

    def test_another_companys_id_is_no_better_cursor_than_any(self, acme, globex, seven):
        foreign = globex.post("/products", NEW).json["data"]["id"]
        assert self.ids(acme.get(f"/products?cursor={foreign}")) == seven

    @pytest.mark.parametrize("typed", ["x", "2", "01ARZ3NDEKTSV4RRFFQ69G5FA%00"])
    def test_what_is_no_id_is_no_cursor(self, acme, typed):
        answer = acme.get(f"/products?cursor={typed}")
        assert answer.status_code == 400
        assert answer.json["details"] == {
            "cursor": ["cursor must be the id of the last item of a page."]
        }


class TestFilters:
    @pytest.fixture(autouse=True)
    def catalog(self, app, cast):
        with app.app_context():
            add_product(cast.acme, name="Blue Widget", sku="BW-1", category="Tools")
            add_product(cast.acme, name="Red Bolt", sku="RB_2", category="tools", is_active=False)
            add_product(cast.globex, name="Blue Widget of Globex")

    def names(self, acme, query: str) -> list[str]:
        return [product["name"] for product in acme.get(f"/products?{query}").json["data"]]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("category=Tools", ["Blue Widget"]),
            ("category=Tool", []),
            ("search=WIDG", ["Blue Widget"]),
            ("search=lt", ["Red Bolt"]),
            ("search=ue%20wi", ["Blue Widget"]),
            ("search=w-1", ["Blue Widget"]),
            ("search=b_", ["Red Bolt"]),
            ("search=TOOLS", ["Red Bolt", "Blue Widget"]),
            ("search=widget%20blue", []),
            ("search=", ["Red Bolt", "Blue Widget"]),
            ("search=%25", []),
            ("search=%00", ["Red Bolt", "Blue Widget"]),
            ("active=true", ["Blue Widget"]),
            ("active=false", ["Red Bolt"]),
            ("active=TRUE", ["Red Bolt", "Blue Widget"]),
            ("active=yes", ["Red Bolt", "Blue Widget"]),
            ("active=true&search=bolt", []),
            ("color=red", ["Red Bolt", "Blue Widget"]),
        ],
    )
    def test_find(self, acme, query, names):
        assert self.names(acme, query) == names


class TestCreating:
    def test_answers_201_with_the_product_and_its_address(self, acme):
        answer = acme.post("/products", NEW)
        assert answer.status_code == 201
        product = answer.json["data"]
        assert product | NEW == product
        assert answer.headers["Location"] == f"/api/v1/products/{product['id']}"
        assert acme.get(f"/products/{product['id']}").json["data"] == product

    def test_what_is_absent_has_its_default(self, acme):
        product = acme.post("/products", NEW).json["data"]
        absent = ("sku", "description", "category", "imageUrl")
        assert [product[name] for name in absent] == [None] * 4
        assert (product["unit"], product["isActive"]) == ("each", True)

    def test_is_recorded_with_a_snapshot(self, app, acme):
        product = acme.post("/products", NEW).json["data"]
        with app.app_context():
            entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.entity_id) == ("product.created", product["id"])
        assert entry.after["price_minor"] == 999

    @pytest.mark.parametrize("unit", ["drum", "kg"])
    def test_takes_any_unit(self, acme, unit):
        assert acme.post("/products", NEW | {"unit": unit}).json["data"]["unit"] == unit

    def test_every_wrong_field_is_told_at_once(self, acme):
        answer = acme.post("/products", {"price": -1, "stock": 1.5, "color": "red"})
        assert answer.status_code == 400
        assert answer.json == {
            "error": "Enter a product name.",
            "details": {
                "name": ["Enter a product name."],
                "price": ["Price must be 0 or more."],
                "stock": ["Stock must be a whole number."],
                "color": ["Unknown field."],
            },
        }

    def test_leaves_nothing_behind_when_refused(self, app, acme):
        acme.post("/products", NEW | {"price": "9.99"})
        with app.app_context():
            assert db.session.scalars(select(Product)).all() == []

    def test_sku_of_another_product_is_refused(self, acme, widget):
        answer = acme.post("/products", NEW | {"sku": " W-1 "})
        assert answer.status_code == 422
        sentence = "Another product has the SKU W-1."
        assert answer.json == {"error": sentence, "details": {"sku": [sentence]}}

    def test_sku_of_another_company_is_free(self, globex, widget):
        assert globex.post("/products", NEW | {"sku": "W-1"}).status_code == 201

    def test_sku_that_was_taken_a_moment_ago_is_refused_too(self, app, acme):
        def take_it_first():
            assert acme.post("/products", NEW | {"sku": "W-1"}).status_code == 201

        with meanwhile(app, take_it_first, before="INSERT INTO product"):
            answer = acme.post("/products", NEW | {"sku": "W-1"})
        assert answer.json["details"] == {"sku": ["Another product has the SKU W-1."]}


class TestChanging:
    def test_a_patch_changes_what_it_names(self, acme, widget):
        before = acme.get(f"/products/{widget}").json["data"]
        answer = acme.patch(f"/products/{widget}", {"price": 1.5, "category": None})
        assert answer.status_code == 200
        after = answer.json["data"]
        expected = before | {"price": 1.5, "category": None, "updatedAt": after["updatedAt"]}
        assert after == expected
        assert after["updatedAt"] > before["updatedAt"]

    def test_a_put_gives_what_is_absent_its_default(self, acme, widget):
        after = acme.put(f"/products/{widget}", NEW).json["data"]
        assert (after["sku"], after["category"], after["unit"]) == (None, None, "each")

    def test_a_put_needs_what_a_product_needs(self, acme, widget):
        answer = acme.put(f"/products/{widget}", {"name": "Widget"})
        assert list(answer.json["details"]) == ["price", "stock"]

    def test_is_recorded_with_before_and_after(self, app, acme, widget):
        acme.patch(f"/products/{widget}", {"stock": 8})
        with app.app_context():
            entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.before, entry.after) == (
            "product.updated",
            {"stock": 7},
            {"stock": 8},
        )

    @pytest.mark.parametrize("body", [{}, {"stock": 7}, {"name": " Blue Widget "}, {"price": 9.99}])
    def test_nothing_new_touches_nothing(self, app, acme, widget, body):
        before = acme.get(f"/products/{widget}")
        after = acme.patch(f"/products/{widget}", body)
        assert after.status_code == 200
        assert after.json == before.json
        assert after.headers["ETag"] == before.headers["ETag"]
        assert version_of(app, widget) == 1
        assert audit_actions(app) == []

    def test_what_was_read_can_be_written_back(self, app, acme, widget):
        read = acme.get(f"/products/{widget}").json["data"]
        assert acme.put(f"/products/{widget}", read).json["data"] == read
        assert version_of(app, widget) == 1
        assert audit_actions(app) == []

    def test_a_change_raises_the_version(self, app, acme, widget):
        acme.patch(f"/products/{widget}", {"stock": 8})
        assert version_of(app, widget) == 2

    def test_its_own_sku_is_free(self, acme, widget):
        assert acme.patch(f"/products/{widget}", {"sku": "W-1", "stock": 1}).status_code == 200

    def test_sku_of_another_product_is_refused(self, acme, widget):
        other = acme.post("/products", NEW).json["data"]["id"]
        answer = acme.patch(f"/products/{other}", {"sku": "W-1"})
        assert answer.json["details"] == {"sku": ["Another product has the SKU W-1."]}


class TestDeleting:
    def test_answers_204_and_the_product_is_gone(self, app, acme, widget):
        answer = acme.delete(f"/products/{widget}")
        assert (answer.status_code, answer.text) == (204, "")
        assert acme.get(f"/products/{widget}").status_code == 404
        assert audit_actions(app) == ["product.deleted"]


class TestETags:
    def test_the_same_product_is_not_sent_again(self, acme, widget):
        tag = acme.get(f"/products/{widget}").headers["ETag"]
        answer = acme.get(f"/products/{widget}", headers={"If-None-Match": tag})
        assert (answer.status_code, answer.text) == (304, "")

    def test_an_order_of_it_changes_the_tag(self, app, acme, widget):
        tag = acme.get(f"/products/{widget}").headers["ETag"]
        with app.app_context():
            db.session.get_one(Product, widget).stock -= 1
            db.session.commit()
        assert acme.get(f"/products/{widget}").headers["ETag"] != tag

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_a_lost_race_is_412_and_changes_nothing(self, app, acme, widget, method):
        tag = acme.get(f"/products/{widget}").headers["ETag"]
        acme.patch(f"/products/{widget}", {"stock": 5})
        answer = acme(method, f"/products/{widget}", json=NEW, headers={"If-Match": tag})
        assert answer.status_code == 412
        assert answer.json == {"error": "The product has changed since it was read. Read it again."}
        assert acme.get(f"/products/{widget}").json["data"]["stock"] == 5
        assert version_of(app, widget) == 2

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_with_the_newest_tag_it_is_done(self, acme, widget, method):
        tag = acme.get(f"/products/{widget}").headers["ETag"]
        answer = acme(method, f"/products/{widget}", json=NEW, headers={"If-Match": tag})
        assert answer.status_code in (200, 204)

    def test_a_write_answers_with_the_next_tag(self, acme, widget):
        tag = acme.patch(f"/products/{widget}", {"stock": 5}).headers["ETag"]
        answer = acme.patch(f"/products/{widget}", {"stock": 6}, headers={"If-Match": tag})
        assert answer.status_code == 200

    def test_a_star_matches_whatever_there_is(self, acme, widget):
        answer = acme.patch(f"/products/{widget}", {"stock": 6}, headers={"If-Match": "*"})
        assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
class TestTenancy:
    def test_another_companys_product_is_as_unknown_as_none(self, app, globex, widget, method):
        foreign = globex(method, f"/products/{widget}", json=NEW)
        unknown = globex(method, f"/products/{UNKNOWN}", json=NEW)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text == unknown.text
        assert foreign.json == {"error": "Product not found."}
        assert version_of(app, widget) == 1

    def test_an_id_that_none_can_have_is_unknown_too(self, acme, method):
        answer = acme(method, "/products/a%00b", json=NEW)
        assert (answer.status_code, answer.json) == (404, {"error": "Product not found."})


class TestUnknownId:
    """It is a 404 whatever else is wrong with the request."""

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    @pytest.mark.parametrize(
        "options",
        [
            {"json": {"price": -1}},
            {"data": b"{", "content_type": "application/json"},
            {"data": b"x", "content_type": "image/png"},
            {"json": {}, "headers": {"If-Match": '"x"'}},
            {"json": {}, "headers": {"Idempotency-Key": ""}},
        ],
    )
    def test_is_answered_before_anything_else(self, acme, globex, widget, method, options):
        for caller, product_id in ((acme, UNKNOWN), (globex, widget)):
            answer = caller(method, f"/products/{product_id}", **options)
            assert (answer.status_code, answer.json) == (404, {"error": "Product not found."})


class TestProxiedETag:
    """nginx weakens the ETag of an answer that it compresses; Apache adds a suffix."""

    @pytest.fixture(
        params=["{}", "W/{}", '{:.33}-gzip"', 'W/{:.33}-br"', '{:.33}--gzip"', '"other", W/{}']
    )
    def tag(self, request, acme, widget) -> str:
        return request.param.format(acme.get(f"/products/{widget}").headers["ETag"])

    def test_still_names_what_was_read(self, acme, widget, tag):
        assert acme.get(f"/products/{widget}", headers={"If-None-Match": tag}).status_code == 304

    def test_still_guards_a_write(self, acme, widget, tag):
        path, headers = f"/products/{widget}", {"If-Match": tag}
        assert acme.patch(path, {"stock": 1}, headers=headers).status_code == 200
        assert acme.patch(path, {"stock": 2}, headers=headers).status_code == 412


@pytest.mark.parametrize(
    "path", ["/api/v1//products", "/api//v1/products", "/store//acme/catalog", "/1.0//commerce/x"]
)
def test_a_doubled_slash_is_no_redirect_to_the_host_that_was_sent(nobody, path):
    sent = {"PATH_INFO": path, "HTTP_HOST": "evil.example"}
    answer = nobody.get("/", environ_overrides=sent)
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)
