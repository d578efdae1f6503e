"""The OpenAPI document, and whether the application does what it says."""

import re

import pytest

from tests.openapi import breaches, wishes


@pytest.fixture
def document(app) -> dict:
    return app.test_client().get("/api/v1/openapi.json").json


def schemas_in(node) -> list[dict]:
    """Every object schema of a document, wherever in it."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    found = [schema for value in inner for schema in schemas_in(value)]
    return [*found, node] if isinstance(node, dict) and "properties" in node else found


def test_it_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert breaches(document) == []


def test_every_operation_has_what_a_client_needs(document):
    assert wishes(document) == []


def test_what_a_client_needs_is_missed(document):
    operation = document["paths"]["/api/v1/orders"]["post"]
    del operation["operationId"], operation["responses"]["429"]
    operation["requestBody"]["content"]["application/json"]["example"]["items"] = 5
    assert sorted(wishes(document)) == [
        "POST /api/v1/orders: no 429",
        "POST /api/v1/orders: no operationId",
        "POST /api/v1/orders: request: 5 is not of type 'array'",
    ]


def test_a_breach_of_the_standard_is_noticed(document):
    document["paths"]["/api/v1/orders"]["post"]["responses"] = {"teapot": {}}
    assert breaches(document)


def test_every_body_is_closed(document):
    bodies = schemas_in(document["components"]["schemas"])
    assert len(bodies) > 10
    assert [body for body in bodies if body.get("additionalProperties") is not False] == []


def test_every_field_has_a_type(document):
    bodies = schemas_in(document["components"]["schemas"])
    fields = [field for body in bodies for field in body["properties"].values()]
    assert [field for field in fields if not {"type", "$ref"} & field.keys()] == []


def test_every_parameter_has_a_type(document):
    operations = [
        operation
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
    ]
    parameters = [one for operation in operations for one in operation.get("parameters", [])]
    assert len(parameters) > 15
    assert [one for one in parameters if "type" not in one["schema"]] == []


def test_every_route_is_described(app, document):
    described = {
        (method.upper(), path.replace("{", "<").replace("}", ">"))
        for path, operations in document["paths"].items()
        for method in operations
    }
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1") and not rule.rule.endswith((".json", "/docs"))
    }
    assert routes <= described


@pytest.mark.parametrize(
    ("port", "is_one"), [("1", True), ("65535", True), ("65536", False), ("0", False)]
)
def test_an_address_may_have_any_port_there_is(document, port, is_one):
    written = document["components"]["schemas"]["NewProduct"]["properties"]["imageUrl"]
    address = f"https://images.example:{port}/a.jpg"
    assert bool(re.search(written["pattern"], address)) == is_one
