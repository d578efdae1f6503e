"""A client that carries an API key of Acme, and one that carries Globex's."""

from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from distribu.extensions import db
from distribu.models import SCOPES, ApiKey, AuditEntry, Product
from tests.conftest import add_product

PRODUCTS = "/api/v1/products"


def add_key(app: Flask, company_id: str, user_id: str | None, name: str = "ERP", **values) -> str:
    """The text of a new key, with every scope unless values say otherwise."""
    secret = f"dk_{company_id}{name}"
    with app.app_context():
        known = {"prefix": secret[:12], "scopes": list(SCOPES)} | values
        digest = ApiKey.digest(secret)
        key = ApiKey(
            company_id=company_id, created_by_id=user_id, name=name, key_sha256=digest, **known
        )
        db.session.add(key)
        db.session.commit()
    return secret


@dataclass
class Caller:
    """Requests under /api/v1 with a key."""

    app: Flask
    secret: str
    headers: dict = field(default_factory=dict)

    def __call__(self, method: str, path: str, **options) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secret}"} | options.pop("headers", {})
        client = self.app.test_client(use_cookies=False)
        return client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options) -> TestResponse:
        return self("GET", path, **options)

    def post(self, path: str, body: dict, **options) -> TestResponse:
        return self("POST", path, json=body, **options)

    def put(self, path: str, body: dict, **options) -> TestResponse:
        return self("PUT", path, json=body, **options)

    def patch(self, path: str, body: dict, **options) -> TestResponse:
        return self("PATCH", path, json=body, **options)

    def delete(self, path: str, **options) -> TestResponse:
        return self("DELETE", path, **options)


@pytest.fixture
def acme(app, cast) -> Caller:
    """Acme's key, made by alice."""
    return Caller(app, add_key(app, cast.acme, cast.alice))


@pytest.fixture
def globex(app, cast) -> Caller:
    """Globex's key, made by mallory."""
    return Caller(app, add_key(app, cast.globex, cast.mallory))


@pytest.fixture
def widget(app, cast) -> str:
    """The id of a product of Acme, without an image."""
    with app.app_context():
        return add_product(cast.acme, name="Blue Widget", sku="W-1", category="Tools", stock=7).id


def audit_actions(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def version_of(app: Flask, product_id: str) -> int:
    with app.app_context():
        return db.session.get_one(Product, product_id).version
