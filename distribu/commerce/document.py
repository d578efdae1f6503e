"""The OpenAPI document, at /commerce/openapi.json."""

from flask import Flask

from ..http.idempotency import KEY_MAX
from ..http.json_bodies import JsonBlueprint
from ..http.openapi import JsonApi
from ..images.decoding.policies import COMMERCE
from .schemas import ErrorSchema

URL_PREFIX = "/commerce"

DESCRIPTION = """
Images of products, in the paths and bodies of Squarespace's Commerce API, whose clients work here
by changing their base URL. `/1.0`, `/1.1` and `/v2` are the same but for what is marked.

**Keys.** Send `Authorization: Bearer dk_…`. Reading needs a key with the scope `products:read`,
uploading and changing one with `images:write`. A key that passes 300 requests a minute rests for
one minute.

**Uploads** are accepted with 202 and processed in the queue. Ask for the status until it is `READY`
or `ERROR`. A file that is refused at once (400) leaves nothing behind; an image in `ERROR` is shown
nowhere, counts towards the limit until it is deleted, and says why, and whether sending the same
file again can help.

**Repeats.** The same file under the same name gets the imageId of the image that it already is, as
does a repeated `Idempotency-Key`. An image in `ERROR`, or deleted, is never given again.

**The primary image** is the first of a product's `images`: the first upload to a product without
images, or whichever is moved to the top. It replaces an external `imageUrl` once it is `READY`.
`/store/{slug}/products/{id}/image` leads to it, whichever it is, for feeds and price lists.

**Errors** have five fields, always. `contextId` finds the request in the log.
"""

IDEMPOTENT = [
    {
        "in": "header",
        "name": "Idempotency-Key",
        "description": "Sent again with the same key, the request is carried out once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX},
    }
]
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


class DescribedCommerce(JsonApi):
    ERROR_SCHEMA = ErrorSchema


def init_app(app: Flask, bp: JsonBlueprint) -> None:
    """The app has bp, and its description."""
    title = "Distribu, the commerce API"
    api = DescribedCommerce(app, "COMMERCE", URL_PREFIX, title, "1.0", DESCRIPTION)
    api.register_blueprint(bp)
