"""Values that a spreadsheet has damaged: errors of formulas, and barcodes that it shortened."""

import re

# In whatever language, as #REF!, #BEZUG!, #¡DIV/0!, #N/A, #NV; LibreOffice has numbers too.
_ERROR = re.compile(
    r"#[¡¿]?[^\W\d_]+(?:[ _/][^\W_]+)*[!?]|#[^\W\d_]{1,2}/[^\W\d_]{1,2}|#NV|#{2,}|ERR:\d{3}"
)
_SHORTENED = re.compile(r"\d+[.,]\d+E\+\d\d")
_TEXTS = ("sku", "name", "description", "category", "unit")


def damaged_columns(values: dict, saved: dict | None) -> dict[str, str]:
    """A sentence for each column whose value is an error and is not saved already.

    values, saved: of a row and of its product, as stored; saved is None
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
    """Return the SKU of digits as a spreadsheet changes it in a column that is not text.

    >>> without_zeros("007"), without_zeros("000")
    ('7', '0')
    """
    return sku.lstrip("0") or "0"


def zeros_sentence(sku: str, whole: str) -> str:
    """Return what is wrong with a SKU that is new, where the SKU whole is there already."""
    return (
        f"There is no SKU {sku}, but there is {whole}: a spreadsheet may have removed its zeros. "
        "Format the column as text there, and enter the whole SKU. To add a product with the SKU "
        f"{sku}, use the product form."
    )


def _is_error(value: str | None) -> bool:
    written = (value or "").replace("Err:", "ERR:")
    # Hashes alone are what a spreadsheet shows in a cell that is too narrow.
    return bool(_ERROR.fullmatch(written)) and written == written.upper()
