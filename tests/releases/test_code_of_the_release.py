"""The code of an older release on the tables of today: an update needs no minute of standstill."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.models import Company, Image, Product
from tests.releases.instances import ReleasedInstance

ROOT = Path(__file__).parents[2]

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


def counts() -> tuple[int, int]:
    return tuple(db.session.scalar(select(func.count(table.id))) for table in (Product, Image))


def test_it_goes_on_saving(migrated_instance, code):
    key = key_of(migrated_instance)
    with migrated_instance.app.app_context():
        before = counts()
        product_id = db.session.scalar(
            select(Product.id).join(Product.company).where(Company.name == "Acme").limit(1)
        )
    new = {"name": "New", "price": 9.99, "stock": 12}
    requests = [
        {"method": method, "path": path, "headers": key, "body": body}
        for method, path, body in [
            ("POST", "/api/v1/products", {"sku": "NEW-1"} | new),
            ("POST", "/api/v1/products", {"sku": "NEW-2"} | new),
            ("PATCH", f"/api/v1/products/{product_id}", {"stock": 7}),
        ]
    ]
    assert ask(migrated_instance, code, requests) == [201, 201, 200]
    with migrated_instance.app.app_context():
        assert counts() == (before[0] + 2, before[1])
        assert db.session.get(Product, product_id).stock == 7


def test_what_it_saved_is_found_by_the_next_release(migrated_instance, code):
    key = key_of(migrated_instance)
    new = {"sku": "NEW-1", "name": "New", "price": 9.99, "stock": 12}
    request = {"method": "POST", "path": "/api/v1/products", "headers": key, "body": new}
    assert ask(migrated_instance, code, [request]) == [201]
    client = migrated_instance.app.test_client(use_cookies=False)
    again = client.post("/api/v1/products", json=new, headers=key)
    found = client.get("/api/v1/products?search=NEW-1", headers=key)
    assert (again.status_code, again.json["error"]) == (422, "Another product has the SKU NEW-1.")
    assert [one["sku"] for one in found.json["data"]] == ["NEW-1"]
