"""Read JSON bodies strictly, and report errors field by field."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn

from flask import Request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from ..config import MEBIBYTE
from ..models import is_storable
from ..models.columns import JsonObject

NOT_JSON = "Invalid JSON body."
NOT_VALID = "Validation failed."
NOT_A_TIME = "{} must be a date or a time in ISO 8601."
NOT_STORABLE = "Contains a character that cannot be stored."
BODY_MAX_BYTES = 1 * MEBIBYTE

_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")
_TIME_FORMS = ("%Y", "%Y-%m", "%Y/%m/%d", "%m/%d/%Y", "%b %d, %Y", "%B %d, %Y")

# The same rules for the OpenAPI documents: storable text, and text with a visible character.
STORABLE = r"^[^\u0000]*$"
VISIBLE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


class Sentence(str):
    """A complete message, which needs no field name before it.

    format() returns it unchanged, because marshmallow formats its messages.
    """

    def format(self, *_values: object, **_named: object) -> "Sentence":
        return self


class InvalidValues(BadRequest):
    """Some values break a rule. details: lists of sentences by field, nested as the body is."""

    def __init__(self, details: JsonObject):
        super().__init__(_first_sentence(details) or NOT_VALID)
        self.details = details


class RefusedValues(UnprocessableEntity):
    """The values are well-formed but cannot be applied. details: as in InvalidValues."""

    def __init__(self, details: JsonObject, description: str):
        super().__init__(description)
        self.details = details


class JsonParser(FlaskParser):
    """Parser that rejects unknown fields in bodies and ignores unknown query parameters."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"json": RAISE}
    # The status that the API documents give for a body or an address that breaks a rule.
    DEFAULT_VALIDATION_STATUS = 400

    def load_json(self, req: Request, schema: Schema) -> JsonObject:
        return read_json(req)

    def handle_error(
        self, error: ValidationError, req: Request, schema: Schema, **kwargs: object
    ) -> NoReturn:
        [details] = error.messages_dict.values()
        raise InvalidValues(details) from error


# flask-smorest has no types.
class JsonBlueprint(Blueprint):  # type: ignore[misc]
    """A blueprint whose arguments are read by JsonParser."""

    ARGUMENTS_PARSER = JsonParser()


class Closed(Schema):
    """A schema that rejects unknown fields."""

    class Meta:
        unknown = RAISE


def moment(when: datetime, precision: str = "milliseconds") -> str:
    """Return a time as text in UTC, for example 2026-11-22T08:30:00.000Z."""
    return when.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


class Moment(fields.String):
    """A time in ISO 8601: written in UTC, and read as UTC if it has no offset.

    It also reads the other forms that JavaScript's Date accepts: a year, a
    month, the date format of e-mail, and American dates.
    """

    # A String in the OpenAPI documents, although its value is a datetime.
    def _serialize(  # type: ignore[override]
        self, value: datetime | None, attr: str | None, obj: object, **kwargs: object
    ) -> str | None:
        return None if value is None else moment(value)

    def _deserialize(  # type: ignore[override]  # as above
        self, value: str, attr: str | None, data: Mapping[str, object] | None, **kwargs: object
    ) -> datetime:
        try:
            when = _read_time(super()._deserialize(value, attr, data, **kwargs).strip())
            return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(Sentence(NOT_A_TIME.format(attr))) from error


def _read_time(text: str) -> datetime:
    """Parse a time in any accepted form. Raises ValueError, OverflowError."""
    # Restore the plus sign of an offset, which a URL decodes as a space unless written as %2B.
    text = _LOST_PLUS.sub(r"\1+\2", text)
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    for form in _TIME_FORMS:
        with suppress(ValueError):
            return datetime.strptime(text, form)
    return parsedate_to_datetime(text)


def read_json(req: Request) -> JsonObject:
    """Return the JSON object in the body. Raises BadRequest; InvalidValues for unstorable text."""
    try:
        # Windows clients send a byte order mark.
        body = parse_json(req.get_data().decode("utf-8-sig"))
    except ValueError as error:
        raise BadRequest(NOT_JSON) from error
    if not isinstance(body, dict):
        raise BadRequest(NOT_JSON)
    if refused := _not_storable_in(body):
        raise InvalidValues(refused)
    return body


def parse_json(text: str) -> object:
    """Parse a JSON text, rejecting NaN and Infinity. Raises ValueError."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _not_storable(value: object) -> JsonObject | list[str]:
    """Return a sentence for each text that no database can store, nested as value is."""
    if isinstance(value, str):
        return [] if is_storable(value) else [NOT_STORABLE]
    if isinstance(value, list):
        value = dict(enumerate(value))
    return _not_storable_in(value) if isinstance(value, dict) else []


def _not_storable_in(values: Mapping[object, object]) -> JsonObject:
    found = {str(name): _not_storable(item) for name, item in values.items()}
    return {name: sentences for name, sentences in found.items() if sentences}


def _first_sentence(details: JsonObject | list[str] | str) -> Sentence | None:
    """Return the first sentence in details that is complete without a field name, or None."""
    if isinstance(details, str):
        return details if isinstance(details, Sentence) else None
    inner = details.values() if isinstance(details, dict) else details
    return next(filter(None, map(_first_sentence, inner)), None)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
