"""Read numbers as people write them: decimal signs, thousands separators, currency signs.

A text has one reading with a decimal point and one with a decimal comma.
Most texts have only one of the two, or two equal ones; "1,250" has two
different ones, and is refused unless the decimal sign is known. Libraries
that read numbers need a locale, but here the sender's is unknown.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from . import rules

POINT, COMMA = ".", ","
SIGN_NAMES = {POINT: "point", COMMA: "comma"}
NO_PRICE = "Enter a price, for example 12.50."
NO_STOCK = "Enter the stock, for example 10."

_SAME = str.maketrans("\u2019\u02bc\u2032\u066c\uff0c\uff0e\u2212\u2013\u2014", "''''" + ",.---")
_ARABIC_DECIMAL_SIGN = "\u066b"
_CURRENCY = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MAD|"
    "MXN|MYR|NOK|NZD|PHP|PLN|QAR|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR|"
    r"kr\.?|zł|Kč|Ft|lei|S?Fr\.?|Rs\.?|RM|Rp"
)
_LEADING_CURRENCY = re.compile(rf"([-+]?) ?(?:[A-Z]{{0,3}}¤|{_CURRENCY}) ?", re.IGNORECASE)
_TRAILING_CURRENCY = re.compile(rf" ?(?:¤|{_CURRENCY})$", re.IGNORECASE)
# 12.– and 12,- are whole amounts.
_DASH_FOR_CENTS = re.compile(r"(?<=\d)([.,])-{1,2}$")
_GROUPED = r"(?!0)\d{{1,3}}(?:([{groups} '])\d{{3}})(?:\3\d{{3}})*"
_PATTERNS = {
    # The second alternative: lakhs and crores, as in 12,34,500.
    POINT: re.compile(
        rf"([-+]?)(\d+|{_GROUPED.format(groups=',')}|(?!0)\d\d?(?:,\d\d)+,\d{{3}})?(\.\d*)?"
    ),
    COMMA: re.compile(rf"([-+]?)(\d+|{_GROUPED.format(groups='.')})?(,\d*)?"),
}
# Most numbers contain no currency.
_BARE = re.compile("[0-9.,' +-]*")
# Longer than any valid number, however it is written.
_LONGEST = 60


class AmbiguousNumber(ValueError):
    """The text has two readings; str(error) is a sentence that names both."""


@dataclass(frozen=True)
class Sign:
    """The decimal sign of a text, as far as it is known.

    sign: "." or ",", or None if unknown. elsewhere: the sign of other
    numbers in the same file, which only helps to recognize a thousands
    separator: next to prices like 12,50, a stock of 1.000 is one thousand.
    """

    sign: str | None = None
    elsewhere: str | None = None


UNKNOWN = Sign()


def typed_price(text: str | None, sign: Sign = UNKNOWN) -> int:
    """Return the price in minor units that someone typed. Raises ValueError."""
    if text is None or not text.strip():
        raise ValueError(NO_PRICE)
    return rules.price_minor(_number(_without_currency(_plain(text)), text, "Price", sign))


def typed_stock(text: str | None, sign: Sign = UNKNOWN) -> int:
    """Return the stock that someone typed. Raises ValueError."""
    if text is None or not text.strip():
        raise ValueError(NO_STOCK)
    return rules.stock(_number(_plain(text), text, "Stock", sign))


def readings(text: str) -> dict[str, Decimal]:
    """Return the text's values with a decimal point and with a decimal comma.

    >>> readings("1.250,50"), readings("1,250")
    ({',': Decimal('1250.50')}, {'.': Decimal('1250'), ',': Decimal('1.250')})
    """
    return _readings(_without_currency(_plain(text)))


def common_sign(texts: Iterable[str]) -> str | None:
    """Return the decimal sign of a column, from the texts with only one reading.

    None if there is no such text, or if two of them disagree.
    """
    telling = (found for found in map(readings, texts) if len(found) == 1)
    signs = {sign for found in telling for sign in found}
    return signs.pop() if len(signs) == 1 else None


def _number(plain: str, text: str, label: str, known: Sign) -> Decimal:
    found = _readings(plain)
    if not found:
        raise ValueError(f"{label} must be a number.")
    if known.sign:
        if known.sign in found:
            return found[known.sign]
        name = SIGN_NAMES[known.sign]
        raise ValueError(f"{label} {text.strip()} is not a number with a decimal {name}.")
    smaller, greater = min(found.values()), max(found.values())
    if smaller == greater or (known.elsewhere and found.get(known.elsewhere) == greater):
        return greater
    raise AmbiguousNumber(
        f"{label} {text.strip()} could be {smaller.normalize():f} or {greater:f}. "
        "Write it as one of these."
    )


def _readings(plain: str) -> dict[str, Decimal]:
    found = {}
    for sign, pattern in _PATTERNS.items():
        match = pattern.fullmatch(plain.replace(_ARABIC_DECIMAL_SIGN, sign))
        if match and any(map(str.isdecimal, plain)):
            whole = re.sub(r"\D", "", match[2] or "0")
            fraction = re.sub(r"\D", "", match[4] or "") or "0"
            found[sign] = Decimal(f"{match[1]}{whole}.{fraction}")
            if not match[4]:
                found[sign] = found[sign].to_integral_value()
    return found


def _plain(text: str) -> str:
    """Return the text without invisible characters, with uniform blanks, apostrophes and dashes.

    "", which is not a number, if the text is too long for one.
    """
    if len(text) > _LONGEST:
        return ""
    seen = (
        " " if unicodedata.category(character) in ("Zs", "Cc") else character
        for character in text
        if unicodedata.category(character) != "Cf"
    )
    plain = "".join(seen).translate(_SAME).strip()
    return _DASH_FOR_CENTS.sub(r"\g<1>0", plain)


def _without_currency(plain: str) -> str:
    """Return the text without a currency before or after the number."""
    if _BARE.fullmatch(plain):
        return plain
    marked = "".join("¤" if unicodedata.category(one) == "Sc" else one for one in plain)
    if leading := _LEADING_CURRENCY.match(marked):
        return _DASH_FOR_CENTS.sub(r"\g<1>0", leading[1] + marked[leading.end() :])
    return _DASH_FOR_CENTS.sub(r"\g<1>0", _TRAILING_CURRENCY.sub("", marked))
