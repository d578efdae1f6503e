"""The OpenAPI document of the API, at /api/v1/openapi.json."""

from flask import Flask

from ..http.api_keys import RATE_LIMIT
from ..http.openapi import JsonApi
from .blueprint import PREFIX
from .schemas import ErrorSchema

DESCRIPTION = f"""
Products and orders of one company, as JSON.

**Keys.** Send `Authorization: Bearer dk_…`. Keys are made under Settings, API keys; each has
scopes, and {RATE_LIMIT.replace("per", "requests a")}.

**Images.** A product has an `imageUrl`, and no request takes a file: give the address of a
image that you host, or upload one in the product form of the dashboard. Reading a product and
writing it back changes nothing. `/store/{{slug}}/products/{{id}}/image` leads to the image that a
product of the storefront has now, for feeds and price lists.

**Lost updates.** A product is answered with an `ETag`. Sent back in `If-Match`, it makes a write
fail with 412 when somebody else was faster.

**Repeats.** A POST or PATCH with an `Idempotency-Key` is carried out once: sent again within 24
hours, it gets the first answer again.

**Errors** are `{{"error": "…"}}`, with `details` by field where values break a rule. Every answer
has an `X-Request-Id`.
"""


class DescribedApi(JsonApi):
    ERROR_SCHEMA = ErrorSchema

    def __init__(self, app: Flask):
        super().__init__(app, "REST", PREFIX, "Distribu", "1", DESCRIPTION)
