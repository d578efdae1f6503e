"""Schemathesis against the running application: hundreds of requests that its document suggests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.conftest import add_key
from tests.browser.conftest import LiveApp, serve
from tests.conftest import add_product

ROOT = Path(__file__).parents[2]
PHASES = "--phases=examples,coverage,fuzzing,stateful"


@pytest.fixture
def live(make_app, caplog):
    # The server would log a line for each of them.
    caplog.set_level("WARNING", "werkzeug")
    yield from serve(make_app)


def schemathesis(live: LiveApp, folder: Path, *options: str) -> subprocess.CompletedProcess:
    """What schemathesis says of the application, the same each time; folder: where it works."""
    secret = add_key(live.app, live.cast.acme, live.cast.alice)
    with live.app.app_context():
        add_product(live.cast.acme, name="Widget")
        ordered = add_product(live.cast.acme, name="Ordered", stock=1_000_000).id
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"{live.url}/api/v1/openapi.json",
            *("--header", f"Authorization: Bearer {secret}"),
            *("--generation-deterministic", "--no-shrink", "--no-color", "--max-examples=8"),
            *options,
        ],
        cwd=folder,
        env=os.environ
        | {
            "ORDERED_PRODUCT": ordered,
            "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_application_does_what_its_document_says(live, tmp_path):
    found = schemathesis(live, tmp_path, PHASES)
    assert found.returncode == 0, found.stdout
    assert "8 selected / 8 total" in found.stdout
    assert "No issues found" in found.stdout


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"price": "9.99"}, "Response violates schema"),
        ({"colour": "red"}, "Response violates schema"),
    ],
)
def test_an_answer_that_is_wrong_is_found(live, tmp_path, wrong, told):
    @live.app.after_request
    def answer_wrongly(response):
        if response.status_code == 200 and response.json and "pagination" in response.json:
            body = response.json
            body["data"] = [product | wrong for product in body["data"]]
            response.set_data(json.dumps(body))
        return response

    found = schemathesis(live, tmp_path, "--phases=fuzzing", "--include-path=/api/v1/products")
    assert found.returncode == 1, found.stdout
    assert told in found.stdout
