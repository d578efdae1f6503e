"""Detect values that a spreadsheet has damaged: formula errors and shortened barcodes."""

import re

# In any language, like #REF!, #BEZUG!, #¡DIV/0!, #N/A, #NV; LibreOffice also uses numbers.
_ERROR = re.compile(
    r"#[¡¿]?[^\W\d_]+(?:[ _/][^\W_]+)*[!?]|#[^\W\d_]{1,2}/[^\W\d_]{1,2}|#NV|#{2,}|ERR:\d{3}"
)
_SHORTENED = re.compile(r"\d+[.,]\d+E\+\d\d")
_TEXTS = ("sku", "name", "description", "category", "unit")


def damaged_columns(values: dict, saved: dict | None) -> dict[str, str]:
    """Return a sentence for each column whose value is a formula error that is not saved already.

    values, saved: stored values of a row and of its product; saved is None
    for a product that the row would create.
    """
    wrong = {
        name: f"{values[name]} is an error of the spreadsheet, not a value."
        for name in _TEXTS
        if _is_error(values.get(name)) and (saved is None or saved[name] != values[name])
    }
    if saved is None and _SHORTENED.fullmatch(values["sku"]):
        wrong["sku"] = (
            f"{values['sku']} is not a SKU: a spreadsheet has shortened this barcode. "
            "Format the column as text there, and enter the whole number."
        )
    return wrong


def is_plain_number(sku: str) -> bool:
    """Return whether a spreadsheet may have removed leading zeros from this SKU."""
    return sku.isascii() and sku.isdigit() and (sku == "0" or not sku.startswith("0"))


def without_zeros(sku: str) -> str:
    """Return a SKU of digits as a spreadsheet changes it in a column that is not text.

    >>> without_zeros("007"), without_zeros("000")
    ('7', '0')
    """
    return sku.lstrip("0") or "0"


def zeros_sentence(sku: str, whole: str) -> str:
    """Return the error for a new SKU, such as 7, that may be the existing SKU whole, as 007."""
    return (
        f"There is no SKU {sku}, but there is {whole}: a spreadsheet may have removed its zeros. "
        "Format the column as text there, and enter the whole SKU. To add a product with the SKU "
        f"{sku}, use the product form."
    )


def _is_error(value: str | None) -> bool:
    written = (value or "").replace("Err:", "ERR:")
    # A cell that is too narrow shows only hashes.
    return bool(_ERROR.fullmatch(written)) and written == written.upper()
