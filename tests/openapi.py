"""Faults of an OpenAPI document, by the standard and by the needs of clients."""

from collections.abc import Iterator

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

METHODS = {"get", "post", "put", "patch", "delete"}
# What any request may be answered.
ALWAYS = {"401", "403", "429", "500", "503"}


def breaches(document: dict) -> list[str]:
    """Return the document's violations of OpenAPI 3.1."""
    return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


def operations(document: dict) -> Iterator[tuple[str, dict]]:
    """Each operation of the document, with its method and path."""
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield f"{method.upper()} {path}", item[method]


def wishes(document: dict) -> list[str]:
    """Return the parts that an operation lacks for its clients or readers."""
    found = []
    for name, operation in operations(document):
        found += [f"{name}: no {key}" for key in ("operationId", "summary") if key not in operation]
        found += [f"{name}: no {status}" for status in ALWAYS - operation["responses"].keys()]
        for where, media in _bodies(document, operation):
            if "example" not in media:
                found.append(f"{name}: no example of {where}")
            else:
                found += [f"{name}: {where}: {one}" for one in _misfits(document, media)]
    return found


def _bodies(document: dict, operation: dict) -> Iterator[tuple[str, dict]]:
    """Each body of JSON that an operation takes or answers, whichever status it has."""
    known = {"request": operation.get("requestBody", {})} | operation["responses"]
    for where, body in known.items():
        name = body.get("$ref", "").rpartition("/")[2]
        described = document["components"]["responses"][name] if name else body
        if media := described.get("content", {}).get("application/json"):
            yield where, media


def _misfits(document: dict, media: dict) -> list[str]:
    schema = media["schema"] | {"components": document["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(media["example"])]
