"""Read the rows of a table with a column mapping: valid values, or errors by column."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from ..products import numbers, rules, written_image_url
from ..products.csv_text import REQUIRED, Row, Table
from ..products.numbers import AmbiguousNumber, Sign

# Words for true and false in spreadsheets of several languages.
YES = (
    *("true", "yes", "y", "1", "on", "active", "x"),
    *("wahr", "ja", "vrai", "oui", "vero", "sì", "verdadero", "sí", "si", "verdadeiro", "sim"),
)
NO = (
    *("false", "no", "n", "0", "off", "inactive"),
    *("falsch", "nein", "faux", "non", "falso", "não", "nee", "nej"),
)
MARK = "x"
MARKED_OR_EMPTY = (
    "isActive is empty here and x on other lines. Write yes or no: an empty cell counts as yes."
)


@dataclass(frozen=True)
class RowError:
    """An error on a line. index: its column; None for the whole line.

    is_ambiguous: a decimal sign must be chosen for the column.
    """

    line: int
    index: int | None
    sentence: str
    is_ambiguous: bool = False


@dataclass(frozen=True)
class ImportRow:
    """A valid line. values: as stored, for the columns that the file has."""

    line: int
    values: dict
    image_url: str | None

    @property
    def sku(self) -> str:
        return self.values["sku"]


@dataclass(frozen=True)
class Reading:
    """Every line of a file, as a row or as errors. mapping: file column index by our name.

    signs: the known decimal sign of each column of numbers.
    """

    rows: list[ImportRow]
    errors: list[RowError]
    mapping: dict[str, int]
    signs: dict[str, Sign] = field(default_factory=dict)

    @property
    def has_image_urls(self) -> bool:
        """Whether the file has an imageUrl column; without it, images stay as they are."""
        return "imageUrl" in self.mapping


def is_active(text: str) -> bool:
    """Return whether the text means yes; an empty text does. Raises ValueError."""
    word = unicodedata.normalize("NFC", text).strip().lower()
    if word in YES or not word:
        return True
    if word in NO:
        return False
    raise ValueError("isActive must be true or false (yes or no, 1 or 0, on or off).")


# By our column: the name of the stored value, and the rule for it.
PARSED = {
    "sku": ("sku", rules.sku),
    "name": ("name", rules.name),
    "description": ("description", rules.description),
    "category": ("category", rules.category),
    "unit": ("unit", rules.unit),
    "isActive": ("is_active", is_active),
}
NUMBERS = {
    "price": ("price_minor", numbers.typed_price),
    "stock": ("stock", numbers.typed_stock),
}


def missing(mapping: dict[str, int]) -> list[str]:
    """Return the required columns that are not mapped."""
    return [column for column in REQUIRED if column not in mapping]


def read_rows(
    table: Table, mapping: dict[str, int], chosen_signs: dict[str, str], currency: str
) -> Reading:
    """Read every row of the table; the mapping must contain every required column.

    chosen_signs: by our column, decimal signs that a person chose.
    currency: the company's, for the prices.
    """
    rows, errors = [], []
    signs = _signs(table, mapping, chosen_signs)
    for row in table.rows:
        wrong = _misfit(row, table)
        values = {} if wrong else _values(row, mapping, signs, currency, wrong)
        if wrong:
            errors += wrong
        else:
            rows.append(ImportRow(row.line, values, _image_url(row, mapping)))
    errors += _unmarked(table, mapping)
    return Reading(rows, errors, mapping, signs)


def _signs(table: Table, mapping: dict[str, int], chosen: dict[str, str]) -> dict[str, Sign]:
    """Return the decimal sign that the numbers of each column, or of the other column, suggest."""
    found = {
        column: chosen.get(column) or numbers.common_sign(_cells(table, mapping[column]))
        for column in NUMBERS
    }
    return {
        "price": Sign(found["price"], elsewhere=found["stock"]),
        "stock": Sign(found["stock"], elsewhere=found["price"]),
    }


def _cells(table: Table, index: int) -> Iterable[str]:
    return (row.cells[index] for row in table.rows)


def _misfit(row: Row, table: Table) -> list[RowError]:
    """Return an error if a row has more cells than the header, since its cells have shifted."""
    width = len(table.header)
    if not any(row.cells[width:]):
        return []
    sentence = f"This line has {len(row.cells)} cells; the header has {width}."
    return [RowError(row.line, None, sentence)]


def _values(
    row: Row,
    mapping: dict[str, int],
    signs: dict[str, Sign],
    currency: str,
    wrong: list[RowError],
) -> dict:
    values = {}
    for column, (name, parse) in (PARSED | NUMBERS).items():
        if column not in mapping:
            continue
        known = (signs[column],) if column in signs else ()
        try:
            values[name] = parse(row.cells[mapping[column]], *known)
            if column == "price":
                rules.price_in(currency, cast(int, values[name]))
        except ValueError as error:
            is_ambiguous = isinstance(error, AmbiguousNumber)
            wrong.append(RowError(row.line, mapping[column], str(error), is_ambiguous))
    return values


def _image_url(row: Row, mapping: dict[str, int]) -> str | None:
    if "imageUrl" not in mapping:
        return None
    return written_image_url.cleaned(row.cells[mapping["imageUrl"]]) or None


def _unmarked(table: Table, mapping: dict[str, int]) -> list[RowError]:
    """Return an error for each empty isActive among lines marked x, since it may mean no."""
    if (index := mapping.get("isActive")) is None:
        return []
    words = {row.line: row.cells[index].strip().lower() for row in table.rows}
    if set(words.values()) != {MARK, ""}:
        return []
    return [RowError(line, index, MARKED_OR_EMPTY) for line, word in words.items() if not word]
