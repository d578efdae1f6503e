"""Numbers as people write them: with signs, separators and currencies of many countries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribu.products.numbers import (
    COMMA,
    POINT,
    AmbiguousNumber,
    Sign,
    common_sign,
    typed_price,
    typed_stock,
)

NBSP, NARROW, ZERO_WIDTH = "\u00a0", "\u202f", "\u200b"


class TestPrice:
    @pytest.mark.parametrize(
        ("text", "minor"),
        [
            ("12.50", 1250),
            ("12,50", 1250),
            ("7,5", 750),
            ("0,07", 7),
            (".5", 50),
            ("12.", 1200),
            ("1250", 125000),
            ("1 250.5", 125050),
            (f"1{NARROW}250,50", 125050),
            (f"1{NBSP}250{NBSP}000", 125000000),
            ("1,250.5", 125050),
            ("1.250,5", 125050),
            ("1.000.000", 100000000),
            ("12,34,500", 123450000),
            ("1'250.50", 125050),
            ("1’250,50", 125050),
            ("$12.50", 1250),
            ("US$ 12.50", 1250),
            ("12,50 €", 1250),
            (f"12,50{NBSP}€", 1250),
            ("EUR 12,50", 1250),
            ("12.50chf", 1250),
            ("Fr. 12.–", 1200),
            ("12,- kr", 1200),
            ("9,50 zł", 950),
            ("£1,250.00", 125000),
            (f"{ZERO_WIDTH}12.50{ZERO_WIDTH}", 1250),
            ("\u0661\u0662\u066b\u0665", 1250),
            ("\uff11\uff12\uff0e\uff15", 1250),
        ],
    )
    def test_is_read_as_it_is_meant(self, text, minor):
        assert typed_price(text) == minor

    @pytest.mark.parametrize(
        ("text", "readings"),
        [
            ("1,250", "1.25 or 1250"),
            ("1.000", "1 or 1000"),
            ("12.345 €", "12.345 or 12345"),
            ("$999,999", "999.999 or 999999"),
        ],
    )
    def test_of_two_readings_is_refused_with_both(self, text, readings):
        with pytest.raises(AmbiguousNumber, match=readings):
            typed_price(text)

    @pytest.mark.parametrize(("sign", "minor"), [(POINT, 125000), (COMMA, 125)])
    def test_of_two_readings_is_read_where_the_sign_is_known(self, sign, minor):
        assert typed_price("1,250", Sign(sign)) == minor

    @pytest.mark.parametrize(
        "text",
        [
            "1_5",
            "1e3",
            "NaN",
            "Infinity",
            "ten",
            "12,5,5",
            "1 25",
            "5²",
            "12.50 pcs",
            "$",
            "--",
            "½",
            "1" * 61,
        ],
    )
    def test_that_is_no_number_is_refused(self, text):
        with pytest.raises(ValueError, match=r"Price must be a number\."):
            typed_price(text)

    @pytest.mark.parametrize("text", ["", " ", None])
    def test_that_is_empty_is_asked_for(self, text):
        with pytest.raises(ValueError, match=r"Enter a price, for example 12\.50\."):
            typed_price(text)

    def test_against_the_chosen_sign_is_refused(self):
        with pytest.raises(ValueError, match="Price 12,50 is not a number with a decimal point"):
            typed_price("12,50", Sign(POINT))

    @pytest.mark.parametrize("text", ["-0,01", "\u22121", "€ -5", "-5 €"])
    def test_below_zero_is_refused(self, text):
        with pytest.raises(ValueError, match="0 or more"):
            typed_price(text)

    @given(st.integers(0, 9_999_999_999), st.sampled_from([".", ","]))
    def test_with_two_decimals_means_itself(self, minor, sign):
        assert typed_price(f"{minor // 100}{sign}{minor % 100:02}") == minor

    @given(st.text(max_size=20))
    def test_is_read_or_refused_and_nothing_else(self, text):
        try:
            assert typed_price(text) >= 0
        except ValueError as error:
            assert str(error).endswith(".")


class TestStock:
    @pytest.mark.parametrize(("text", "stock"), [("1 000", 1000), ("1'000", 1000), ("7,0", 7)])
    def test_is_read_as_it_is_meant(self, text, stock):
        assert typed_stock(text) == stock

    def test_has_no_currency(self):
        with pytest.raises(ValueError, match="Stock must be a number"):
            typed_stock("5 €")

    def test_next_to_decimal_commas_a_point_means_thousands(self):
        assert typed_stock("1.000", Sign(elsewhere=COMMA)) == 1000

    def test_next_to_decimal_points_a_point_is_still_ambiguous(self):
        with pytest.raises(AmbiguousNumber):
            typed_stock("1.000", Sign(elsewhere=POINT))


@pytest.mark.parametrize(
    ("column", "sign"),
    [
        (["12.000", "12,50"], COMMA),
        (["1.000", "1.000.000"], COMMA),
        (["1,000", "9.99"], POINT),
        (["1,000", "0.125"], POINT),
        (["1.000", "2.000"], None),
        (["1.000", "5", "many", ""], None),
        (["9.99", "9,99", "1.000"], None),
    ],
)
def test_a_column_tells_its_sign(column, sign):
    assert common_sign(column) == sign
