"""The form of a new order."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, SearchField, TextAreaField
from wtforms.validators import Length

from ..sales.placement import NOTES_MAX


def _plain_line_ends(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


class OrderForm(FlaskForm):
    """What surrounds the lines; orders/draft.py reads the lines themselves.

    draft: the token of the order. at: the page of the product browser.
    """

    draft = HiddenField()
    at = HiddenField()
    q = SearchField("Search products")
    notes = TextAreaField(
        "Notes",
        filters=[_plain_line_ends],
        validators=[
            Length(max=NOTES_MAX, message=f"Notes can have at most {NOTES_MAX:,} characters.")
        ],
    )
