"""A flask serve with a shop in it, and clients that write and read a connection by hand."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
from flask import Flask
from sqlalchemy import insert

from distribu import create_app
from distribu.extensions import db
from distribu.images import attachment, outbox, processing, staging
from distribu.models import Product, new_id
from tests.api.conftest import add_key
from tests.cli.test_cli import PATIENCE_SECONDS, Served
from tests.conftest import Cast, add_cast, add_product, settings, signed_in
from tests.images.image_files import jpeg
from tests.images.life import upload
from tests.test_worker import wait_until

# Enough rows for an export that is longer than what is held of an answer, and than socket buffers.
MANY = 6000


@dataclass
class Shop:
    """Acme with a product and its image, Globex with many products, and a server for both."""

    app: Flask
    cast: Cast
    served: Served
    product_id: str
    image_key: str
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.port}"

    def ask(self, path: str, method: str = "GET", **options) -> urllib3.BaseHTTPResponse:
        options = {"retries": False, "redirect": False, "timeout": PATIENCE_SECONDS} | options
        return urllib3.request(method, self.url + path, **options)

    def answers(self) -> bool:
        """Return whether a page, an image, a form and an upload that come now are all answered."""
        bearer = {"Authorization": f"Bearer {self.key}"}
        uploading = f"/1.0/commerce/products/{self.product_id}/images"
        statuses = [
            self.ask("/login").status,
            self.ask(f"/{self.image_key}").status,
            self.ask("/api/v1/products", "POST", headers=bearer, json={}).status,
            self.ask(uploading, "POST", headers=bearer, fields={"no": ("file", b"")}).status,
        ]
        return statuses == [200, 200, 400, 400]

    def cookie(self, user_id: str) -> str:
        """The header of a browser in which this user has signed in."""
        name = self.app.config["SESSION_COOKIE_NAME"]
        return f"{name}={signed_in(self.app, user_id).get_cookie(name).value}"

    def browser(self, url: str = "") -> tuple[dict, str]:
        """The headers of the browser that alice uses, and the token of the form that it has."""
        headers = {"Cookie": self.cookie(self.cast.alice)}
        path = f"{url or self.url}/dashboard/inventory/new"
        page = urllib3.request("GET", path, headers=headers, retries=False)
        cookie = page.headers.get("Set-Cookie", headers["Cookie"]).partition(";")[0]
        return {"Cookie": cookie}, csrf_token(page.data.decode())

    def connect(self) -> "Wire":
        return Wire(socket.create_connection(("127.0.0.1", self.served.port), PATIENCE_SECONDS))


class Wire:
    """A connection, written and read byte by byte."""

    def __init__(self, connection: socket.socket):
        self.socket = connection

    def write(self, head: str, body: bytes = b"") -> "Wire":
        self.socket.sendall(head.replace("\n", "\r\n").encode() + body)
        return self

    def read(self, until: bytes) -> bytes:
        """Read until these bytes have arrived or the connection has ended."""
        data = b""
        while until not in data and (piece := self._piece()):
            data += piece
        return data

    def read_all(self) -> bytes:
        data = b""
        while piece := self._piece():
            data += piece
        return data

    def _piece(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.socket.close()


@contextmanager
def serving_shop(folder: Path, database: Path, *options: str) -> Iterator[Shop]:
    """Yield a shop whose server ends with the block, if it has not ended before."""
    (folder / "distribu.db").write_bytes(database.read_bytes())
    app = create_app(settings(folder))
    with app.app_context():
        app.extensions["image_store"].prepare()
        cast = add_cast()
        product_id, image_key = add_image(cast.acme)
        _add_many(cast.globex)
        db.engine.dispose()
    app.extensions["image_sandbox"].close()
    key = add_key(app, cast.acme, cast.alice)
    served = Served(app, *options)
    try:
        assert wait_until(served.answers)
        yield Shop(app, cast, served, product_id, image_key, key)
    finally:
        family = served.family()
        served.process.terminate()
        assert served.ends(family)
        served.process.stdout.close()
        with app.app_context():
            db.engine.dispose()
        app.extensions["huey"].storage.close()


def add_image(company_id: str) -> tuple[str, str]:
    product_id = add_product(company_id).id
    image = staging.stage(company_id, upload(jpeg(1200, 900), "Blue Widget.jpg"))
    attachment.attach(attachment.lock_product(product_id, company_id), image.id)
    db.session.commit()
    processing.process(image.id)
    outbox.drain_request()
    return product_id, image.key(image.derivatives[0]["path"])


def _add_many(company_id: str) -> None:
    row = {"company_id": company_id, "price_minor": 999}
    row["description"] = "Long enough to fill a buffer. " * 20
    rows = [row | {"id": new_id(), "name": f"Widget {number}"} for number in range(MANY)]
    db.session.execute(insert(Product), rows)
    db.session.commit()


def csrf_token(page: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def silent_stream(number: int) -> bytes:
    """The frames of an HTTP/2 request with a body that never comes."""
    fields = {":method": "POST", ":scheme": "http", ":path": "/login", ":authority": "shop"}
    fields["content-length"] = "7000"
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in fields.items()
    )
    # HEADERS, with the flag that ends the headers and without the one that ends the stream.
    return len(block).to_bytes(3) + b"\1\4" + number.to_bytes(4) + block


HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
