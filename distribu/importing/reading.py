"""The rows of a table under a mapping: each keeps the rules, or says by column why not."""

import re
from collections import defaultdict
from dataclasses import dataclass

from ..products import rules
from ..products.csv_text import NO, REQUIRED, YES, Row, Table

_DECIMAL_COMMA = re.compile(r"(\s*\d+),(\d{1,2}\s*)")


@dataclass(frozen=True)
class RowError:
    """What is wrong on a line. index: of the column; None: with the line as a whole."""

    line: int
    index: int | None
    sentence: str


@dataclass(frozen=True)
class ImportRow:
    """A line that keeps the rules. values: as stored, of the columns that the file has."""

    line: int
    values: dict
    image_url: str | None

    @property
    def sku(self) -> str | None:
        return self.values["sku"]


@dataclass(frozen=True)
class Reading:
    """Every line of a file, as a row or as errors. mapping: index of each column of ours."""

    rows: list[ImportRow]
    errors: list[RowError]
    mapping: dict[str, int]

    @property
    def has_image_urls(self) -> bool:
        """Whether the file has the column at all: without it, images stay as they are."""
        return "imageUrl" in self.mapping


def is_active(text: str) -> bool:
    """Whether the text means yes; true when empty."""
    word = text.strip().lower()
    if word in YES or not word:
        return True
    if word in NO:
        return False
    raise ValueError("isActive must be true or false (yes or no, 1 or 0, on or off).")


# What each column is called where it is stored, and its rule.
PARSED = {
    "sku": ("sku", rules.sku),
    "name": ("name", rules.name),
    "description": ("description", rules.description),
    "category": ("category", rules.category),
    "unit": ("unit", rules.unit),
    "price": ("price_minor", rules.price_minor),
    "stock": ("stock", rules.stock),
    "isActive": ("is_active", is_active),
}


def missing(mapping: dict[str, int]) -> list[str]:
    """The columns without which nothing can be imported."""
    return [column for column in REQUIRED if column not in mapping]


def read_rows(table: Table, mapping: dict[str, int]) -> Reading:
    """Every row of table, read under a mapping that has every required column."""
    rows, errors = [], []
    for row in table.rows:
        wrong = _misfit(row, table)
        values = {} if wrong else _values(row, table, mapping, wrong)
        if wrong:
            errors += wrong
        else:
            rows.append(ImportRow(row.line, values, _image_url(row, mapping)))
    return Reading(*_without_duplicates(rows, errors, mapping), mapping)


def _misfit(row: Row, table: Table) -> list[RowError]:
    """A line whose cells have shifted must not be taken for what it seems to say."""
    width = len(table.header)
    if len(row.cells) == width or (len(row.cells) > width and not any(row.cells[width:])):
        return []
    sentence = f"This line has {len(row.cells)} cells; the header has {width}."
    return [RowError(row.line, None, sentence)]


def _values(row: Row, table: Table, mapping: dict[str, int], wrong: list[RowError]) -> dict:
    values = {}
    for column, (name, parse) in PARSED.items():
        if column not in mapping:
            continue
        text = row.cells[mapping[column]]
        if column == "price" and table.has_decimal_comma:
            text = _with_decimal_point(text)
        try:
            values[name] = parse(text)
        except ValueError as error:
            wrong.append(RowError(row.line, mapping[column], str(error)))
    return values


def _with_decimal_point(text: str) -> str:
    found = _DECIMAL_COMMA.fullmatch(text)
    return f"{found[1]}.{found[2]}" if found else text


def _image_url(row: Row, mapping: dict[str, int]) -> str | None:
    if "imageUrl" not in mapping:
        return None
    return row.cells[mapping["imageUrl"]].strip() or None


def _without_duplicates(
    rows: list[ImportRow], errors: list[RowError], mapping: dict[str, int]
) -> tuple[list[ImportRow], list[RowError]]:
    lines = defaultdict(list)
    for row in rows:
        if row.sku is not None:
            lines[row.sku].append(row.line)
    for sku, several in lines.items():
        for line in several if len(several) > 1 else ():
            other = next(one for one in several if one != line)
            sentence = f"The SKU {sku} is on line {other} too."
            errors.append(RowError(line, mapping["sku"], sentence))
    return [row for row in rows if len(lines[row.sku]) < 2], errors
