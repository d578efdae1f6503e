"""flask serve among slow, broken and greedy clients: the pages answer, and nothing half arrives."""

import csv
import os
import signal
import subprocess
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select
from urllib3.filepost import encode_multipart_formdata

from distribu.cli.serve import locked_port
from distribu.extensions import db
from distribu.models import Product
from tests.cli.test_cli import PATIENCE_SECONDS
from tests.images.image_files import jpeg
from tests.servers import free_port
from tests.serving.front import HTTP2_PREFACE, MANY, serving_shop, silent_stream

# More than there are threads in any lane, by far and by one.
CLIENTS, FEW = 40, 5
MEBIBYTE = 1024 * 1024
FORM = "application/x-www-form-urlencoded"
NEW_PRODUCT = b'{"name": "Half", "price": 1, "stock": 1, "unit": "each"}'

SLOW = {
    "idle connections": ("", b""),
    "slow headers": ("POST /login HTTP/1.1\nHost: shop\nX-Slow: ", b""),
    "silent forms": ("POST /login HTTP/1.1\nHost: shop\nContent-Length: 7000\n\n", b"email=a"),
    "silent uploads": (
        "POST /dashboard/inventory/image/preview HTTP/1.1\nHost: shop\nContent-Length: 7000\n"
        "Content-Type: multipart/form-data; boundary=b\n\n",
        b"--b\r\n",
    ),
    "chunks that stop": (
        "POST /login HTTP/1.1\nHost: shop\nTransfer-Encoding: chunked\n\n",
        b"7\r\nemail=a\r\n",
    ),
    "bodies of GET": ("GET /login HTTP/1.1\nHost: shop\nContent-Length: 7000\n\n", b"email=a"),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory, migrated_sqlite):
    with serving_shop(tmp_path_factory.mktemp("shop"), migrated_sqlite) as shop:
        yield shop


@pytest.fixture
def open_wires(shop):
    """A function that opens connections, which are closed after the test."""
    with ExitStack() as stack:
        yield lambda count: [stack.enter_context(closing(shop.connect())) for _ in range(count)]


@pytest.fixture
def wire(open_wires):
    return open_wires(1)[0]


def bearer(shop) -> str:
    return f"Authorization: Bearer {shop.key}\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def count_products(shop) -> int:
    with shop.app.app_context():
        asked = select(func.count()).where(Product.company_id == shop.cast.acme)
        return db.session.scalar(asked)


def is_decoder(pid: int) -> bool:
    with suppress(OSError):
        return b"decoding.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


class TestSlowClients:
    @pytest.mark.parametrize("kind", SLOW)
    def test_everybody_else_is_answered(self, shop, open_wires, kind):
        for wire in open_wires(CLIENTS):
            wire.write(*SLOW[kind])
        assert shop.answers()

    def test_streams_of_one_connection_that_send_nothing(self, shop, wire):
        streams = [silent_stream(number) for number in range(1, 2 * CLIENTS, 2)]
        wire.write("", HTTP2_PREFACE + b"".join(streams))
        assert shop.answers()

    # Before the readers below: until the server has noticed that they left, they hold every turn.
    def test_an_export_that_is_read_is_whole(self, shop):
        cookie = {"Cookie": shop.cookie(shop.cast.mallory)}
        answer = shop.ask("/dashboard/inventory/export", headers=cookie)
        assert answer.status == 200
        assert len(list(csv.reader(answer.data.decode("utf-8-sig").splitlines()))) == MANY + 1

    # Each export is made, also for readers who have left by then, and keeps the next tests waiting.
    @pytest.mark.parametrize(
        ("path", "count", "times"),
        [("/login", CLIENTS, 3), ("image", CLIENTS, 3), ("/dashboard/inventory/export", FEW, 1)],
    )
    def test_readers_that_read_nothing(self, shop, open_wires, path, count, times):
        path = f"/{shop.image_key}" if path == "image" else path
        head = f"GET {path} HTTP/1.1\nHost: shop\nCookie: {shop.cookie(shop.cast.mallory)}\n\n"
        for wire in open_wires(count):
            wire.write(head * times)
        assert shop.answers()


class TestUploads:
    PREVIEW = "/dashboard/inventory/image/preview"

    @pytest.fixture
    def stuck_decoders(self, shop, alice_fields):
        """The decoding children of the server do nothing until the end of the test."""
        headers, fields = alice_fields
        assert shop.ask(self.PREVIEW, "POST", headers=headers, fields=fields).status == 200
        children = [pid for pid in shop.served.family() if is_decoder(pid)]
        assert children
        for pid in children:
            os.kill(pid, signal.SIGSTOP)
        yield
        for pid in children:
            os.kill(pid, signal.SIGCONT)

    @pytest.fixture
    def alice_fields(self, shop) -> tuple[dict, dict]:
        headers, token = shop.browser()
        content = jpeg(640, 480).getvalue()
        return headers, {"csrf_token": token, "image": ("a.jpg", content)}

    def test_previews_that_hang_hold_no_page(self, shop, open_wires, alice_fields, stuck_decoders):
        headers, fields = alice_fields
        body, kind = encode_multipart_formdata(fields)
        head = f"POST {self.PREVIEW} HTTP/1.1\nHost: shop\nCookie: {headers['Cookie']}\n"
        head += f"Content-Type: {kind}\nContent-Length: {len(body)}\n\n"
        # As many as there are threads that are not for pages, and more.
        for wire in open_wires(CLIENTS):
            wire.write(head, body)
        bearer = {"Authorization": f"Bearer {shop.key}"}
        assert shop.ask("/login").status == 200
        assert shop.ask(f"/{shop.image_key}").status == 200
        assert shop.ask("/api/v1/products", "POST", headers=bearer, json={}).status == 400


