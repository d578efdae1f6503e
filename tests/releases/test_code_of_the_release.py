"""The code of an older release on the tables of today: an update needs no minute of standstill."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Order
from tests.releases.instances import ReleasedInstance

ROOT = Path(__file__).parents[2]
RELEASED = Path(__file__).parent / "0.1.0" / "sqlite" / "distribu.db"

EMPTY = "empty: nothing is known, as in each row that is older than the column"
DEFAULT = "what the database fills in is right for what the release does"
REFILLED = "flask db refill"
REBUILT = "flask images rebuild"
# How each column of today is filled in a row that the code of 0.1.0 writes.
NEW_COLUMNS = {
    "api_key": {"last_used_from": EMPTY},
    "image": {
        "queued_at": "empty: the sweep asks the queue for it",
        # It turns nothing, and makes the sizes of an image that was turned as they were uploaded.
        "turn": REBUILT,
        "retry_at": EMPTY,
        "published_sha256": "empty: a download of many images fills it in",
        "is_variant_image": DEFAULT,
        "digital_source_type": EMPTY,
        "facts": "empty: flask images doctor lists what may need a new upload",
    },
    "import_job": {
        "encoding": EMPTY,
        "undecoded": EMPTY,
        "is_encoding_agreed": DEFAULT,
        "decimal_signs": DEFAULT,
    },
    "order": {
        "currency": REFILLED,
        "customer_name": EMPTY,
        "customer_address": EMPTY,
        "search_text": REFILLED,
    },
    "order_line": {"image_id": EMPTY},
    "outbox_entry": {"company_id": EMPTY},
    "product": {
        "sku_key": REFILLED,
        "sku_order": REFILLED,
        # The text of an image whose address it changes stays: docs/operating.md says so.
        "external_image_alt": DEFAULT,
    },
    "user": {"invited_email": EMPTY},
}

# Runs in the checkout of the release: what it answers to each request of a list.
ASK = """
import json, sys
from distribu import create_app

app = create_app()
app.config["PROPAGATE_EXCEPTIONS"] = False
client = app.test_client(use_cookies=False)
print(json.dumps([
    client.open(one["path"], method=one["method"], json=one.get("body"),
                headers=one.get("headers")).status_code
    for one in json.load(sys.stdin)
]))
"""


@pytest.fixture
def code(migrated_instance, tmp_path) -> Path:
    """The folder of the release's own code; its history may be missing in a shallow checkout."""
    folder = tmp_path / "code"
    folder.mkdir()
    commit = migrated_instance.facts["commit"]
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"this checkout has no commit {commit}")
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def ask(instance: ReleasedInstance, code: Path, requests: list[dict]) -> list[int]:
    """The statuses with which the release's code answers on the instance's database and store."""
    config = instance.app.config
    settings = {
        "DISTRIBU_INSTANCE": config["INSTANCE"],
        "DISTRIBU_SECRET_KEY": config["SECRET_KEY"],
        "DISTRIBU_DATABASE_URL": config["SQLALCHEMY_DATABASE_URI"],
        "DISTRIBU_IMAGE_STORE_URL": config["IMAGE_STORE_URL"],
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=code,
        env=os.environ | settings,
        input=json.dumps(requests),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def key_of(instance: ReleasedInstance) -> dict:
    return {"Authorization": f"Bearer {instance.facts['api_keys'][0]['key']}"}


def test_it_goes_on_showing_everything(migrated_instance, code):
    facts = migrated_instance.facts
    pages = ["/", "/login", "/store/acme", *(one["path"] for one in facts["answers"])]
    requests = [{"method": "GET", "path": path} for path in pages]
    requests += [
        {
            "method": "GET",
            "path": one["path"],
            "headers": {"Authorization": f"Bearer {one['key']}"},
        }
        for one in facts["lists"]
    ]
    answers = ask(migrated_instance, code, requests)
    wrong = [
        (request["path"], status)
        for request, status in zip(requests, answers, strict=True)
        if status not in (200, 302)
    ]
    assert wrong == []


def test_it_is_known_what_becomes_of_each_new_column():
    with sqlite3.connect(f"file:{RELEASED}?mode=ro", uri=True) as database:
        new = {
            table.name: {column.name for column in table.columns} - columns
            for table in db.metadata.sorted_tables
            if (
                columns := {
                    row[1] for row in database.execute(f"PRAGMA table_info({table.name!r})")
                }
            )
        }
    database.close()
    assert {table: names for table, names in new.items() if names} == {
        table: set(columns) for table, columns in NEW_COLUMNS.items()
    }


def test_it_goes_on_saving_and_the_next_release_knows_what(migrated_instance, code):
    key = key_of(migrated_instance)
    client = migrated_instance.app.test_client(use_cookies=False)

    def add(sku: str) -> tuple[int, str | None]:
        answer = client.post("/api/v1/products", json=new | {"sku": sku}, headers=key)
        return answer.status_code, answer.json.get("error")

    def found(typed: str) -> list[str]:
        answer = client.get(f"/api/v1/products?search={typed}", headers=key)
        return [one["sku"] for one in answer.json["data"]]

    listed = client.get("/api/v1/products", headers=key).json["data"]
    renamed = next(one for one in listed if one["sku"] and one["isActive"])
    new = {"sku": "NEW-1\u00ad0", "name": "Blåbær", "price": 9.99, "stock": 12}
    line = {"productId": renamed["id"], "quantity": 1}
    order = {"items": [line], "customerId": "C-1", "poNumber": "PO-77"}
    asked = [
        ("POST", "/api/v1/products", new),
        ("PATCH", f"/api/v1/products/{renamed['id']}", {"sku": "RENAMED-1", "stock": 7}),
        ("POST", "/api/v1/orders", order),
    ]
    requests = [{"method": a, "path": b, "body": c, "headers": key} for a, b, c in asked]
    assert ask(migrated_instance, code, requests) == [201, 200, 201]
    assert client.get(asked[1][1], headers=key).json["data"]["stock"] == 6
    # At once, by the very SKU; what looks like it, after the command.
    assert add(new["sku"]) == (422, f"Another product has the SKU {new['sku']}.")
    result = migrated_instance.app.test_cli_runner().invoke(args=["db", "refill"])
    assert result.exit_code == 0, result.output
    assert (found("new-10"), found("blabaer")) == ([new["sku"]], [new["sku"]])
    assert [add(sku)[0] for sku in ("NEW-10", "RENAMED-1", renamed["sku"])] == [422, 422, 201]
    with migrated_instance.app.app_context():
        order = db.session.scalars(select(Order).where(Order.po_number == "PO-77")).one()
        assert (order.search_text, order.currency) == (f"  {order.number}\n\n  po-77", "USD")
