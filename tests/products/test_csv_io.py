"""Rows to CSV text and back."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribu.products import csv_text
from distribu.products.csv_text import InvalidCsv, Row

HEADER = "sku,name,price,stock"
# Whatever a database stores: no NUL, no half of a surrogate pair.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
TRICKY = st.text(st.sampled_from("'=+-@\t\r\n\",;a1 é\uff1d"), max_size=8)
CELLS = st.lists(TEXT | TRICKY, min_size=9, max_size=9)


def read(text: str) -> csv_text.Table:
    return csv_text.read(text)


def is_seen(cells: list[str]) -> bool:
    """Return whether a row has any content; empty ones are skipped."""
    return any(cell and not cell.isspace() for cell in cells)


class TestRoundTrip:
    @given(rows=st.lists(CELLS.filter(is_seen), min_size=1, max_size=5))
    def test_reads_what_it_wrote(self, rows):
        content = b"".join(csv_text.encoded(csv_text.lines(csv_text.COLUMNS, rows)))
        table = read(csv_text.decode(content).text)
        assert [row.cells for row in table.rows] == rows

    @given(cell=TEXT | TRICKY)
    def test_a_guard_is_undone_exactly(self, cell):
        assert csv_text.unguarded(csv_text.guarded(cell)) == cell

    @given(cell=TEXT | TRICKY)
    def test_nothing_that_is_written_would_run(self, cell):
        assert not csv_text.guarded(cell).startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))

    @pytest.mark.parametrize("delimiter", csv_text.DELIMITERS)
    def test_no_spreadsheet_finds_a_cell_within_a_cell(self, delimiter):
        cells = ["A", "B;=1+1", "C\t+1", "D,=1", "E;\t@x", "F\n-1", "G;-1", "H;'=1", 'I "=1"']
        [text] = csv_text.lines(map(str, range(9)), [cells])
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        found = [cell for row in rows for cell in row]
        assert [cell for cell in found if cell.startswith(tuple("=+-@"))] == []

    @pytest.mark.parametrize("cell", ["Fits:\n- mugs\n- cups", "3 - 4; 5", "a-b", "a;b", "90°;x"])
    def test_what_is_no_formula_stays_as_it_is(self, cell):
        assert csv_text.guarded(cell) == cell

    @given(cells=CELLS)
    def test_a_cell_without_a_delimiter_is_written_as_csv_writes_it(self, cells):
        file = io.StringIO(newline="")
        csv.writer(file).writerow(map(csv_text.guarded, cells))
        [text] = csv_text.lines(cells, [])
        assert [*csv.reader(io.StringIO(text, newline=""))] == [
            *csv.reader(io.StringIO(file.getvalue(), newline=""))
        ]

    @given(
        rows=st.lists(CELLS.filter(is_seen), min_size=1, max_size=3),
        delimiter=st.sampled_from(csv_text.DELIMITERS),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    )
    def test_reads_what_a_spreadsheet_wrote(self, encoding, delimiter, rows):
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=delimiter).writerows([csv_text.COLUMNS, *rows])
        table = read(csv_text.decode(file.getvalue().encode(encoding)).text)
        assert table.header == list(csv_text.COLUMNS)
        assert [row.cells for row in table.rows] == [
            [csv_text.unguarded(cell) for cell in row] for row in rows
        ]

    def test_a_true_apostrophe_stays(self):
        assert read(f"{HEADER}\n'90s,'=x,1,1").rows[0].cells[:2] == ["'90s", "=x"]


class TestDecoding:
    @pytest.mark.parametrize(
        ("encoding", "is_sure"),
        [("utf-8", True), ("utf-8-sig", True), ("utf-16", True), ("utf-16-le", False)],
    )
    def test_unicode_is_sure_by_its_mark_or_by_being_valid(self, encoding, is_sure):
        found = csv_text.decode("sku,Größe €".encode(encoding))
        assert (found.text, found.encoding, found.is_sure) == ("sku,Größe €", encoding, is_sure)

    @pytest.mark.parametrize(
        ("text", "written", "proposed"),
        [
            ("sku,Größe €", "cp1252", "cp1252"),
            ("sku,Žluťoučký kůň", "cp1250", "cp932"),
            ("sku,コーヒー", "cp932", "cp932"),
        ],
    )
    def test_other_encodings_are_proposed_and_never_sure(self, text, written, proposed):
        found = csv_text.decode(text.encode(written))
        assert (found.encoding, found.is_sure) == (proposed, False)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", "The selected file is empty."),
            (b" \r\n", "The selected file is empty."),
            (b"x" * (2 * 1024 * 1024 + 1), "File too large. Maximum size is 2 MB."),
            (b"PK\x03\x04workbook", "This is a workbook."),
            (b"\xff\xfes\x00k", "This file is not text"),
            (b"sku,\x00name", "This file is not text"),
        ],
    )
    def test_refuses_what_is_no_text(self, content, sentence):
        with pytest.raises(InvalidCsv, match=sentence):
            csv_text.decode(content)

    def test_takes_a_file_of_exactly_the_limit(self):
        assert len(csv_text.decode(b"x" * (2 * 1024 * 1024)).text) == 2 * 1024 * 1024


class TestReading:
    def test_numbers_rows_by_the_line_on_which_they_begin(self):
        table = read(f'{HEADER}\r\n\r\nA,"two\r\nlines",1,1\r\n,,,\r\nB,b,1,1\r\n')
        assert table.rows == [
            Row(3, ["A", "two\r\nlines", "1", "1"]),
            Row(6, ["B", "b", "1", "1"]),
        ]

    def test_obeys_the_line_that_names_the_delimiter(self):
        table = read("sep=;\r\nsku;x,y,z\r\nA;1\r\n")
        assert table.header == ["sku", "x,y,z"]
        assert table.rows == [Row(3, ["A", "1"])]

    def test_judges_a_delimiter_by_the_names_that_it_parts(self):
        table = read("sku;name, long;price;stock\nA;b;1,5;1")
        assert table.header == ["sku", "name, long", "price", "stock"]

    def test_fills_up_rows_whose_last_cells_were_left_out(self):
        assert read(f"{HEADER},category\nA,b,1\n").rows == [Row(2, ["A", "b", "1", "", ""])]

    @pytest.mark.parametrize("header", [f"{HEADER},", f"{HEADER},,,", f"{HEADER}, , "])
    def test_drops_empty_cells_at_the_end_of_the_header(self, header):
        assert read(f"{header}\nA,b,1,1\n").header == HEADER.split(",")

    @pytest.mark.parametrize(
        "title",
        ["Price list 2026\n", "Price list;;;\n;;;\nvalid from;1.3.2026\n", '"two\nlines"\n'],
    )
    def test_finds_the_header_below_a_title(self, title):
        table = read(f"{title}Artikel;SKU;Product name;Price;Stock\nx;A;b;1;1\n")
        assert table.header == ["Artikel", "SKU", "Product name", "Price", "Stock"]
        assert table.rows[0].line == title.count("\n") + 2

    def test_takes_no_row_of_data_for_the_header(self):
        table = read("Artikel;Bezeichnung;Preis\nA;product;active\nB;name;price\n")
        assert table.header == ["Artikel", "Bezeichnung", "Preis"]

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("\n\n", "no header row"),
            (f"{HEADER}\n", "nothing below it"),
            ("sku,x" + ",x" * 100 + "\nA", "more than 100 columns"),
            (f'{HEADER}\nA,"b,1,1\n', "Line 2: a quoted cell begins here and does not end."),
            (f'{HEADER}\nA,b,1,1\nA,"b"c,1,1', "Line 3: a quoted cell is followed by more text"),
            (f"{HEADER}\nA,{'b' * 131_073},1,1", "Line 2: a cell is longer"),
            (f"{HEADER}\n" + "A,b,1,1\n" * 5001, "more than 5,000 rows"),
        ],
    )
    def test_refuses_what_is_no_table(self, text, sentence):
        with pytest.raises(InvalidCsv, match=sentence):
            read(text)

    def test_takes_as_many_rows_as_the_limit(self):
        assert len(read(f"{HEADER}\n" + "A,b,1,1\n" * 5000).rows) == 5000


class TestRecognizing:
    @pytest.mark.parametrize(
        ("header", "column"),
        [
            ("SKU", "sku"),
            (" Item-Code ", "sku"),
            ("part_number", "sku"),
            ("Product name", "name"),
            ("Long Description", "description"),
            ("Department", "category"),
            ("UoM", "unit"),
            ("MSRP", "price"),
            ("On hand", "stock"),
            ("is_active", "isActive"),
            ("image-URL", "imageUrl"),
            ("Image", "imageUrl"),
            ("image link", "imageUrl"),
            ("Image", "imageUrl"),
            ("photo", "imageUrl"),
            ("Photo URL", "imageUrl"),
        ],
    )
    def test_knows_a_column_by_any_of_its_names(self, header, column):
        assert csv_text.recognized_columns(["Weight", header]) == {column: 1}

    def test_prefers_its_own_name_to_a_synonym(self):
        assert csv_text.recognized_columns(["Cost", "Price"]) == {"price": 1}

    def test_takes_the_first_of_two_synonyms_in_the_documented_order(self):
        assert csv_text.recognized_columns(["msrp", "cost"]) == {"price": 1}

    def test_no_name_means_two_columns(self):
        names = [csv_text.normalized(column) for column in csv_text.COLUMNS]
        names += [name for several in csv_text.SYNONYMS.values() for name in several]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ")])
def test_names_a_column_as_spreadsheets_do(index, name):
    assert csv_text.letter(index) == name