class TestBodies:
    @pytest.mark.parametrize(
        ("framing", "sent"),
        [
            ("Content-Length: 5000\n", NEW_PRODUCT),
            (f"Content-Length: {len(NEW_PRODUCT) + 1}\n", NEW_PRODUCT),
            ("Transfer-Encoding: chunked\n", chunk(NEW_PRODUCT)),
            ("Transfer-Encoding: chunked\n", chunk(NEW_PRODUCT) + b"nonsense\r\n"),
        ],
    )
    def test_application_never_sees_one_that_broke_off(self, shop, wire, framing, sent):
        before = count_products(shop)
        head = "POST /api/v1/products HTTP/1.1\nHost: shop\nContent-Type: application/json\n"
        wire.write(f"{head}{bearer(shop)}{framing}\n", sent)
        wire.socket.shutdown(1)
        assert b"201 Created" not in wire.read_all()
        assert count_products(shop) == before

    def test_a_chunked_one_arrives(self, shop, wire):
        before = count_products(shop)
        head = "POST /api/v1/products HTTP/1.1\nHost: shop\nContent-Type: application/json\n"
        body = chunk(NEW_PRODUCT[:9]) + chunk(NEW_PRODUCT[9:]) + chunk(b"")
        wire.write(f"{head}{bearer(shop)}Transfer-Encoding: chunked\n\n", body)
        assert wire.read(b"\r\n").startswith(b"HTTP/1.1 201")
        assert count_products(shop) == before + 1

    @pytest.mark.parametrize("framing", ["length", "chunked", "length and Expect"])
    def test_a_stranger_sends_no_more_than_a_mebibyte(self, shop, wire, framing):
        body = b"email=" + b"a" * MEBIBYTE
        kind = f"POST /login HTTP/1.1\nHost: shop\nContent-Type: {FORM}\n"
        if framing == "chunked":
            wire.write(f"{kind}Transfer-Encoding: chunked\n\n", chunk(body) + chunk(b""))
        elif framing == "length":
            wire.write(f"{kind}Content-Length: {len(body)}\n\n", body)
        else:
            wire.write(f"{kind}Content-Length: {len(body)}\nExpect: 100-continue\n\n")
        answer = wire.read(b"</html>")
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"That is too large to send" in answer

    def test_an_unsigned_cookie_speaks_for_nobody(self, shop):
        headers = {"Cookie": shop.cookie(shop.cast.alice)[:-1], "Content-Type": FORM}
        assert shop.ask("/login", "POST", headers=headers, body=b"a" * 2 * MEBIBYTE).status == 413

    def test_a_form_of_a_user_may_be_long(self, shop):
        headers, token = shop.browser()
        fields = {"csrf_token": token, "name": "", "image": ("a.png", b"a" * 6 * MEBIBYTE)}
        answer = shop.ask("/dashboard/inventory/new", "POST", headers=headers, fields=fields)
        assert (answer.status, b"Maximum size is 5 MB" in answer.data) == (422, True)

    @pytest.mark.parametrize("framing", ["length", "chunked"])
    def test_a_key_brings_no_more_than_its_route_takes(self, shop, wire, framing):
        body = b"a" * 22 * MEBIBYTE
        path = f"/1.0/commerce/products/{shop.product_id}/images"
        head = f"POST {path} HTTP/1.1\nHost: shop\n{bearer(shop)}"
        head += "Content-Type: multipart/form-data; boundary=b\n"
        if framing == "length":
            wire.write(f"{head}Content-Length: {len(body)}\n\n", body)
        else:
            wire.write(f"{head}Transfer-Encoding: chunked\n\n", chunk(body) + chunk(b""))
        assert wire.read(b"}").startswith(b"HTTP/1.1 413")

    def test_an_endless_one_is_refused(self, shop, wire):
        head = f"POST /api/v1/products HTTP/1.1\nHost: shop\n{bearer(shop)}"
        head += "Content-Type: application/json\n"
        wire.write(f"{head}Transfer-Encoding: chunked\n\n")
        for _ in range(65):
            wire.write("", chunk(b"a" * MEBIBYTE))
        assert wire.read(b"}").startswith(b"HTTP/1.1 413")

    def test_one_address_has_a_share(self, shop, open_wires):
        first, second = open_wires(2)
        head = "POST /dashboard/inventory/new HTTP/1.1\nHost: shop\n"
        head += f"Cookie: {shop.cookie(shop.cast.alice)}\nContent-Length: {60 * MEBIBYTE}\n"
        head += "Content-Type: multipart/form-data; boundary=b\n\n"
        first.write(head, b"a" * 59 * MEBIBYTE)
        second.write(head, b"a" * 6 * MEBIBYTE)
        answer = second.read(b"</html>")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 10" in answer.lower()
        assert shop.answers()


