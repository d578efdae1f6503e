"""Orders through the REST API: placed by an ERP, read page by page."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import ORDER_STATUSES, AuditEntry, Order, Product
from distribu.sales.status import STATUS_LABELS
from tests.conftest import add_product

KEYS = [
    *("id", "status", "poNumber", "notes", "total", "createdAt", "updatedAt", "customerId"),
    *("items", "id", "quantity", "unitPrice", "productId", "productName", "productSku"),
]


def wanted(*lines, **more) -> dict:
    """A body that orders these lines, of product id and quantity."""
    items = [{"productId": product_id, "quantity": quantity} for product_id, quantity in lines]
    return {"customerId": "C-1", "items": items} | more


def stock_of(app, product_id: str) -> int:
    with app.app_context():
        return db.session.get_one(Product, product_id).stock


class TestPlacing:
    def test_answers_201_with_the_documented_keys_in_order(self, acme, widget):
        body = wanted((widget, 2), poNumber="PO-7", notes="By noon")
        answer = acme.post("/orders", body)
        assert answer.status_code == 201
        assert re.findall(r'"(\w+)":', answer.text) == ["data", *KEYS]
        order = answer.json["data"]
        assert (order["status"], order["total"], order["customerId"]) == ("SUBMITTED", 19.98, "C-1")
        assert (order["poNumber"], order["notes"]) == ("PO-7", "By noon")
        [item] = order["items"]
        assert item | {"id": ""} == {
            "id": "",
            "quantity": 2,
            "unitPrice": 9.99,
            "productId": widget,
            "productName": "Blue Widget",
            "productSku": "W-1",
        }

    def test_takes_the_stock(self, app, acme, widget):
        acme.post("/orders", wanted((widget, 2)))
        assert stock_of(app, widget) == 5

    def test_lines_of_one_product_count_as_one(self, app, acme, widget):
        order = acme.post("/orders", wanted((widget, 2), (widget, 3))).json["data"]
        assert [item["quantity"] for item in order["items"]] == [5]
        assert stock_of(app, widget) == 2

    def test_is_recorded(self, app, cast, acme, widget):
        order = acme.post("/orders", wanted((widget, 2))).json["data"]
        with app.app_context():
            entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.entity_id) == ("order.created", order["id"])
        assert entry.actor_id == cast.alice

    def test_a_shortage_is_told_in_the_documented_sentence_and_takes_nothing(
        self, app, cast, acme, widget
    ):
        with app.app_context():
            bolt = add_product(cast.acme, name="Bolt", stock=1).id
        answer = acme.post("/orders", wanted((bolt, 1), (widget, 8)))
        assert answer.status_code == 422
        sentence = "Not enough stock for Blue Widget. Only 7 available."
        assert answer.json == {"error": sentence, "details": {"items": [sentence]}}
        assert (stock_of(app, bolt), stock_of(app, widget)) == (1, 7)

    def test_sent_again_under_its_key_it_is_one_order(self, app, acme, widget):
        headers = {"Idempotency-Key": "po-7"}
        first = acme.post("/orders", wanted((widget, 2)), headers=headers)
        again = acme.post("/orders", wanted((widget, 2)), headers=headers)
        assert again.text == first.text
        assert stock_of(app, widget) == 5

    @pytest.mark.parametrize("unknown", ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "x"])
    def test_a_product_that_does_not_exist(self, app, acme, widget, unknown):
        answer = acme.post("/orders", wanted((widget, 1), (unknown, 1)))
        assert (answer.status_code, answer.json["error"]) == (422, "Product not found.")
        assert answer.json["details"] == {"items": {"1": {"productId": ["Product not found."]}}}
        assert stock_of(app, widget) == 7

    def test_text_that_no_database_stores_is_refused_by_its_place(self, acme, widget):
        answer = acme.post("/orders", wanted((widget, 1), ("\x00", 1)))
        sentence = "Contains a character that cannot be stored."
        assert answer.status_code == 400
        assert answer.json["details"] == {"items": {"1": {"productId": [sentence]}}}

    def test_another_companys_product_is_as_unknown_as_none(self, app, globex, widget):
        answer = globex.post("/orders", wanted((widget, 1)))
        assert answer.json["details"] == {"items": {"0": {"productId": ["Product not found."]}}}
        assert stock_of(app, widget) == 7

    @pytest.mark.parametrize(
        ("quantity", "sentence"),
        [
            ("2", "quantity must be a number"),
            (None, "quantity must be a number"),
            (True, "quantity must be a number"),
            (1.5, "quantity must be a whole number"),
            (0, "quantity must be at least 1"),
            (-3, "quantity must be at least 1"),
            (1_000_001, "quantity must be at most 1000000"),
        ],
    )
    def test_a_quantity_that_is_none(self, acme, widget, quantity, sentence):
        answer = acme.post("/orders", wanted((widget, quantity)))
        details = {"items": {"0": {"quantity": [sentence]}}}
        assert (answer.status_code, answer.json) == (400, {"error": sentence, "details": details})

    @pytest.mark.parametrize(
        ("changes", "details"),
        [
            ({"items": []}, {"items": ["At least one item is required"]}),
            ({"items": None}, {"items": ["At least one item is required"]}),
            ({"customerId": None}, {"customerId": ["customerId is required"]}),
            (
                {"items": [{"quantity": 1}]},
                {"items": {"0": {"productId": ["productId is required"]}}},
            ),
            ({"notes": "n" * 2001}, {"notes": ["Length must be between 0 and 2000."]}),
        ],
    )
    def test_a_body_that_says_too_little_or_too_much(self, acme, widget, changes, details):
        answer = acme.post("/orders", wanted((widget, 1)) | changes)
        assert (answer.status_code, answer.json["details"]) == (400, details)

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "customerId is required"),
            ({"customerId": ""}, "customerId is required"),
            ({"customerId": "C-1"}, "At least one item is required"),
            ({"customerId": "C-1", "items": []}, "At least one item is required"),
            ({"customerId": "C-1", "items": [{}]}, "productId is required"),
            (
                {"customerId": "C-1", "items": [{"productId": "x", "quantity": 0}]},
                "quantity must be at least 1",
            ),
            ({"customerId": 5, "items": []}, "At least one item is required"),
            ({"customerId": 5, "items": [{"productId": 5, "quantity": 1}]}, "Validation failed."),
        ],
    )
    def test_the_error_is_the_documented_sentence(self, acme, body, sentence):
        answer = acme.post("/orders", body)
        assert (answer.status_code, answer.json["error"]) == (400, sentence)


class TestReading:
    @pytest.fixture
    def three(self, app, acme, widget) -> list[str]:
        """The ids of orders of three days, the newest first; the first of them is shipped."""
        ids = [
            acme.post("/orders", wanted((widget, 1), customerId=f"C-{day}")).json["data"]["id"]
            for day in (20, 21, 22)
        ]
        with app.app_context():
            for day, order_id in zip((20, 21, 22), ids, strict=True):
                order = db.session.get_one(Order, order_id)
                order.created_at = datetime(2026, 11, day, tzinfo=UTC)
            db.session.get_one(Order, ids[0]).status = "SHIPPED"
            db.session.commit()
        return ids[::-1]

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ("", [0, 1, 2]),
            ("limit=2", [0, 1]),
            ("status=SHIPPED", [2]),
            ("customerId=C-21", [1]),
            ("customerId=C-2", []),
            ("since=2026-11-21", [0, 1]),
            ("since=2026-11-21T00:00:00.001Z", [0]),
            ("until=2026-11-21T01:00:00%2B01:00", [1, 2]),
            ("since=2026-11-21&until=2026-11-21", [1]),
        ],
    )
    def test_a_list_is_filtered(self, acme, three, query, numbers):
        found = acme.get(f"/orders?{query}").json["data"]
        assert [order["id"] for order in found] == [three[number] for number in numbers]

    def test_a_cursor_is_the_id_of_the_last_item(self, acme, three):
        answer = acme.get(f"/orders?limit=1&cursor={three[0]}").json
        assert [order["id"] for order in answer["data"]] == [three[1]]
        assert answer["pagination"] == {"hasMore": True, "nextCursor": three[1]}

    @pytest.mark.parametrize(
        ("query", "details"),
        [
            ("status=LOST", {"status": ["Invalid order status."]}),
            ("since=soon", {"since": ["since must be a date or a time in ISO 8601."]}),
            (
                "until=0001-01-01T00:00:00%2B10:00",
                {"until": ["until must be a date or a time in ISO 8601."]},
            ),
        ],
    )
    def test_a_filter_that_cannot_be_read(self, acme, query, details):
        answer = acme.get(f"/orders?{query}")
        [[sentence]] = details.values()
        answered = {"error": sentence, "details": details}
        assert (answer.status_code, answer.json) == (400, answered)

    @pytest.mark.parametrize(
        "since",
        [
            *("2026-11-21", "2026-11-21T00:00Z", "2026-11-21T00:00:00.000Z", "2026/11/21"),
            *("11/21/2026", "Nov 21, 2026", "November 21, 2026"),
            *("Sat, 21 Nov 2026 00:00:00 GMT", "21 Nov 2026 01:00:00 +0100"),
            *("2026-11-21T01:00:00+01:00", "2026-11-20T23:00:00-01:00", "20261121T000000Z"),
        ],
    )
    def test_a_time_is_read_in_the_forms_that_javascript_reads(self, acme, three, since):
        found = acme.get("/orders", query_string={"since": since}).json["data"]
        assert [order["id"] for order in found] == three[:2]

    @pytest.mark.parametrize(
        ("query", "count"),
        [("since=2026", 3), ("since=2027", 0), ("since=2026-11", 3), ("since=2026-12", 0)],
    )
    def test_a_year_or_a_month_is_its_first_moment(self, acme, three, query, count):
        assert len(acme.get(f"/orders?{query}").json["data"]) == count

    def test_a_plus_sign_that_arrived_as_a_blank_is_one(self, acme, three):
        found = acme.get("/orders?since=2026-11-21T01:00:00+01:00").json["data"]
        assert len(found) == 2

    def test_an_empty_cursor_is_none(self, acme, three):
        assert acme.get("/orders?cursor=").json == acme.get("/orders").json

    def test_one_order_is_read_by_its_id(self, acme, globex, three):
        assert acme.get(f"/orders/{three[0]}").json["data"]["id"] == three[0]
        answer = globex.get(f"/orders/{three[0]}")
        assert (answer.status_code, answer.json) == (404, {"error": "Order not found."})

    def test_a_company_sees_its_own(self, globex, three):
        assert globex.get("/orders").json["data"] == []

    def test_the_price_is_frozen_and_the_name_is_live(self, acme, three, widget):
        acme.patch(f"/products/{widget}", {"name": "Azure Widget", "price": 1})
        [item] = acme.get("/orders?limit=1").json["data"][0]["items"]
        assert (item["productName"], item["unitPrice"]) == ("Azure Widget", 9.99)

    def test_a_deleted_product_keeps_the_name_it_was_ordered_by(self, acme, three, widget):
        acme.delete(f"/products/{widget}")
        [item] = acme.get("/orders?limit=1").json["data"][0]["items"]
        assert (item["productId"], item["productName"]) == (None, "Blue Widget")


class TestStatus:
    @pytest.fixture
    def order(self, acme, widget) -> str:
        return acme.post("/orders", wanted((widget, 2))).json["data"]["id"]

    def test_goes_on_step_by_step(self, acme, order):
        for status in ("CONFIRMED", "SHIPPED", "DELIVERED"):
            answer = acme.patch(f"/orders/{order}", {"status": status})
            assert (answer.status_code, answer.json["data"]["status"]) == (200, status)
        assert acme.get(f"/orders/{order}").json["data"]["status"] == "DELIVERED"

    @pytest.mark.parametrize(
        ("before", "allowed"),
        [
            ("SUBMITTED", {"CONFIRMED", "CANCELLED"}),
            ("CONFIRMED", {"SHIPPED", "CANCELLED"}),
            ("SHIPPED", {"DELIVERED"}),
            ("DELIVERED", set()),
            ("CANCELLED", set()),
        ],
    )
    def test_a_step_that_is_not_allowed_is_refused(self, app, acme, order, before, allowed):
        for status in sorted(set(ORDER_STATUSES) - allowed - {before}):
            set_status(app, order, before)
            answer = acme.patch(f"/orders/{order}", {"status": status})
            words = (STATUS_LABELS[one].lower() for one in (before, status))
            sentence = "This order is {}, so it cannot become {}.".format(*words)
            assert (answer.status_code, answer.json["error"]) == (422, sentence)
            assert acme.get(f"/orders/{order}").json["data"]["status"] == before

    @pytest.mark.parametrize("body", [{}, {"status": None}, {"status": "LOST"}, {"status": 5}])
    def test_a_word_that_is_none(self, acme, order, body):
        answer = acme.patch(f"/orders/{order}", body)
        assert (answer.status_code, answer.json["error"]) == (400, "Invalid order status.")

    def test_canceling_leaves_the_stock(self, app, acme, order, widget):
        acme.patch(f"/orders/{order}", {"status": "CANCELLED"})
        assert stock_of(app, widget) == 5

    def test_the_log_has_it_once(self, app, acme, order):
        for _ in range(2):
            assert acme.patch(f"/orders/{order}", {"status": "CONFIRMED"}).status_code == 200
        with app.app_context():
            chosen = select(AuditEntry).where(AuditEntry.action == "order.status_changed")
            entry = db.session.scalars(chosen).one()
        assert entry.entity_id == order
        assert (entry.before, entry.after) == ({"status": "SUBMITTED"}, {"status": "CONFIRMED"})

    def test_an_order_of_another_company(self, globex, order):
        answer = globex.patch(f"/orders/{order}", {"status": "CONFIRMED"})
        assert (answer.status_code, answer.json) == (404, {"error": "Order not found."})


def set_status(app, order_id: str, status: str) -> None:
    with app.app_context():
        db.session.get_one(Order, order_id).status = status
        db.session.commit()
