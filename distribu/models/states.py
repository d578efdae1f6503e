"""States that the inventory list filters by, each with a partial index.

SQLite uses such an index only if the query states the condition in the
same words, so these conditions are literal, without placeholders.
"""

from sqlalchemy import ColumnElement, Index, and_, literal, or_
from sqlalchemy.orm import InstrumentedAttribute

from .products import READY, Image, Product

# Up to this size, pixels can be chosen so that the encoded file reads as a program.
TINY_PX = 64

# Google Shopping rejects images with a shorter side from January 31, 2027.
SMALL_IMAGE_PX = 500

_small = literal(SMALL_IMAGE_PX, literal_execute=True)
_empty = literal("", literal_execute=True)
_tiny = literal(TINY_PX, literal_execute=True)
_gif, _png, _jpeg = (literal(name, literal_execute=True) for name in ("GIF", "PNG", "JPEG"))
_ready = literal(READY, literal_execute=True)

IS_INACTIVE = ~Product.is_active
IS_EXTERNAL_WITHOUT_ALT = (Product.external_image_alt == _empty) & (
    Product.external_image_url.is_not(None)
)
IS_HOSTED_ALONE = Product.external_image_url.is_(None)
IS_READY = Image.status == _ready
IS_UNREADY = Image.status != _ready
HAS_NO_ALT = Image.alt_text == _empty
IS_SMALL = or_(Image.width_px < _small, Image.height_px < _small)
# Images that 0.1.0 may have destroyed and whose uploads are gone: it wrote transparent GIFs that
# show white or cannot be opened, and tiny images whose bytes an attacker may have chosen.
IS_OLD_GIF = Image.format == _gif
IS_OLD_AND_TINY = and_(
    or_(Image.format == _png, Image.format == _jpeg),
    Image.width_px <= _tiny,
    Image.height_px <= _tiny,
)
NEEDS_UPLOAD = and_(
    Image.facts.is_(None),
    Image.ladder_version.is_not(None),
    Image.status == _ready,
    or_(IS_OLD_GIF, IS_OLD_AND_TINY),
)

_Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


def _index(name: str, state: ColumnElement[bool], *columns: _Text) -> None:
    Index(name, *columns, sqlite_where=state, postgresql_where=state)


_index("ix_product_inactive", IS_INACTIVE, Product.company_id, Product.id)
_index("ix_product_external_without_alt", IS_EXTERNAL_WITHOUT_ALT, Product.company_id, Product.id)
# There is no such index of products without an image. These two cover that query, so that
# neither table is read: rows of images are large.
_index(
    "ix_product_hosted_alone",
    IS_HOSTED_ALONE,
    Product.company_id,
    Product.id,
    Product.external_image_url,
)
_index("ix_image_ready", IS_READY, Image.product_id, Image.status)
_index("ix_image_unready", IS_UNREADY, Image.company_id, Image.product_id)
_index("ix_image_without_alt", HAS_NO_ALT, Image.company_id, Image.product_id)
_index("ix_image_small", IS_SMALL, Image.company_id, Image.product_id)
_index("ix_image_needs_upload", NEEDS_UPLOAD, Image.company_id, Image.product_id)
