"""Read and write CSV as spreadsheets do.

Reading accepts commas, semicolons or tabs, titles above the header, and
rows without their last empty cells. Writing uses UTF-8 with a BOM and
commas, which every spreadsheet opens, unless another dialect is asked
for. A cell that a spreadsheet would run as a formula is written with an
apostrophe before it, which reading removes again.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

from .text_encoding import DecodedText, decoded

MAX_BYTE_SIZE = 2 * 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 100
# Approximate size in characters of the pieces in which a file is written.
PIECE = 16 * 1024
TOO_LARGE = f"File too large. Maximum size is {MAX_BYTE_SIZE // 1024**2} MB."
DELIMITERS = (",", ";", "\t")

COLUMNS = (
    *("sku", "name", "description", "category", "unit", "price", "stock", "isActive"),
    "imageUrl",
)
REQUIRED = ("sku", "name", "price", "stock")
SYNONYMS = {
    "sku": ("itemcode", "productcode", "itemnumber", "itemid", "partnumber"),
    "name": ("productname", "title", "itemname", "product"),
    "description": ("desc", "productdescription", "longdescription"),
    "category": ("cat", "productcategory", "group", "department"),
    "unit": ("uom", "units", "unitofmeasure"),
    "price": ("unitprice", "listprice", "costprice", "cost", "sellprice", "msrp"),
    "stock": (
        *("quantity", "qty", "onhand", "inventory", "available", "stocklevel", "stockqty"),
        *("quantityonhand", "qtyonhand"),
    ),
    "isActive": ("active", "enabled", "isenabled", "visible", "published", "status"),
    "imageUrl": ("image", "imagelink", "picture", "photo", "photourl"),
}
# The last column of the file of failing rows; it is ignored when that file is read again.
REASON = "reason"
# The header is searched for in this many rows, since titles and notes may stand above it.
HEADER_ROWS = 10

_IGNORED_IN_HEADERS = re.compile(r"[\s_-]")
# The start of a formula; full-width signs count in East Asian spreadsheets. A dash before a blank
# marks a list item. Apostrophes before a formula count as part of it, so that guarding can be
# undone exactly. A formula may also follow a semicolon or a tab, if a spreadsheet splits there.
_SIGN = r"'*(?:[=+@\uff1d\uff0b\uff0d\uff20]|-(?!\s))"
_UNGUARDED = re.compile(rf"^(?='*[=+\-@\t\r\n])|(?:^|(?<=[;\t\r\n]))(?={_SIGN})")
_GUARDED = re.compile(rf"^'(?='*[=+\-@\t\r\n])|(?:^|(?<=[;\t\r\n]))'(?={_SIGN})")
_QUOTABLE = re.compile(r'[,;\t"\r\n]')
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class InvalidCsv(ValueError):
    """The file cannot be read as a table; str(error) is a sentence for a merchant."""


@dataclass(frozen=True)
class Row:
    """A row below the header; line is its number in the file, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A parsed file. rows: the non-empty ones, each at least as wide as the header."""

    header: list[str]
    rows: list[Row]
    delimiter: str


def decode(content: bytes) -> DecodedText:
    """Return the text of an uploaded file. Raises InvalidCsv."""
    if not content.strip():
        raise InvalidCsv("The selected file is empty.")
    if len(content) > MAX_BYTE_SIZE:
        raise InvalidCsv(TOO_LARGE)
    if content.startswith(_WORKBOOKS):
        raise InvalidCsv("This is a workbook. Save it as CSV in your spreadsheet, then upload it.")
    if (found := decoded(content)) is None:
        raise InvalidCsv("This file is not text.")
    return found


def read(text: str) -> Table:
    """Parse text as a table, detecting its delimiter. Raises InvalidCsv."""
    marked = _SEPARATOR_LINE.match(text)
    delimiter = marked[1] if marked else max(DELIMITERS, key=lambda one: _fitness(text, one))
    records = _records(text[marked.end() :] if marked else text, delimiter, bool(marked))
    first = list(islice(records, HEADER_ROWS))
    if not first:
        raise InvalidCsv("The file has no header row.")
    place = _header_place(first)
    header = _without_empty_end(first[place].cells)
    if len(header) > MAX_COLUMNS:
        raise InvalidCsv(f"The file has more than {MAX_COLUMNS} columns.")
    rows: list[Row] = []
    for row in chain(first[place + 1 :], records):
        if len(rows) == MAX_ROWS:
            raise InvalidCsv(
                f"The file has more than {MAX_ROWS:,} rows. Split it into several files."
            )
        # Spreadsheets may omit the empty cells at the end of a row.
        rows.append(Row(row.line, padded(row.cells, len(header))))
    if not rows:
        raise InvalidCsv("The file has a header row and nothing below it.")
    return Table(header, rows, delimiter)


def padded(cells: list[str], width: int) -> list[str]:
    """Return the cells, followed by empty ones up to width."""
    return [*cells, *[""] * (width - len(cells))]


def recognized_columns(header: Iterable[str]) -> dict[str, int]:
    """Return the index of each of our columns that the header names.

    Our own name takes precedence over synonyms, and those over each other in documented order.
    """
    names = [normalized(name) for name in header]
    found = {}
    for column in COLUMNS:
        for name in (normalized(column), *SYNONYMS[column]):
            if name in names and column not in found:
                found[column] = names.index(name)
    return found


def normalized(name: str) -> str:
    """Return a header for comparison: in lower case, without spaces, underscores and dashes."""
    return _IGNORED_IN_HEADERS.sub("", name).lower()


def letter(index: int) -> str:
    """Return a spreadsheet's name for the column with this index: A, B … Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def guarded(cell: str) -> str:
    """Return the cell with apostrophes that keep spreadsheets from running it as a formula."""
    return _UNGUARDED.sub("'", cell)


