"""The states that the inventory list filters by, each with an index of the rows that are in it.

SQLite takes such an index only for a query that has the condition in the
same words, so these conditions are written out, with no placeholders.
"""

from sqlalchemy import ColumnElement, Index, literal, or_
from sqlalchemy.orm import InstrumentedAttribute

from .products import READY, Image, Product

# Google Shopping takes no image that is smaller on a side, from January 31, 2027.
SMALL_IMAGE_PX = 500

_small = literal(SMALL_IMAGE_PX, literal_execute=True)
_empty = literal("", literal_execute=True)

IS_INACTIVE = ~Product.is_active
IS_EXTERNAL_WITHOUT_ALT = (Product.external_image_alt == _empty) & (
    Product.external_image_url.is_not(None)
)
IS_UNFINISHED = Image.status != literal(READY, literal_execute=True)
HAS_NO_ALT = Image.alt_text == _empty
IS_SMALL = or_(Image.width_px < _small, Image.height_px < _small)


def _index(name: str, state: ColumnElement[bool], *columns: InstrumentedAttribute) -> None:
    Index(name, *columns, sqlite_where=state, postgresql_where=state)


_index("ix_product_inactive", IS_INACTIVE, Product.company_id, Product.id)
_index("ix_product_external_without_alt", IS_EXTERNAL_WITHOUT_ALT, Product.company_id, Product.id)
_index("ix_image_unready", IS_UNFINISHED, Image.company_id, Image.product_id)
_index("ix_image_without_alt", HAS_NO_ALT, Image.company_id, Image.product_id)
_index("ix_image_small", IS_SMALL, Image.company_id, Image.product_id)
