"""Schemathesis finds that the commerce API does what its document says."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.browser.conftest import LiveApp, serve
from tests.commerce.conftest import Caller, add_key, drawn_image
from tests.conftest import add_product, run_queue
from tests.described import PHASES, schemathesis


@pytest.fixture
def live(make_app, caplog):
    # The server would log a line for each of them, and so would every refusal.
    caplog.set_level("ERROR")
    yield from serve(make_app, IMAGES_PER_PRODUCT=10_000)


def found_by_schemathesis(live: LiveApp, folder: Path, *options: str) -> CompletedProcess:
    secret = add_key(live.app, live.cast.acme, live.cast.alice)
    shop = Caller(live.app, secret)
    with live.app.app_context():
        product_id = add_product(live.cast.acme, name="Widget").id
    ids = [shop.upload(product_id, drawn_image(40 + number, 20)) for number in range(2)]
    run_queue(live.app)
    hooks = "tests.commerce.schemathesis_hooks"
    known = {"SCHEMATHESIS_HOOKS": hooks, "COMMERCE_IDS": ",".join([product_id, *ids])}
    return schemathesis(live, "/commerce/openapi.json", secret, folder, *options, **known)


def test_the_application_does_what_its_document_says(live, tmp_path):
    found = found_by_schemathesis(live, tmp_path, PHASES)
    assert found.returncode == 0, found.stdout
    assert "12 selected / 12 total" in found.stdout
    assert "No issues found" in found.stdout


@pytest.mark.parametrize("wrong", [{"status": "QUEUED"}, {"progress": 1}, {"status": None}])
def test_an_answer_that_is_wrong_is_found(live, tmp_path, wrong):
    @live.app.after_request
    def answer_wrongly(response):
        # The document of the API is compressed.
        body = None if response.content_encoding else response.json
        if response.status_code == 200 and body and "status" in body:
            response.set_data(json.dumps(body | wrong))
        return response

    options = ("--phases=fuzzing", "--include-path-regex=status$")
    found = found_by_schemathesis(live, tmp_path, *options)
    assert found.returncode == 1, found.stdout
    assert "Response violates schema" in found.stdout