def unguarded(cell: str) -> str:
    """Return the cell without the apostrophes that guarded() adds."""
    return _GUARDED.sub("", cell)


def lines(
    header: Iterable[str], rows: Iterable[Iterable[str]], delimiter: str = ","
) -> Iterator[str]:
    """Yield the text of a CSV file, header first, in pieces of several rows."""
    buffer = io.StringIO(newline="")
    writer = _QuotingWriter(buffer, delimiter)
    writer.writerow(map(guarded, header))
    for row in rows:
        writer.writerow(map(guarded, row))
        if buffer.tell() >= PIECE:
            yield _drained(buffer)
    yield _drained(buffer)


def encoded(pieces: Iterable[str], encoding: str = "utf-8-sig") -> Iterator[bytes]:
    """Encode the pieces of a text, beginning with the encoding's byte order mark.

    Characters that the encoding lacks become question marks.
    """
    encoder = codecs.getincrementalencoder(encoding)("replace")
    return map(encoder.encode, pieces)


class _QuotingWriter:
    """Writer that quotes every cell which contains the delimiter of any dialect.

    A spreadsheet that splits at semicolons then finds none inside a cell,
    and so no formula after one.
    """

    def __init__(self, buffer: io.StringIO, delimiter: str = ","):
        self.buffer, self.delimiter = buffer, delimiter

    def writerow(self, cells: Iterable[str]) -> None:
        self.buffer.write(self.delimiter.join(map(_quoted, cells)) + "\r\n")


def _quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if _QUOTABLE.search(cell) else cell


def _drained(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _fitness(text: str, delimiter: str) -> tuple[int, int]:
    """Return how well a delimiter splits the header: known names first, then cells."""
    first: list[Row] = []
    # An unreadable row is an error only with the delimiter that is finally chosen.
    with suppress(InvalidCsv):
        first.extend(islice(_records(text, delimiter), HEADER_ROWS))
    if not first:
        return 0, 0
    header = first[_header_place(first)].cells
    return len(recognized_columns(header)), len(header)


def _header_place(rows: list[Row]) -> int:
    """Return the index of the header: the first row, unless a later one names more columns."""
    known = [recognized_columns(row.cells) for row in rows]
    best = max(range(len(rows)), key=lambda place: len(known[place]))
    # A row of data may contain one or two words that are also column names.
    is_header = sum(column in known[best] for column in REQUIRED) >= 3
    return best if is_header and len(known[best]) > len(known[0]) else 0


def _without_empty_end(cells: list[str]) -> list[str]:
    """Return the cells without the empty ones at the end."""
    width = max((index for index, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:width]


def _records(text: str, delimiter: str, has_separator_line: bool = False) -> Iterator[Row]:
    """Yield every non-empty row, with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    above = 1 if has_separator_line else 0
    while True:
        line = reader.line_num + above + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidCsv(_sentence(error, line)) from error
        if any(not cell.isspace() for cell in cells if cell):
            yield Row(line, [unguarded(cell) for cell in cells])


def _sentence(error: csv.Error, line: int) -> str:
    message = str(error)
    if "unexpected end" in message:
        return f"Line {line}: a quoted cell begins here and does not end."
    if "expected after" in message:
        return f"Line {line}: a quoted cell is followed by more text before the next cell."
    if "field larger" in message:
        return f"Line {line}: a cell is longer than any column may be."
    return f"Line {line} cannot be read: {message}."
