"""The doors of a release as its users have them: pages, forms, both APIs, the worker."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from distribu.images.store import StoreUnavailable
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from distribu import worker

PASSWORD = "correct horse battery"
_COPY_LINE = re.compile(r'value="(dk_[^"]+)"|value="https?://[^"/]+(/set-password/[^"]+)"')


class Refused(Exception):
    """The release did not take something that this script counts on."""


def expect(response: TestResponse, status: int) -> TestResponse:
    """Return response. Raises Refused unless it has this status."""
    if response.status_code != status:
        problems = re.findall(r'role="alert"[^>]*>(.*?)<', response.text, re.DOTALL)
        raise Refused(f"{response.request.path}: {response.status}, {problems or response.text}")
    return response


def register(app: Flask, company: str, name: str, email: str) -> FlaskClient:
    """Make a company and return its owner, signed in."""
    client = app.test_client()
    form = {"company": company, "name": name, "email": email, "password": PASSWORD}
    expect(client.post("/register", data=form), 303)
    return client


def add_member(app: Flask, owner: FlaskClient, name: str, email: str, role: str) -> FlaskClient:
    """Add a colleague, who follows the link and sets a password; return them signed in."""
    form = {"name": name, "email": email, "role": role}
    page = expect(owner.post("/dashboard/settings/members/new", data=form), 200)
    client = app.test_client()
    expect(client.post(_copied(page), data={"password": PASSWORD}), 303)
    return client


def add_api_key(owner: FlaskClient, name: str, scopes: list[str], expiry: str = "0") -> str:
    """Make an API key and return its text."""
    form = {"name": name, "scopes": scopes, "expiry": expiry}
    return _copied(expect(owner.post("/dashboard/settings/api-keys/new", data=form), 200))


def add_product(user: FlaskClient, file: tuple[bytes, str] | None = None, **fields) -> None:
    """Save a new product in the dashboard form, with an image where there is a file."""
    form = {"unit": "each", "price": "9.99", "stock": "12", "is_active": "y"} | fields
    if file:
        form["image"] = _part(*file)
    shown = {name: value for name, value in form.items() if value is not None}
    expect(user.post("/dashboard/inventory/new", data=shown), 303)


def stage_image(user: FlaskClient, file: tuple[bytes, str]) -> str:
    """Choose a file in the form of a new product, save nothing, and return the image's id."""
    page = expect(
        user.post("/dashboard/inventory/image/preview", data={"image": _part(*file)}), 200
    )
    return re.search(r'name="image_id" value="([0-9A-Z]{26})"', page.text)[1]


def upload_csv(user: FlaskClient, text: str, filename: str) -> str:
    """Upload a CSV file and return the address of its preview."""
    form = {"file": _part(text.encode(), filename)}
    return expect(user.post("/dashboard/inventory/import", data=form), 303).location


def apply_import(user: FlaskClient, preview_url: str) -> None:
    page = expect(user.get(preview_url), 200)
    fingerprint = re.search(r'name="fingerprint" value="([0-9a-f]{64})"', page.text)[1]
    expect(user.post(f"{preview_url}/apply", data={"fingerprint": fingerprint}), 303)


@dataclass
class Caller:
    """Requests to both APIs with a key."""

    app: Flask
    key: str

    def __call__(self, method: str, path: str, status: int, **options) -> dict | None:
        """Return the JSON of the answer. Raises Refused unless it has this status."""
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        client = self.app.test_client(use_cookies=False)
        response = client.open(path, method=method, headers=headers, **options)
        return expect(response, status).get_json(silent=True)

    def product(self, **values) -> dict:
        """Create a product through /api/v1 and return it."""
        body = {"name": "Widget", "price": 9.99, "stock": 12} | values
        return self("POST", "/api/v1/products", 201, json=body)["data"]

    def order(self, status: int = 201, headers: dict | None = None, **values) -> dict:
        return self("POST", "/api/v1/orders", status, json=values, headers=headers or {})["data"]

    def upload(self, product_id: str, file: bytes, filename: str, **options) -> str:
        """Upload an image of a product through the commerce API and return its id."""
        path = f"/1.0/commerce/products/{product_id}/images"
        return self("POST", path, 202, data={"file": _part(file, filename)}, **options)["imageId"]


def work(app: Flask) -> None:
    """Do all that waits in the queue, as a worker does."""
    worker.add_tasks(app)
    huey = app.extensions["huey"]
    while (task := huey.dequeue()) is not None:
        task.execute()


@contextmanager
def store_refusing_deletes(app: Flask) -> Iterator[None]:
    """The image store is down for deletions until the block ends."""
    store = app.extensions["image_store"]

    def refuse(prefix: str) -> None:
        raise StoreUnavailable(f"{prefix} cannot be deleted now")

    store.delete_prefix = refuse
    try:
        yield
    finally:
        del store.delete_prefix


def _part(content: bytes, filename: str) -> tuple[BytesIO, str]:
    # The client closes what it sends.
    return BytesIO(content), filename


def _copied(page: TestResponse) -> str:
    """The key or link that a page shows once."""
    found = _COPY_LINE.search(page.text)
    return html.unescape(found[1] or found[2])
