"""The CSV door keeps the rules of rules.py: the same verdict, in the same words."""

from decimal import Decimal

import pytest

from distribu import csv_io, rules
from distribu.importing.reading import read_rows

ROW = {"sku": "A", "name": "Anchor", "price": "1", "stock": "1"}
OPTIONAL = ("description", "category", "unit")
CASES = [
    ("name", rules.name, ["", " ", "x", "x" * 200, "x" * 201]),
    ("sku", rules.sku, ["A", " A ", "x" * 100, "x" * 101]),
    ("category", rules.category, ["", "x" * 100, "x" * 101]),
    ("description", rules.description, ["", "a\r\nb", "x" * 2000, "x" * 2001]),
    ("unit", rules.unit, ["", "each", "hogshead", "x" * 50, "x" * 51]),
    (
        "price",
        rules.price_minor,
        ["0", "0.01", "12.5", "1.005", "-1", "", "x", "NaN", "1e2", "1e400", "99999999.99", "1e8"],
    ),
    ("stock", rules.stock, ["0", "1.0", "1.5", "-1", "", "x", "1000000000", "1000000001"]),
]


def verdict(parse, text: str) -> tuple[str, object]:
    try:
        return "taken", parse(text)
    except ValueError as error:
        return "refused", str(error)


def verdict_of_csv(column: str, text: str) -> tuple[str, object]:
    header = [*ROW, *OPTIONAL]
    values = [(ROW | {column: text}).get(name, "") for name in header]
    table = csv_io.read("".join(csv_io.lines(header, [values])).removeprefix(csv_io.BOM))
    reading = read_rows(table, csv_io.recognise(header))
    if reading.errors:
        (error,) = reading.errors
        assert error.index == header.index(column)
        return "refused", error.sentence
    stored = {"price": "price_minor"}.get(column, column)
    return "taken", reading.rows[0].values[stored]


@pytest.mark.parametrize(
    ("column", "parse", "text"),
    [
        pytest.param(column, parse, text, id=f"{column}-{text[:8]!r}-{len(text)}")
        for column, parse, texts in CASES
        for text in texts
    ],
)
def test_gives_the_verdict_of_the_rule(column, parse, text):
    assert verdict_of_csv(column, text) == verdict(parse, text)


def test_names_the_largest_price():
    text = str(rules.PRICE_MAX + Decimal("0.01"))
    assert verdict_of_csv("price", text) == ("refused", "Price must be at most 99,999,999.99.")
