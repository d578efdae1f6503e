"""Formatting of values for people."""

import pytest

from distribu.http.template_filters import byte_size, money


@pytest.mark.parametrize(
    ("price_minor", "currency", "shown"),
    [
        (0, "USD", "$0.00"),
        (123450, "USD", "$1,234.50"),
        (9999999999, "EUR", "€99,999,999.99"),
        (5, "CHF", "CHF 0.05"),
    ],
)
def test_money(price_minor, currency, shown):
    assert money(price_minor, currency) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(512, "512 bytes"), (20_480, "20 KB"), (5 * 1024 * 1024, "5.0 MB"), (2_590_700, "2.5 MB")],
)
def test_byte_size(count, shown):
    assert byte_size(count) == shown
