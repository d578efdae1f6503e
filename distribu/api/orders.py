"""Order views and schemas of the REST API: list, place, read, change status."""

from flask import abort, g
from marshmallow import ValidationError, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..http.api_keys import with_key
from ..http.json_bodies import STORABLE, Closed, Moment, RefusedValues, Sentence
from ..http.openapi import about, described
from ..http.tenancy import company_row
from ..models import ORDER_STATUSES, Order, OrderLine, Product, new_id
from ..sales.placement import (
    LINES_MAX,
    NOTES_MAX,
    PO_NUMBER_MAX,
    QUANTITY_MAX,
    OrderRefused,
    OrderRequest,
    place_order,
)
from ..sales.status import StatusRefused, change_status
from . import examples
from .blueprint import rest_blueprint, writing
from .fields import MajorUnits
from .paging import PageQuery, Pagination, newest_page
from .saving import NOT_FOUND

bp = rest_blueprint("Orders")

NO_ITEMS = Sentence("At least one item is required")
NO_CUSTOMER = Sentence("customerId is required")
NO_NUMBER = Sentence("quantity must be a number")
NO_STATUS = Sentence("Invalid order status.")
NO_ORDER = "Order not found."
CUSTOMER_ID_MAX = 26


class Item(Closed):
    """A line of an order, as returned."""

    id = fields.String(required=True)
    quantity = fields.Integer(required=True)
    unitPrice = MajorUnits(
        required=True, attribute="unit_price_minor", metadata=about("As it was when ordered.")
    )
    productId = fields.String(
        required=True, allow_none=True, metadata=about("null when the product has been deleted.")
    )
    productName = fields.String(required=True, metadata=about("As it is now."))
    productSku = fields.String(required=True, allow_none=True, metadata=about("As it is now."))


class OrderSchema(Closed):
    """An order, as returned."""

    id = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": list(ORDER_STATUSES)})
    poNumber = fields.String(required=True, allow_none=True, attribute="po_number")
    notes = fields.String(required=True, allow_none=True)
    total = MajorUnits(required=True, attribute="total_minor")
    createdAt = Moment(required=True, attribute="created_at", metadata={"format": "date-time"})
    updatedAt = Moment(required=True, attribute="updated_at", metadata={"format": "date-time"})
    customerId = fields.String(
        required=True,
        allow_none=True,
        attribute="customer_id",
        metadata=about("null for an order of the dashboard."),
    )
    items = fields.List(fields.Nested(Item), required=True)


class OneOrder(Closed):
    data = fields.Nested(OrderSchema, required=True)


class ManyOrders(Closed):
    data = fields.List(fields.Nested(OrderSchema), required=True)
    pagination = fields.Nested(Pagination, required=True)


class OrderQuery(PageQuery):
    """Query parameters of the list of orders."""

    status = fields.String(validate=validate.OneOf(ORDER_STATUSES, error=NO_STATUS))
    customerId = fields.String()
    since = Moment(metadata=about("Placed at or after this date or time.", format="date-time"))
    until = Moment(metadata=about("Placed at or before this date or time.", format="date-time"))


class Quantity(fields.Integer):
    def _deserialize(self, value, attr, data, **kwargs) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError(NO_NUMBER)
        if value != value or value % 1:
            raise ValidationError(Sentence("quantity must be a whole number"))
        if value < 1:
            raise ValidationError(Sentence("quantity must be at least 1"))
        if value > QUANTITY_MAX:
            raise ValidationError(Sentence(f"quantity must be at most {QUANTITY_MAX}"))
        return int(value)


def needed(sentence: Sentence) -> dict:
    """Return field options that reject a body without the field, with this sentence."""
    return {"required": True, "error_messages": {"required": sentence, "null": sentence}}


def storable(longest: int) -> list:
    """Return validators for text that can be stored unchanged."""
    return [validate.Length(0, longest), validate.Regexp(STORABLE)]