class TestProtocol:
    def test_a_connection_is_kept(self, wire):
        for _ in range(2):
            wire.write("GET /login HTTP/1.1\nHost: shop\n\n")
            assert wire.read(b"</html>").startswith(b"HTTP/1.1 200")

    def test_requests_sent_at_once_are_answered_in_order(self, wire):
        paths = ("/login", "/static/nothing", "/login")
        heads = [f"GET {path} HTTP/1.1\nHost: shop\n" for path in paths]
        wire.write("\n".join(heads) + "Connection: close\n\n")
        statuses = [part[:3] for part in wire.read_all().split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"404", b"200"]

    def test_http_1_0(self, wire):
        answer = wire.write("GET /login HTTP/1.0\n\n").read_all()
        assert answer.startswith(b"HTTP/1.0 200")
        assert answer.endswith(b"</html>\n") or answer.endswith(b"</html>")

    @pytest.mark.parametrize("path", ["/store/acme/catalog", "image"])
    def test_head_has_the_length_and_no_body(self, shop, wire, path):
        path = f"/{shop.image_key}" if path == "image" else path
        length = len(shop.ask(path).data)
        answer = wire.write(f"HEAD {path} HTTP/1.1\nHost: shop\nConnection: close\n\n").read_all()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert (f"content-length: {length}".encode() in head.lower(), body) == (True, b"")

    def test_a_client_that_asks_before_it_sends(self, shop, wire):
        head = "POST /api/v1/products HTTP/1.1\nHost: shop\nContent-Type: application/json\n"
        head += f"{bearer(shop)}Content-Length: {len(NEW_PRODUCT)}\nExpect: 100-continue\n\n"
        assert wire.write(head).read(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert wire.write("", NEW_PRODUCT).read(b"}").startswith(b"HTTP/1.1 201")

    def test_no_websocket_is_opened(self, wire):
        head = "GET /login HTTP/1.1\nHost: shop\nConnection: Upgrade\nUpgrade: websocket\n"
        head += "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
        assert b" 101 " not in wire.write(head).read(b"\r\n")

    @pytest.mark.parametrize("path", ["/%ff", "/a%00b", "/images/%2e%2e/a", "/login?next=%ff%00"])
    def test_odd_addresses_are_no_fault(self, shop, path):
        assert shop.ask(path).status in {200, 302, 308, 404}

    def test_an_image_in_part_and_unchanged(self, shop):
        path = f"/{shop.image_key}"
        whole = shop.ask(path)
        part = shop.ask(path, headers={"Range": "bytes=10-19"})
        known = shop.ask(path, headers={"If-None-Match": whole.headers["ETag"]})
        beyond = shop.ask(path, headers={"Range": "bytes=99999999-"})
        assert (part.status, part.data) == (206, whole.data[10:20])
        assert (known.status, known.data) == (304, b"")
        assert beyond.status == 416

    def test_http_2(self, shop):
        ask = ["curl", "-sS", "--http2-prior-knowledge", "--max-time", str(PATIENCE_SECONDS)]
        ask += ["--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"]
        done = subprocess.run([*ask, f"{shop.url}/login"], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("200 2", "")

    def test_http_2_without_a_length(self, shop):
        ask = ["curl", "-sS", "--http2-prior-knowledge", "--max-time", str(PATIENCE_SECONDS)]
        ask += ["--request", "POST", "--upload-file", "-", f"{shop.url}/api/v1/products"]
        ask += ["--header", bearer(shop).strip(), "--header", "Content-Type: application/json"]
        ask += ["--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"]
        done = subprocess.run(ask, input=NEW_PRODUCT, capture_output=True)
        assert (done.stdout, done.stderr) == (b"201 2", b"")


class TestEnd:
    def test_of_two_that_start_at_once_one_gets_the_port(self, app):
        port = free_port()
        # The first one has not begun to listen yet, as at a start.
        with locked_port("127.0.0.1", port):
            second = app.test_cli_runner().invoke(args=["serve", "--port", str(port)])
        assert second.exit_code == 1
        assert f"Nothing can listen on port {port}" in second.output

    # The last test of this module: it ends the server that all of them share.
    def test_a_silent_upload_is_told_and_does_not_hold_it_up(self, shop, wire):
        wire.write(*SLOW["silent forms"])
        assert shop.answers()
        shop.served.process.send_signal(signal.SIGTERM)
        assert wire.read(b"again.\n").startswith(b"HTTP/1.1 408")
        assert shop.served.process.wait(PATIENCE_SECONDS) == 0
