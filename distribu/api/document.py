"""The OpenAPI document of the API, at /api/v1/openapi.json."""

from ..http.api_keys import INVALID, LACKS_SCOPE, RATE_LIMIT
from ..http.error_handlers import STORE_AWAY
from ..http.openapi import Document
from . import orders, products
from .blueprint import NO_FILES, PREFIX
from .errors import SENTENCES
from .orders import NO_CUSTOMER
from .products import CHANGED
from .saving import BUSY, NOT_FOUND
from .schemas import ErrorSchema

DESCRIPTION = f"""
Products and orders of one company, as JSON.

**Keys.** Send `Authorization: Bearer dk_…`. Keys are made under Settings, API keys; each has
scopes, and {RATE_LIMIT.replace("per", "requests a")}.

**Images.** A product has an `imageUrl`, and no request takes a file: give the address of an
image that you host, or upload one in the product form of the dashboard. Reading a product and
writing it back changes nothing. `imageAlt` describes the product's image.

An image that Distribu hosts has three public addresses:

- `imageUrl`, `…/images/{{id}}/{{name}}`: stable. It never changes, and is gone when the image is
  replaced or removed. For anything that refers to this very image.
- `…/images/{{id}}/{{name}}.jpg`: the same image as a JPEG, if it is a WebP or AVIF. For
  marketplaces that accept neither. The product form shows it.
- `…/store/{{company}}/products/{{id}}/image`: redirects to the image that the product has at the
  moment, wherever it is hosted. For links that have to survive a replacement.

**Lost updates.** A product is answered with an `ETag`. Sent back in `If-Match`, it makes a write
fail with 412 if someone else has changed the product.

**Repeats.** A POST or PATCH with an `Idempotency-Key` is carried out once: sent again within 24
hours, it gets the first answer again.

**Errors** are `{{"error": "…"}}`, with `details` by field where values break a rule: 400 for what
a request lacks or gets wrong, 422 for what cannot be done, such as an order of more than there is.
Every answer has an `X-Request-Id`.
"""


DOCUMENT = Document(
    url_prefix=PREFIX,
    title="Distribu",
    version="1",
    description=DESCRIPTION,
    error_schema=ErrorSchema,
    refusals={
        400: ("Something in the request is missing or wrong.", {"error": str(NO_CUSTOMER)}),
        401: ("No valid key.", {"error": INVALID}),
        403: ("The key lacks the scope.", {"error": LACKS_SCOPE.format("orders:write")}),
        404: ("It does not exist.", {"error": NOT_FOUND}),
        409: ("Someone else is changing it: try again.", {"error": BUSY}),
        412: ("The product has changed.", {"error": CHANGED}),
        413: ("The body is too large.", {"error": SENTENCES[413]}),
        415: ("The body is not JSON.", {"error": NO_FILES}),
        422: (
            "The request cannot be carried out.",
            {"error": "Not enough stock for Blue Widget. Only 7 available."},
        ),
        429: (
            "The key has made too many requests.",
            {"error": SENTENCES[429].format(wait=12), "retryAfter": 12},
        ),
        500: (
            "An error in Distribu.",
            {"error": SENTENCES[500], "requestId": "0A1B2C3D4E5F60718293"},
        ),
        503: ("A part of Distribu does not respond.", {"error": STORE_AWAY}),
    },
    blueprints=(products.bp, orders.bp),
)
