"""Rules for products, shared by the form, the API and the CSV import.

Each function returns the value as it is stored, or raises ValueError
with a sentence that names the limit. Source of units and limits: the
product form's published field table.
"""

from decimal import Decimal
from typing import NoReturn

from ..models.currencies import WITHOUT_DECIMALS, has_decimals
from ..models.sku_keys import trimmed_sku

UNITS = ("each", "case", "pallet", "box", "bag", "roll", "sheet", "lb", "oz", "kg", "L", "mL")
NAME_MAX = 200
SKU_MAX = 100
CATEGORY_MAX = 100
UNIT_MAX = 50
DESCRIPTION_MAX = 2000
ALT_TEXT_MAX = 200
# Fits an integer column of every database, with room for the arithmetic of an order.
STOCK_MAX = 1_000_000_000
PRICE_MAX = Decimal("99999999.99")


def name(text: str | None) -> str:
    """Return the trimmed name, 1 to 200 characters."""
    return _text(text, "Product name", NAME_MAX) or _refuse("Enter a product name.")


def sku(text: str | None) -> str | None:
    """Return the trimmed SKU of at most 100 characters; None if empty."""
    return _text(trimmed_sku(text or ""), "SKU", SKU_MAX)


def category(text: str | None) -> str | None:
    """Return the trimmed category of at most 100 characters; None if empty."""
    return _text(text, "Category", CATEGORY_MAX)


def description(text: str | None) -> str | None:
    """Return the trimmed description of at most 2,000 characters; None if empty."""
    return _text(text, "Description", DESCRIPTION_MAX)


def alt_text(text: str | None) -> str:
    """Return the alt text of at most 200 characters, with single blanks; "" if empty."""
    return _text(" ".join((text or "").split()), "Alt text", ALT_TEXT_MAX) or ""


def unit(text: str | None) -> str:
    """Return the trimmed unit; "each" if empty. The form offers UNITS; API and CSV allow any."""
    return _text(text, "Unit", UNIT_MAX) or "each"


def price_minor(price: int | float | Decimal | None) -> int:
    """Return the price in minor units, from a number of major units with at most 2 decimals."""
    price = _number(price, "Price")
    if price < 0:
        _refuse("Price must be 0 or more.")
    if price > PRICE_MAX:
        _refuse(f"Price must be at most {PRICE_MAX:,}.")
    if price != round(price, 2):
        _refuse("Price can have at most 2 decimals.")
    return int(price.scaleb(2))


def price_in(currency: str, price_minor: int) -> int:
    """Return the price; refuse decimals if its currency has none."""
    if currency in WITHOUT_DECIMALS and has_decimals(price_minor):
        _refuse(f"Price can have no decimals in {currency}.")
    return price_minor


def stock(number: int | float | Decimal | None) -> int:
    """Return the stock, a whole number from 0 to 1,000,000,000."""
    number = _number(number, "Stock")
    if number != number.to_integral_value():
        _refuse("Stock must be a whole number.")
    if number < 0:
        _refuse("Stock must be 0 or more.")
    if number > STOCK_MAX:
        _refuse(f"Stock must be at most {STOCK_MAX:,}.")
    return int(number)


def _text(text: str | None, label: str, longest: int) -> str | None:
    text = (text or "").replace("\r\n", "\n").strip()
    if len(text) > longest:
        _refuse(f"{label} can have at most {longest:,} characters; this one has {len(text):,}.")
    return text or None


def _number(value: int | float | Decimal | None, label: str) -> Decimal:
    """Return a number from JSON as a Decimal; numbers.py reads those that people type."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        _refuse(f"{label} must be a number.")
    # Convert a float by its shortest text, so that 0.07 does not become a binary fraction.
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite() or not number.adjusted() < 30:
        _refuse(f"{label} must be a number.")
    return number


def _refuse(sentence: str) -> NoReturn:
    raise ValueError(sentence)
