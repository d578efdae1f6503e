"""Forms for orders: a new one, the list's filters, a change of status."""

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    SearchField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional

from ..models import ORDER_STATUSES
from ..sales.placement import CUSTOMER_ADDRESS_MAX, CUSTOMER_NAME_MAX, NOTES_MAX, PO_NUMBER_MAX
from ..sales.status import STATUS_LABELS

# The texts of an order besides its lines; a draft stores them under the same names.
TEXTS = ("customer_name", "po_number", "customer_address", "notes")


def _plain_line_ends(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _text(kind: type[Field], label: str, longest: int, noun: str = "") -> Field:
    """Return an optional text field of at most longest characters. noun: its name in the error."""
    too_long = f"{noun or label} can have at most {longest:,} characters."
    validators = [Length(max=longest, message=too_long)]
    options = {"maxlength": longest, "autocomplete": "off"}
    return kind(label, validators, filters=[_plain_line_ends], render_kw=options)


class OrderForm(FlaskForm):
    """The fields around an order's lines; orders/draft.py reads the lines themselves.

    draft: the token of the order. at: the page of the product browser.
    """

    draft = HiddenField()
    at = HiddenField()
    q = SearchField("Search products")
    customer_name = _text(StringField, "Customer", CUSTOMER_NAME_MAX, "Customer name")
    po_number = _text(StringField, "PO number", PO_NUMBER_MAX)
    customer_address = _text(TextAreaField, "Address", CUSTOMER_ADDRESS_MAX)
    notes = _text(TextAreaField, "Notes", NOTES_MAX)

    @property
    def texts(self) -> dict[str, str]:
        """The input of each field in TEXTS."""
        return {name: self[name].data for name in TEXTS}


class OrderFilterForm(FlaskForm):
    """Filters of the list of orders. The form changes nothing, so it needs no CSRF token."""

    class Meta:
        csrf = False

    q = SearchField("Search", [Optional()])
    status = SelectField(
        "Status",
        [Optional()],
        choices={"": "Any status"} | {status: STATUS_LABELS[status] for status in ORDER_STATUSES},
    )
    since = DateField("From", [Optional()], name="from")
    until = DateField("To", [Optional()], name="to")


class StatusForm(FlaskForm):
    """The next status of an order. returns_stock only counts for a cancellation."""

    # The stubs do not know choices without separate labels.
    status = SelectField(choices=ORDER_STATUSES)  # type: ignore[arg-type]
    returns_stock = BooleanField("Return these items to stock")
