"""Product and error schemas of the API: closed, every field typed."""

from marshmallow import fields, validate

from ..http.json_bodies import STORABLE, VISIBLE, Closed, Moment
from ..http.openapi import about
from ..products import rules
from ..products.written_image_url import URL_MAX
from .fields import MajorUnits, RuledInteger, RuledNumber, RuledText, StrictBoolean

ALT_TEXT_MAX = 200
# The addresses that written_image_url.py accepts, which also recognizes our own images.
_CHARACTERS = r'\u0000-\u0020\u007f\\<>"'
ADDRESS = (
    rf"^[hH][tT][tT][pP][sS]?://[^/?#@:\[\]{_CHARACTERS}]+"
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5])))))?"
    rf"([/?#][^{_CHARACTERS.replace('0020', '001f')}]*)?$"
)


class ProductSchema(Closed):
    """A product, as returned."""

    id = fields.String(required=True, metadata=about("A ULID."))
    name = fields.String(required=True)
    sku = fields.String(required=True, allow_none=True)
    description = fields.String(required=True, allow_none=True)
    category = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True)
    price = MajorUnits(
        required=True, attribute="price_minor", metadata=about("In the company's currency.")
    )
    stock = fields.Integer(required=True)
    imageUrl = fields.String(
        required=True,
        allow_none=True,
        attribute="image_url",
        metadata=about("The public address of the product's image."),
    )
    isActive = fields.Boolean(required=True, attribute="is_active")
    createdAt = Moment(required=True, attribute="created_at", metadata={"format": "date-time"})
    updatedAt = Moment(required=True, attribute="updated_at", metadata={"format": "date-time"})
    imageAlt = fields.String(
        required=True,
        allow_none=True,
        attribute="image_alt",
        metadata=about("What the image shows, for those who cannot see it."),
    )


class NewProduct(Closed):
    """A whole product to write: absent fields get their defaults, but imageUrl stays."""

    name = RuledText(
        rules.name,
        required=True,
        metadata={"minLength": 1, "maxLength": rules.NAME_MAX, "pattern": VISIBLE},
    )
    sku = RuledText(
        rules.sku,
        allow_none=True,
        metadata=about(
            "Unique in the company; empty is null.", maxLength=rules.SKU_MAX, pattern=STORABLE
        ),
    )
    description = RuledText(
        rules.description,
        allow_none=True,
        metadata=about("Empty is null.", maxLength=rules.DESCRIPTION_MAX, pattern=STORABLE),
    )
    category = RuledText(
        rules.category,
        allow_none=True,
        metadata=about("Empty is null.", maxLength=rules.CATEGORY_MAX, pattern=STORABLE),
    )
    unit = RuledText(
        rules.unit,
        metadata=about('Empty is "each".', maxLength=rules.UNIT_MAX, pattern=STORABLE),
    )
    price = RuledNumber(
        rules.price_minor,
        required=True,
        metadata=about(
            "In the company's currency, with at most 2 decimals.",
            minimum=0,
            maximum=float(rules.PRICE_MAX),
            multipleOf=0.01,
        ),
    )
    stock = RuledInteger(
        rules.stock, required=True, metadata={"minimum": 0, "maximum": rules.STOCK_MAX}
    )
    imageUrl = fields.String(
        allow_none=True,
        metadata=about(
            "An absolute http or https address without credentials. It is shown as it is, and "
            "never fetched. null clears it; where it is absent, the image stays. The address of "
            "another image of the company gives the product a copy of its own.",
            maxLength=URL_MAX,
            pattern=ADDRESS,
        ),
    )
    isActive = StrictBoolean(metadata=about("Whether customers see it."))
    imageAlt = fields.String(
        allow_none=True,
        validate=[validate.Length(max=ALT_TEXT_MAX), validate.Regexp(STORABLE)],
        metadata=about(
            "Describes the product's image. null or empty: the product's name stands in for it; "
            "where it is absent, it stays."
        ),
    )
    # Accepted and ignored, so that a product can be written back as it was read.
    id = fields.String(metadata=about("Not set by a write.", pattern=STORABLE))
    createdAt = fields.String(metadata=about("Not set by a write.", pattern=STORABLE))
    updatedAt = fields.String(metadata=about("Not set by a write.", pattern=STORABLE))


class ProductChanges(NewProduct):
    """Some fields of a product; absent ones stay as they are."""

    def __init__(self, **options):
        super().__init__(**{"partial": True} | options)


class ErrorSchema(Closed):
    """The body of an error."""

    error = fields.String(required=True, metadata=about("One sentence."))
    details = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(metadata={"type": ["array", "object"], "items": {"type": "string"}}),
        metadata=about("With 400 and 422: sentences by field, nested as the body is."),
    )
    retryAfter = fields.Integer(metadata=about("With 429: seconds to wait."))
    requestId = fields.String(metadata=about("With 500: what to quote in a report."))