class OrderChange(Closed):
    """The status to give an order."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(ORDER_STATUSES, error=NO_STATUS),
        error_messages=dict.fromkeys(("required", "null", "invalid"), NO_STATUS),
    )


class NewItem(Closed):
    """A line of an order to place."""

    productId = fields.String(**needed(Sentence("productId is required")))
    quantity = Quantity(**needed(NO_NUMBER), metadata={"minimum": 1, "maximum": QUANTITY_MAX})


class NewOrder(Closed):
    """An order to place: either all its lines are taken from stock, or none."""

    customerId = fields.String(
        **needed(NO_CUSTOMER),
        validate=[validate.Length(min=1, error=NO_CUSTOMER), *storable(CUSTOMER_ID_MAX)],
        metadata=about("The customer, by the id in your system."),
    )
    poNumber = fields.String(allow_none=True, validate=storable(PO_NUMBER_MAX))
    notes = fields.String(allow_none=True, validate=storable(NOTES_MAX))
    items = fields.List(
        fields.Nested(NewItem),
        **needed(NO_ITEMS),
        validate=[
            validate.Length(min=1, error=NO_ITEMS),
            validate.Length(max=LINES_MAX, error=Sentence(f"At most {LINES_MAX} items are taken")),
        ],
        metadata=about("Lines of the same product count as one."),
    )


def find_order(order_id: str) -> Order:
    """Return the order with this id if it belongs to the company, else respond with 404."""
    return company_row(Order, order_id) or abort(404, NO_ORDER)


@bp.get("/orders")
@with_key("orders:read")
@described("listOrders", 400)
@bp.arguments(OrderQuery, location="query")
@bp.response(200, ManyOrders, example=examples.many(examples.ORDER))
def list_orders(asked: dict) -> dict:
    """List orders, newest first."""
    where = []
    if "status" in asked:
        where.append(Order.status == asked["status"])
    if "customerId" in asked:
        where.append(Order.customer_id == asked["customerId"])
    if "since" in asked:
        where.append(Order.created_at >= asked["since"])
    if "until" in asked:
        where.append(Order.created_at <= asked["until"])
    lines = selectinload(Order.lines).selectinload(OrderLine.product)
    page = newest_page(select(Order).options(lines), where, Order, asked)
    return page | {"data": [_shown(order) for order in page["data"]]}


@bp.post("/orders")
@writing("orders:write")
@described("createOrder", 400, 409, 413, 415, 422)
@bp.arguments(NewOrder, example=examples.NEW_ORDER)
@bp.response(201, OneOrder, example=examples.one(examples.ORDER))
def place(values: dict) -> dict:
    """Place an order. "Not enough stock for …" is a 422, and nothing is taken."""
    wanted = OrderRequest(
        submit_token=new_id(),
        quantities=_quantities(values["items"]),
        notes=values.get("notes") or None,
        po_number=values.get("poNumber") or None,
        customer_id=values["customerId"],
        created_by_id=g.actor_id,
    )
    try:
        order = place_order(g.company.id, wanted)
    except OrderRefused as refused:
        raise RefusedValues({"items": refused.problems}, refused.problems[0]) from refused
    return {"data": _shown(order)}


@bp.get("/orders/<order_id>")
@with_key("orders:read")
@described("getOrder", 404)
@bp.response(200, OneOrder, example=examples.one(examples.ORDER))
def show_order(order_id: str) -> dict:
    """Get an order."""
    return {"data": _shown(find_order(order_id))}


@bp.patch("/orders/<order_id>")
@writing("orders:write", first=find_order)
@described("updateOrderStatus", 400, 404, 409, 413, 415, 422)
@bp.arguments(OrderChange, example={"status": "CONFIRMED"})
@bp.response(200, OneOrder, example=examples.one(examples.ORDER))
def change_order(values: dict, order_id: str) -> dict:
    """Change the status of an order.

    SUBMITTED becomes CONFIRMED or CANCELLED, CONFIRMED becomes SHIPPED or
    CANCELLED, SHIPPED becomes DELIVERED. Canceling leaves the stock as it is.
    """
    order = find_order(order_id)
    if order.status == values["status"]:
        # Writing back the status that was read changes nothing.
        return {"data": _shown(order)}
    try:
        order = change_status(g.company.id, order_id, values["status"]) or find_order(order_id)
    except StatusRefused as refused:
        raise RefusedValues({"status": [str(refused)]}, str(refused)) from refused
    return {"data": _shown(order)}


def _quantities(items: list[dict]) -> dict[str, int]:
    """Return the quantity of each product, in the order of the lines. Raises RefusedValues."""
    asked = {item["productId"] for item in items}
    own = select(Product.id).where(Product.company_id == g.company.id, Product.id.in_(asked))
    known = set(db.session.scalars(own))
    unknown = {
        str(number): {"productId": [NOT_FOUND]}
        for number, item in enumerate(items)
        if item["productId"] not in known
    }
    if unknown:
        raise RefusedValues({"items": unknown}, NOT_FOUND)
    quantities: dict[str, int] = {}
    for item in items:
        quantities[item["productId"]] = quantities.get(item["productId"], 0) + item["quantity"]
    return quantities


def _shown(order: Order) -> dict:
    names = ("id", "status", "po_number", "notes", "total_minor", "created_at", "updated_at")
    shown = {name: getattr(order, name) for name in (*names, "customer_id")}
    return shown | {"items": [_line(line) for line in order.lines]}


def _line(line: OrderLine) -> dict:
    # A deleted product keeps the name under which it was ordered.
    named = line.product or line
    return {
        "id": line.id,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "productId": line.product_id,
        "productName": named.name,
        "productSku": named.sku,
    }
