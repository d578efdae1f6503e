"""Template filters that format values for people."""

from datetime import date, datetime

from flask import Flask
from markupsafe import Markup

from ..models.currencies import digits

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def init_template_filters(app: Flask) -> None:
    """Add the filters: {{ price_minor | money(currency) }}, {{ created_at | moment }} and so on."""
    app.jinja_env.filters.update(money=money, byte_size=byte_size, day=day, moment=moment)


def money(price_minor: int, currency: str = "USD") -> str:
    """Return a price in minor units as people read it: "$1,234.50", or "JPY 1,234"."""
    sign = SIGNS.get(currency, f"{currency} ")
    return f"{sign}{digits(price_minor, currency, ',')}"


def byte_size(count: int) -> str:
    """Return a number of bytes as text; 1 MB is 1,048,576 bytes, as in our limits."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:,.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MB"


def moment(at: datetime) -> Markup:
    """Return a time with its zone as a <time> element: "9 Nov 2026, 08:30 UTC"."""
    return Markup('<time datetime="{}">{}, {:%H:%M} UTC</time>').format(
        at.isoformat(timespec="seconds"), _day(at), at
    )


def day(at: datetime) -> Markup:
    """Return the date of a time as a <time> element: "9 Nov 2026"."""
    return Markup('<time datetime="{}">{}</time>').format(at.date().isoformat(), _day(at))


def _day(at: date) -> str:
    return f"{at.day} {at:%b %Y}"
