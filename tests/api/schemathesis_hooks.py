"""Hooks for schemathesis: conditions that no schema can express."""

import os
from uuid import uuid4

import schemathesis

# Enough of it for every order, as long as nothing is done to it.
ORDERED = os.environ["ORDERED_PRODUCT"]
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """An SKU and an Idempotency-Key are new, an ETag is the newest, an ordered product exists.

    No alt text is without an image, and every order can be canceled.
    """
    if case.path_parameters.get("product_id") == ORDERED and case.method != "GET":
        case.path_parameters["product_id"] = UNKNOWN
    if not case.meta.generation.mode.is_positive:
        return
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if isinstance(case.body, dict):
        case.body = _possible(case.body)


def _possible(body: dict) -> dict:
    body = dict(body)
    if body.get("sku"):
        body["sku"] = uuid4().hex
    if "items" in body:
        body["items"] = [{"productId": ORDERED, "quantity": 1} for _ in body["items"]]
    if "imageAlt" in body:
        # No product here has an image of its own.
        body["imageAlt"] = None
    if "status" in body:
        # Whatever the order is, it is so already, or can become so.
        body["status"] = "CANCELLED"
    return body
