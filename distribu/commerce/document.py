"""The OpenAPI document of the commerce API, at /commerce/openapi.json."""

from ..http.api_keys import INVALID, LACKS_SCOPE
from ..http.openapi import Document
from ..images.decoding.policies import COMMERCE
from .blueprint import bp, stock_bp, website_bp
from .schemas import ErrorSchema

DESCRIPTION = """
Products, their stock and their images, in the paths and bodies of Squarespace's Commerce API: a
client that reads products and inventory, or changes images, works here by changing its base URL.
`/1.0`, `/1.1` and `/v2` are the same but for what is marked; inventory, store pages and the website
are under `/1.0` alone, as they are there.

**Keys.** Send `Authorization: Bearer dk_…`. Reading needs a key with the scope `products:read`,
uploading and changing an image one with `images:write`. A key that exceeds 300 requests a
minute is blocked for one minute.

**Products and stock are not changed here.** Each product has exactly one variant, which has the id
of the product. Creating, changing and deleting products, variants and stock is answered with 405
and a message that says where it is done: in the REST API, `/api/v1`.

**Uploads** are accepted with 202 and processed in the queue. Ask for the status until it is `READY`
or `ERROR`. A file that is refused at once (400) leaves nothing behind; an image in `ERROR` is shown
nowhere, counts towards the limit until it is deleted, and says why, and whether sending the same
file again can help.

**Repeats.** The same file under the same name gets the imageId of the image that it already is. An
image in `ERROR`, or deleted, is never given again. An `Idempotency-Key` has no effect.

**The primary image** is the first of a product's `images`: the first upload to a product without
images, or the one that is moved to the top. It replaces an external `imageUrl` once it is `READY`.

**Addresses of an image.** There are three, all public:

- `url`, `…/images/{id}/{name}`: stable. It never changes, and is gone with the image. Add
  `?format=500w` for one of `availableFormats`, in the image's own format if it has that width in
  it, and in WebP otherwise.
- `…/images/{id}/{name}.jpg`: the same image as a JPEG, where it is a WebP or AVIF, which come from
  the dashboard alone. For marketplaces that take neither.
- `/store/{company}/products/{id}/image`: redirects to the image that a product has at the moment,
  for feeds and price lists.

**Errors** have five fields, always. `contextId` finds the request in the log.
"""

RETRY_AFTER = {
    "Retry-After": {
        "schema": {"type": "integer"},
        "description": "While PROCESSING: seconds until it is worth asking again.",
    }
}
UPLOAD = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": (
                            "With a filename, of which the alt text and the URL's name are made. "
                            f"{COMMERCE.format_sentence} {COMMERCE.byte_size_sentence} "
                            f"{COMMERCE.pixels_sentence}"
                        ),
                    }
                },
                "required": ["file"],
                "additionalProperties": False,
            }
        }
    },
}


def _error(type: str, subtype: str | None, message: str) -> dict:
    fields = {"type": type, "subtype": subtype, "message": message}
    return fields | {"details": None, "contextId": "0A1B2C3D4E5F60718293"}


_INVALID, _NOT_ALLOWED = "INVALID_REQUEST_ERROR", "AUTHORIZATION_ERROR"


DOCUMENT = Document(
    url_prefix="/commerce",
    title="Distribu, the commerce API",
    version="1.0",
    description=DESCRIPTION,
    error_schema=ErrorSchema,
    refusals={
        400: ("The request does not conform.", _error(_INVALID, None, "altText: Not a string.")),
        401: ("No valid key.", _error(_NOT_ALLOWED, None, INVALID)),
        403: (
            "The key lacks the scope.",
            _error(_NOT_ALLOWED, "MISSING_SCOPE", LACKS_SCOPE.format("images:write")),
        ),
        404: (
            "Something in the path does not exist.",
            _error(_INVALID, "INVALID_ARGUMENT", "The specified product was not found."),
        ),
        409: (
            "The product has the maximum number of images, or is being changed by others.",
            _error(
                "CONFLICT",
                "IMAGE_LIMIT_REACHED",
                "The specified product has reached its limit of 100 images.",
            ),
        ),
        413: ("The body is too large.", _error(_INVALID, None, "The request is too large.")),
        415: (
            "The body is not multipart/form-data.",
            _error(_INVALID, "INVALID_CONTENT_TYPE", "Content-Type must be multipart/form-data."),
        ),
        429: (
            "The key is blocked for a minute.",
            _error("TOO_MANY_REQUESTS", None, "Too many requests. Try again in 60 seconds."),
        ),
        500: ("An error in Distribu.", _error("SERVER_ERROR", None, "Something went wrong here.")),
        503: (
            "A part of Distribu does not respond.",
            _error("SERVICE_UNAVAILABLE", None, "The image store does not answer."),
        ),
    },
    blueprints=(bp, stock_bp, website_bp),
)
