"""The OpenAPI document of the commerce API, and the page that shows it."""

import pytest

from distribu.commerce.blueprint import PREFIXES
from tests.openapi import breaches, wishes


@pytest.fixture
def document(app) -> dict:
    return app.test_client().get("/commerce/openapi.json").json


def schemas_in(node) -> list[dict]:
    """Every object schema of a document, wherever in it."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    found = [schema for value in inner for schema in schemas_in(value)]
    return [*found, node] if isinstance(node, dict) and node.get("type") == "object" else found


def test_it_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert breaches(document) == []


def test_every_operation_has_what_a_client_needs(document):
    assert wishes(document) == []


def test_every_body_is_closed(document):
    bodies = schemas_in(document)
    assert len(bodies) > 10
    assert [body for body in bodies if body.get("additionalProperties") is not False] == []


def test_every_field_has_a_type(document):
    fields = [one for body in schemas_in(document) for one in body.get("properties", {}).values()]
    assert len(fields) > 50
    assert [field for field in fields if not {"type", "$ref", "anyOf"} & field.keys()] == []


def test_every_route_of_every_version_is_described(app, document):
    described = {
        (method.upper(), path.replace("{version}", version).replace("{", "<").replace("}", ">"))
        for path, operations in document["paths"].items()
        for method in operations
        for version in ("1.0", "1.1", "v2")
    }
    routes = {
        (method, f"{prefix}{rule.rule.partition('/commerce')[2]}")
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        for prefix in PREFIXES
        if rule.endpoint.startswith("commerce.")
    }
    assert len(routes) == 8 * 3
    assert routes <= described


def test_no_status_is_described_that_is_never_answered(document):
    statuses = {
        status
        for operations in document["paths"].values()
        for operation in operations.values()
        if isinstance(operation, dict)
        for status in operation["responses"]
    }
    assert statuses == {
        *("200", "202", "204", "400", "401", "403", "404", "409", "413", "415", "429", "500", "503")
    }


def test_the_page_names_its_document(nobody):
    page = nobody.get("/commerce/docs")
    assert page.status_code == 200
    assert 'data-document="/commerce/openapi.json"' in page.text
