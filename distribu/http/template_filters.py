"""How values are shown to people: the filters of the templates."""

from decimal import Decimal

from flask import Flask

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def init_template_filters(app: Flask) -> None:
    """Templates can say {{ price_minor | money(currency) }} and {{ bytes | byte_size }}."""
    app.jinja_env.filters.update(money=money, byte_size=byte_size)


def money(price_minor: int, currency: str = "USD") -> str:
    """A price in minor units as it is read: "$1,234.50", or "CHF 1,234.50"."""
    sign = SIGNS.get(currency, f"{currency} ")
    return f"{sign}{Decimal(price_minor).scaleb(-2):,.2f}"


def byte_size(count: int) -> str:
    """A number of bytes in the units in which the limits are told, 1 MB being 1,048,576 bytes."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:,.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MB"
