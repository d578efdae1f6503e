"""JSON bodies, read strictly, and errors told field by field."""

import json
from datetime import UTC, datetime
from typing import NoReturn

from flask import Request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from ..config import MEBIBYTE
from ..models import is_storable

NOT_JSON = "Invalid JSON body."
NOT_VALID = "Validation failed."
NOT_STORABLE = "Contains a character that cannot be stored."
BODY_MAX_BYTES = 1 * MEBIBYTE

# The same rule for the OpenAPI documents: storable text, and text of which something can be seen.
STORABLE = r"^[^\u0000]*$"
VISIBLE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


class InvalidValues(UnprocessableEntity):
    """Some values break a rule. details: lists of sentences by field, nested as the body is."""

    def __init__(self, details: dict, description: str = NOT_VALID):
        super().__init__(description)
        self.details = details


class JsonParser(FlaskParser):
    """Reads bodies strictly, and of an address only what is known."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"json": RAISE}

    def load_json(self, req: Request, schema) -> dict:
        return read_json(req)

    def handle_error(self, error: ValidationError, req, schema, **kwargs) -> NoReturn:
        [details] = error.messages.values()
        raise InvalidValues(details) from error


class JsonBlueprint(Blueprint):
    """A blueprint whose arguments are read by JsonParser."""

    ARGUMENTS_PARSER = JsonParser()


class Closed(Schema):
    """A body with these fields and no others."""

    class Meta:
        unknown = RAISE


def moment(when: datetime) -> str:
    """A time in UTC, as in 2026-11-22T08:30:00.000Z."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Moment(fields.String):
    """A time in ISO 8601: written in UTC, and read as UTC where it has no offset."""

    default_error_messages = {"invalid": "Must be a time as in 2026-11-22T08:30:00Z."}

    def _serialize(self, value: datetime | None, attr, obj, **kwargs) -> str | None:
        return None if value is None else moment(value)

    def _deserialize(self, value: str, attr, data, **kwargs) -> datetime:
        try:
            when = datetime.fromisoformat(value)
            return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid", name=attr) from error


def read_json(req: Request) -> dict:
    """The JSON object in the body. Raises BadRequest, and InvalidValues for text not storable."""
    try:
        # Windows clients write a byte order mark.
        body = parse_json(req.get_data().decode("utf-8-sig"))
    except ValueError as error:
        raise BadRequest(NOT_JSON) from error
    if not isinstance(body, dict):
        raise BadRequest(NOT_JSON)
    if refused := _not_storable(body):
        raise InvalidValues(refused)
    return body


def parse_json(text: str):
    """The value of a JSON text. Raises ValueError."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _not_storable(value):
    """The sentence for each text in value that no database stores, nested as value is."""
    if isinstance(value, str):
        return [] if is_storable(value) else [NOT_STORABLE]
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return []
    found = {str(name): _not_storable(item) for name, item in value.items()}
    return {name: sentences for name, sentences in found.items() if sentences}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
