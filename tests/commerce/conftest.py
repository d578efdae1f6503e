"""A client with a key of Acme that may read products and change images; uploads for it."""

from dataclasses import dataclass
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from distribu.extensions import db
from distribu.models import AuditEntry, Image, Product
from tests.api.conftest import add_key as add_any_key
from tests.conftest import add_product, run_queue
from tests.images.image_files import png

SCOPES = ["products:read", "images:write"]


def add_key(app: Flask, company_id: str, user_id: str, scopes=SCOPES, name: str = "Shop") -> str:
    """The text of a new key."""
    return add_any_key(app, company_id, user_id, name, scopes=list(scopes))


@dataclass
class Caller:
    """Requests under one version of the API, with a key."""

    app: Flask
    secret: str
    version: str = "1.0"

    def __call__(self, method: str, path: str, **options) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secret}"} | options.pop("headers", {})
        client = self.app.test_client(use_cookies=False)
        path = f"/{self.version}/commerce/products{path}"
        return client.open(path, method=method, headers=headers, **options)

    def get(self, path: str = "", **options) -> TestResponse:
        return self("GET", path, **options)

    def post(self, path: str, body: object, **options) -> TestResponse:
        return self("POST", path, json=body, **options)

    def delete(self, path: str, **options) -> TestResponse:
        return self("DELETE", path, **options)

    def send(self, product_id: str, *parts: tuple, **options) -> TestResponse:
        """Upload parts: a file and its filename each, and a name where that is not "file"."""
        named = [(*part, "file")[:3] for part in parts]
        heads = [f'form-data; name="{name}"; filename="{filename}"' for _, filename, name in named]
        bodies = [file.getvalue() for file, _, _ in named]
        return self.send_raw(product_id, *zip(heads, bodies, strict=True), **options)

    def send_raw(self, product_id: str, *parts: tuple[str, bytes], cut: int = 0, **options):
        """Upload parts: Content-Disposition and content each. cut: bytes that are missing."""
        body = b"".join(
            b"--bound\r\nContent-Disposition: " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
            for head, content in parts
        )
        body += b"--bound--\r\n"
        multipart = {"content_type": "multipart/form-data; boundary=bound"}
        body = body[: len(body) - cut]
        return self("POST", f"/{product_id}/images", data=body, **multipart, **options)

    def upload(self, product_id: str, file: BytesIO | None = None, filename="blue.png") -> str:
        """The id of an image that was accepted."""
        answer = self.send(product_id, (file or drawn_image(), filename))
        assert answer.status_code == 202, answer.text
        return answer.json["imageId"]

    def ready(self, product_id: str, file: BytesIO | None = None, filename="blue.png") -> str:
        """The id of an image that was accepted and made."""
        image_id = self.upload(product_id, file, filename)
        run_queue(self.app)
        return image_id

    def status(self, product_id: str, image_id: str) -> dict:
        return self.get(f"/{product_id}/images/{image_id}/status").json

    def product(self, product_id: str) -> dict:
        [product] = self.get(f"/{product_id}").json["products"]
        return product

    def shown(self, product_id: str) -> list[str]:
        """The ids of the product's images, in their order."""
        return [image["id"] for image in self.product(product_id)["images"]]


def drawn_image(width: int = 140, height: int = 70) -> BytesIO:
    """An image; another one for every size."""
    return png(width, height)


@pytest.fixture
def shop(app, cast) -> Caller:
    """Acme's key, made by alice."""
    return Caller(app, add_key(app, cast.acme, cast.alice))


@pytest.fixture
def rival(app, cast) -> Caller:
    """Globex's key, made by mallory."""
    return Caller(app, add_key(app, cast.globex, cast.mallory))


@pytest.fixture
def widget(app, cast) -> str:
    """The id of a product of Acme, without an image."""
    with app.app_context():
        return add_product(cast.acme, name="Widget", sku="W-1", stock=7).id


@pytest.fixture
def three(shop, widget) -> list[str]:
    """The ids of three images of the widget, in their order."""
    ids = [shop.upload(widget, drawn_image(140 + step, 70)) for step in range(3)]
    run_queue(shop.app)
    return ids


def fetched(client: FlaskClient, url: str) -> TestResponse:
    """Return a visitor's response from a public address."""
    return client.get(url.removeprefix("http://shop.test"), buffered=True)


def set_image(app: Flask, image_id: str, **values) -> None:
    with app.app_context():
        image = db.session.get_one(Image, image_id)
        for name, value in values.items():
            setattr(image, name, value)
        db.session.commit()


def image_ids(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Image.id)))


def version_of(app: Flask, product_id: str) -> int:
    with app.app_context():
        return db.session.get_one(Product, product_id).version


def audit_entries(app: Flask) -> list[AuditEntry]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
