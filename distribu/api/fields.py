"""Fields of the API's bodies, with strict types and the same rules as the form."""

from collections.abc import Callable

from marshmallow import ValidationError, fields

from ..http.json_bodies import Sentence


def stored_value(rule: Callable, value):
    """Return the value as rule stores it. Raises ValidationError with the rule's sentence."""
    try:
        return rule(value)
    except ValueError as error:
        raise ValidationError(Sentence(error)) from error


class Ruled:
    """Mixin for a field that is converted and checked by a function of rules.py."""

    def __init__(self, rule: Callable, **options):
        self.rule = rule
        sentence = _sentence_on_nothing(rule)
        messages = {"required": sentence, "null": sentence} if sentence else {}
        # object has no such arguments; the field class next to this mixin does.
        super().__init__(error_messages=messages, **options)  # type: ignore[call-arg]


class RuledText(Ruled, fields.String):
    def _deserialize(self, value, attr, data, **kwargs):
        return stored_value(self.rule, super()._deserialize(value, attr, data, **kwargs))


class RuledNumber(Ruled, fields.Float):
    """A JSON number, passed to the rule without rounding."""

    def _deserialize(self, value, attr, data, **kwargs):
        return stored_value(self.rule, _number(value))


class RuledInteger(Ruled, fields.Integer):
    def _deserialize(self, value, attr, data, **kwargs):
        return stored_value(self.rule, _number(value))


class StrictBoolean(fields.Boolean):
    """true or false, but no word or number that stands for one."""

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class MajorUnits(fields.Float):
    """Minor units of money, written as a number of major units."""

    # The value is in minor units, which are whole.
    def _serialize(self, value: int, attr, obj, **kwargs) -> float:  # type: ignore[override]
        return value / 100


def _number(value):
    # "12" in quotes is text; rules refuse None.
    return value if isinstance(value, int | float) else None


def _sentence_on_nothing(rule: Callable) -> Sentence | None:
    try:
        rule(None)
    except ValueError as error:
        return Sentence(error)
    return None
