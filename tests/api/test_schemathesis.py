"""Schemathesis finds that the REST API does what its document says."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.api.conftest import add_key
from tests.browser.conftest import LiveApp, serve
from tests.conftest import add_product
from tests.described import PHASES, schemathesis


@pytest.fixture
def live(make_app, caplog):
    # The server would log a line for each of them.
    caplog.set_level("WARNING", "werkzeug")
    yield from serve(make_app)


def found_by_schemathesis(live: LiveApp, folder: Path, *options: str) -> CompletedProcess:
    secret = add_key(live.app, live.cast.acme, live.cast.alice)
    with live.app.app_context():
        add_product(live.cast.acme, name="Widget")
        ordered = add_product(live.cast.acme, name="Ordered", stock=1_000_000).id
    known = {"SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "ORDERED_PRODUCT": ordered}
    return schemathesis(live, "/api/v1/openapi.json", secret, folder, *options, **known)


def test_the_application_does_what_its_document_says(live, tmp_path):
    found = found_by_schemathesis(live, tmp_path, PHASES)
    assert found.returncode == 0, found.stdout
    assert "10 selected / 10 total" in found.stdout
    assert "No issues found" in found.stdout


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"price": "9.99"}, "Response violates schema"),
        ({"color": "red"}, "Response violates schema"),
    ],
)
def test_an_answer_that_is_wrong_is_found(live, tmp_path, wrong, told):
    @live.app.after_request
    def answer_wrongly(response):
        # The document of the API is compressed.
        body = None if response.content_encoding else response.json
        if response.status_code == 200 and body and "pagination" in body:
            body["data"] = [product | wrong for product in body["data"]]
            response.set_data(json.dumps(body))
        return response

    found = found_by_schemathesis(
        live, tmp_path, "--phases=fuzzing", "--include-path=/api/v1/products"
    )
    assert found.returncode == 1, found.stdout
    assert told in found.stdout
