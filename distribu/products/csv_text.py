"""Products as CSV text, the way spreadsheets write and read it.

Reading takes UTF-8, UTF-16 and Windows-1252 with commas, semicolons or
tabs, whatever of these a file is in. Writing is UTF-8 with a BOM and
commas, which every spreadsheet opens. A cell that a spreadsheet would
run as a formula is written with an apostrophe before it, and reading
takes that apostrophe away again.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..models import is_storable

MAX_BYTE_SIZE = 2 * 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 100
# A file is written in pieces of about this many characters.
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
# The last column of the file of failing rows: reading that file again passes over it.
REASON = "reason"
YES = ("true", "yes", "y", "1", "on", "active")
NO = ("false", "no", "n", "0", "off", "inactive")

BOM = "\ufeff"
_IGNORED_IN_HEADERS = re.compile(r"[\s_-]")
# What begins a formula; full-width signs do in spreadsheets of East Asia. A dash before a blank is
# that of a list. Apostrophes before a formula count as part of it, so that guarding is undone
# exactly. A spreadsheet that parts cells elsewhere begins one behind a semicolon or a tab as well.
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
    """A line of the file under its header; line counts from 1, the header's own included."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Table:
    """A file as it was read. rows: without the empty ones, each as wide as it came."""

    header: list[str]
    rows: list[Row]
    delimiter: str

    @property
    def has_decimal_comma(self) -> bool:
        """Whether "12,50" may be a price: where commas part no cells, they part decimals."""
        return self.delimiter != ","


def decode(content: bytes) -> str:
    """The text of an uploaded file, without a BOM. Raises InvalidCsv."""
    if not content.strip():
        raise InvalidCsv("The selected file is empty.")
    if len(content) > MAX_BYTE_SIZE:
        raise InvalidCsv(TOO_LARGE)
    if content.startswith(_WORKBOOKS):
        raise InvalidCsv("This is a workbook. Save it as CSV in your spreadsheet, then upload it.")
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if is_storable(text):
            return text.removeprefix(BOM)
    raise InvalidCsv("This file is not text in UTF-8, UTF-16 or Windows-1252.")


def read(text: str) -> Table:
    """The table in text, whichever delimiter parts its cells. Raises InvalidCsv."""
    marked = _SEPARATOR_LINE.match(text)
    delimiter = marked[1] if marked else max(DELIMITERS, key=lambda one: _fitness(text, one))
    records = _records(text[marked.end() :] if marked else text, delimiter, bool(marked))
    header = next(records, None)
    if header is None:
        raise InvalidCsv("The file has no header row.")
    if len(header.cells) > MAX_COLUMNS:
        raise InvalidCsv(f"The file has more than {MAX_COLUMNS} columns.")
    rows = []
    for row in records:
        if len(rows) == MAX_ROWS:
            raise InvalidCsv(
                f"The file has more than {MAX_ROWS:,} rows. Split it into several files."
            )
        rows.append(row)
    if not rows:
        raise InvalidCsv("The file has a header row and nothing below it.")
    return Table(header.cells, rows, delimiter)


def recognized_columns(header: Iterable[str]) -> dict[str, int]:
    """Which column holds what: the index of each column of ours that a header names.

    Our own name comes before a synonym, and those in the order in which they are documented.
    """
    names = [normalized(name) for name in header]
    found = {}
    for column in COLUMNS:
        for name in (normalized(column), *SYNONYMS[column]):
            if name in names and column not in found:
                found[column] = names.index(name)
    return found


def normalized(name: str) -> str:
    """A header as it is compared: in lower case, without spaces, underscores and dashes."""
    return _IGNORED_IN_HEADERS.sub("", name).lower()


def letter(index: int) -> str:
    """What a spreadsheet calls the column of this index: A, B … Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def guarded(cell: str) -> str:
    """The cell as it is written, so that no spreadsheet runs it."""
    return _UNGUARDED.sub("'", cell)


def unguarded(cell: str) -> str:
    """The cell as it was before guarded()."""
    return _GUARDED.sub("", cell)


def lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The text of a file, in pieces of some rows each; it begins with a BOM and the header."""
    buffer = io.StringIO(newline="")
    writer = _QuotingWriter(buffer)
    buffer.write(BOM)
    writer.writerow(map(guarded, header))
    for row in rows:
        writer.writerow(map(guarded, row))
        if buffer.tell() >= PIECE:
            yield _drained(buffer)
    yield _drained(buffer)


class _QuotingWriter:
    """Writes rows; a cell with a delimiter of any dialect is quoted, whichever the file has.

    A spreadsheet that parts cells at semicolons finds none within a cell
    then, and so no formula behind one.
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


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    # A header begins with a letter that every encoding writes alike, but for UTF-16's zeros.
    if content[1:2] == b"\0":
        return ("utf-16-le",)
    if content[:1] == b"\0":
        return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _fitness(text: str, delimiter: str) -> tuple[int, int]:
    """How well a delimiter parts the header: by names that are known, then by cells."""
    try:
        header = next(_records(text, delimiter), None)
    except InvalidCsv:
        return 0, 0
    return (len(recognized_columns(header.cells)), len(header.cells)) if header else (0, 0)


def _records(text: str, delimiter: str, has_separator_line: bool = False) -> Iterator[Row]:
    """Every row that has something in it, with the line on which it begins."""
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
