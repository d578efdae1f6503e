"""The preview of an import: columns, changes, errors, and images that are removed."""

from dataclasses import dataclass

from flask import g
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..importing.planning import Change, Plan
from ..importing.reading import NUMBERS, Reading, RowError
from ..models import Image, ImportJob, Product
from ..models.currencies import digits
from ..models.json_rows import is_among
from ..products import csv_text
from ..products.csv_text import REASON, Row, Table

# Changes shown cell by cell, in addition to all large changes of a price.
SHOWN_CHANGES = 20
# Rows of a file in an unknown encoding, shown as they would be saved.
SAMPLED_ROWS = 5
LONGEST_SHOWN = 80
_LABELS = {
    **{"sku": "SKU", "name": "Name", "description": "Description", "category": "Category"},
    **{"unit": "Unit", "price_minor": "Price", "stock": "Stock", "is_active": "Active"},
    "external_image_url": "Image",
}


@dataclass(frozen=True)
class Column:
    """A column of the file. column: the one of ours that it is mapped to, or None."""

    index: int
    letter: str
    header: str
    sample: str
    column: str | None

    @property
    def is_passed_over(self) -> bool:
        """Whether the column has content but will not be imported."""
        known = csv_text.normalized(self.header) == REASON
        return self.column is None and not known and bool(self.header or self.sample)


@dataclass(frozen=True)
class LostImage:
    """A product that loses images. external: the product if it loses its external image."""

    name: str
    sku: str
    images: list[Image]
    external: Product | None
    new_url: str | None


@dataclass(frozen=True)
class FailingLine:
    """A line with all its errors: column, value and sentence of each."""

    line: int
    sku: str
    problems: list[tuple[str, str, str]]


@dataclass(frozen=True)
class ShownChange:
    """A change of a product, cell by cell: name, old and new value of each."""

    line: int
    sku: str
    name: str
    is_new: bool
    is_price_jump: bool
    cells: list[tuple[str, str, str]]


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers. chosen, found: the decimal sign that was chosen, and detected."""

    column: str
    chosen: str | None
    found: str | None
    is_ambiguous: bool


def columns(table: Table, shown: dict[int, str]) -> list[Column]:
    return [
        Column(index, csv_text.letter(index), header, _sample(table.rows, index), shown.get(index))
        for index, header in enumerate(table.header)
    ]


def _sample(rows: list[Row], index: int) -> str:
    """Return the first value of a column, shortened."""
    cells = (row.cells[index] for row in rows if index < len(row.cells))
    return next((cell[:60] for cell in cells if cell.strip()), "")


def telling_rows(table: Table, mapping: dict[str, int]) -> list[list[str]]:
    """Return the first rows that look different in another encoding, with the mapped columns."""
    indexes = sorted(mapping.values()) or range(len(table.header))
    rows = ([row.cells[index] for index in indexes] for row in table.rows)
    telling = [table.header[index] for index in indexes], *rows
    return [cells for cells in telling if not "".join(cells).isascii()][:SAMPLED_ROWS]


def number_columns(job: ImportJob, reading: Reading) -> list[NumberColumn]:
    """Return the known decimal signs of the file's columns of numbers."""
    ambiguous = {error.index for error in reading.errors if error.is_ambiguous}
    return [
        NumberColumn(
            column,
            job.decimal_signs.get(column),
            reading.signs[column].sign,
            reading.mapping[column] in ambiguous,
        )
        for column in NUMBERS
    ]


def failing_lines(plan: Plan, table: Table, mapping: dict[str, int]) -> list[FailingLine]:
    """Return the errors of the file, line by line."""
    rows = {row.line: row for row in table.rows}
    lines: dict[int, FailingLine] = {}
    for error in plan.errors:
        cells = rows[error.line].cells
        line = lines.setdefault(
            error.line, FailingLine(error.line, _shortened(cells[mapping["sku"]]), [])
        )
        value = "" if error.index is None else _shortened(cells[error.index])
        line.problems.append((_column_name(error, table), value, error.sentence))
    return list(lines.values())


def shown_changes(plan: Plan) -> list[ShownChange]:
    """Return the first changes, and every change of a price by more than half."""
    return [
        _shown_change(change)
        for index, change in enumerate(plan.changes)
        if change.fields and (index < SHOWN_CHANGES or _is_price_jump(change))
    ]


def _shown_change(change: Change) -> ShownChange:
    before = change.saved.values if change.saved else {}
    cells = [
        (_LABELS[name], _shown_value(name, before.get(name)), _shown_value(name, value))
        for name, value in change.values.items()
        if name in change.fields and (change.saved or value is not None)
    ]
    name, sku = change.values["name"], change.values["sku"]
    return ShownChange(change.line, sku, name, change.saved is None, _is_price_jump(change), cells)


def _is_price_jump(change: Change) -> bool:
    if change.saved is None:
        return False
    before, after = change.saved.values["price_minor"], change.values["price_minor"]
    return 2 * abs(after - before) > before


def _shown_value(name: str, value) -> str:
    if value is None:
        return ""
    if name == "price_minor":
        return digits(value, g.company.currency, ",")
    if name == "is_active":
        return "yes" if value else "no"
    return _shortened(f"{value:,}" if name == "stock" else value)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _column_name(error: RowError, table: Table) -> str:
    if error.index is None:
        return "Whole line"
    return f"{csv_text.letter(error.index)} · {table.header[error.index]}"


def error_sentence(error: RowError, table: Table) -> str:
    """Return the error of a row, with its column's name unless the sentence begins with it."""
    name = None if error.index is None else table.header[error.index]
    if name is None or error.sentence.startswith(f"{name} "):
        return error.sentence
    return f"{name}: {error.sentence}"


def lost_images(changes: list[Change]) -> list[LostImage]:
    """Return the products that lose images, with those images."""
    image_ids = [image_id for change in changes for image_id in change.lost]
    found = db.session.scalars(select(Image).where(is_among(Image.id, image_ids)))
    images = {image.id: image for image in found}
    external_ids = [change.saved.id for change in changes if change.saved and change.lost_url]
    asked = select(Product).where(is_among(Product.id, external_ids))
    holders = db.session.scalars(asked.options(selectinload(Product.image)))
    products = {product.id: product for product in holders}
    return [
        LostImage(
            change.values["name"],
            change.values["sku"],
            [images[image_id] for image_id in change.lost if image_id in images],
            products.get(change.saved.id) if change.saved and change.lost_url else None,
            change.new_url,
        )
        for change in changes
    ]
