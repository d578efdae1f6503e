"""deploy/nginx.conf before a flask serve: what has to come through, and what has to be told."""

import subprocess
from pathlib import Path

import pytest
import urllib3

from distribu.http import static_files
from distribu.serving.proxies import count_proxies, find_proxy_problems
from tests.cli.test_cli import PATIENCE_SECONDS
from tests.deploy.test_serving import DEPLOYED, FOREVER, deployed_nginx
from tests.images.image_files import jpeg
from tests.servers import free_port
from tests.serving.front import csrf_token, serving_shop

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory, migrated_sqlite):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISTRIBU_TRUSTED_PROXIES", "1")
        patch.setenv("DISTRIBU_ACCEL_REDIRECT_PREFIX", "/_objects/")
        with serving_shop(tmp_path_factory.mktemp("shop"), migrated_sqlite) as shop:
            yield shop


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> dict[str, str]:
    """The lines of nginx-tls.conf with the files of a certificate that is made here."""
    folder = tmp_path_factory.mktemp("tls")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    make += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(make, check=True, capture_output=True)
    tls_port = free_port()
    lines = (DEPLOYED / "nginx-tls.conf").read_text().replace("/etc/distribu/tls", str(folder))
    assert "listen 8443 " in lines
    lines = lines.replace("listen 8443 ", f"listen 127.0.0.1:{tls_port} ")
    return {"lines": lines, "url": f"https://127.0.0.1:{tls_port}"}


@pytest.fixture(scope="module")
def front(shop, certificate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx") / "nginx"
    store = Path(shop.app.config["INSTANCE"]) / "store"
    address = f"127.0.0.1:{shop.served.port}"
    with deployed_nginx(folder, address, store, certificate["lines"]) as url:
        yield url


def ask(url: str, method: str = "GET", **options) -> urllib3.BaseHTTPResponse:
    options = {"retries": False, "redirect": False, "timeout": PATIENCE_SECONDS} | options
    return urllib3.request(method, url, **options)


@pytest.fixture
def alice(shop, front) -> dict:
    headers, token = shop.browser(front)
    return {"headers": headers, "token": token}


def padded_jpeg(byte_size: int) -> bytes:
    """A sound image with what a camera may add behind it."""
    content = jpeg(1200, 900).getvalue()
    return content + b"\0" * (byte_size - len(content))


def test_a_form_with_an_image_of_5_mb(front, alice):
    fields = {"csrf_token": alice["token"], "name": "Large", "price": "1", "stock": "1"}
    fields |= {"unit": "each", "image": ("large.jpg", padded_jpeg(5 * MEGABYTE))}
    path = f"{front}/dashboard/inventory/new"
    assert ask(path, "POST", headers=alice["headers"], fields=fields).status == 303


def test_a_form_with_many_images_of_50_mb(front, alice):
    images = [("image", (f"{number}.jpg", padded_jpeg(5 * MEGABYTE))) for number in range(10)]
    fields = [("csrf_token", alice["token"]), ("name", ""), *images]
    path = f"{front}/dashboard/inventory/new"
    # It has come through: the application itself has found that the name is missing.
    assert ask(path, "POST", headers=alice["headers"], fields=fields).status == 422


def test_a_commerce_upload_of_20_mb(shop, front):
    path = f"{front}/1.0/commerce/products/{shop.product_id}/images"
    fields = {"file": ("large.jpg", padded_jpeg(20 * MEGABYTE))}
    headers = {"Authorization": f"Bearer {shop.key}"}
    assert ask(path, "POST", headers=headers, fields=fields).status == 202


def test_attempts_are_counted_by_the_address_that_nginx_sees(front):
    page = ask(f"{front}/login")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    fields = {"csrf_token": csrf_token(page.data.decode()), "password": "wrong"}
    statuses = [
        ask(
            f"{front}/login",
            "POST",
            headers={"Cookie": cookie, "X-Forwarded-For": f"192.0.2.{number}"},
            fields=fields | {"email": f"{number}@acme.test"},
        ).status
        for number in range(31)
    ]
    assert statuses == [422] * 30 + [429]


@pytest.mark.parametrize(
    ("path", "is_compressed"),
    [("/store/acme/catalog", True), ("/static/site.css", True), ("/login", False)],
)
def test_what_has_no_secret_is_compressed(shop, front, path, is_compressed):
    answer = ask(f"{front}{path}", headers={"Accept-Encoding": "gzip"}, decode_content=False)
    assert answer.status == 200
    assert (answer.headers.get("Content-Encoding") == "gzip") is is_compressed


def test_static_files_are_sent_by_nginx_where_they_are_written(shop, certificate, tmp_path):
    address, store = f"127.0.0.1:{shop.served.port}", tmp_path / "store"
    static_files.publish(tmp_path / "nginx-static")
    folder = tmp_path / "nginx"
    with deployed_nginx(folder, address, store) as url:
        (folder / "public").mkdir()
        (tmp_path / "nginx-static").rename(folder / "public" / "static")
        name = static_files.fingerprinted("shop.css")
        plain = ask(f"{url}/static/{name}", decode_content=False)
        packed = ask(f"{url}/static/{name}", headers={"Accept-Encoding": "gzip"})
        other = ask(f"{url}/static/site.css")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.data == plain.data == (static_files.FOLDER / "shop.css").read_bytes()
    for answer in (plain, packed):
        # nginx itself has answered.
        assert "X-Cache" not in answer.headers
        assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == (
            FOREVER,
            "Accept-Encoding",
        )
    assert other.headers["X-Cache"] == "MISS"


def test_an_unchanged_page_is_known_though_it_was_compressed(front):
    headers = {"Accept-Encoding": "gzip"}
    first = ask(f"{front}/store/acme/catalog", headers=headers)
    headers["If-None-Match"] = first.headers["ETag"]
    assert ask(f"{front}/store/acme/catalog", headers=headers).status == 304


def test_scripts_are_kept_and_images_are_not(shop, front):
    path = f"{front}/static/site.css?once"
    assert [ask(path).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    assert "X-Cache" not in ask(f"{front}/{shop.image_key}").headers


def test_images_are_sent_by_nginx(shop, front):
    answer = ask(f"{front}/{shop.image_key}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, FOREVER)
    assert "X-Accel-Redirect" in shop.ask(f"/{shop.image_key}").headers
    assert ask(f"{front}/_objects/{shop.image_key}").status == 404


def test_http_2(front, certificate):
    command = ["curl", "-sS", "--insecure", "--http2", "--output", "/dev/null"]
    command += ["--max-time", str(PATIENCE_SECONDS), "--write-out", "%{http_code} %{http_version}"]
    done = subprocess.run([*command, f"{certificate['url']}/login"], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("200 2", "")


class TestCheck:
    """flask check asks through the address that shoppers use."""

    def settings(self, shop, url: str, trusted: int) -> dict:
        # An address of this machine that does not look like one.
        public_url = url.replace("127.0.0.1", "127.1")
        return shop.app.config | {"PUBLIC_URL": public_url, "TRUSTED_PROXIES": trusted}

    def test_one_proxy_that_is_trusted(self, shop, front):
        assert find_proxy_problems(self.settings(shop, front, 1)) == []

    def test_one_proxy_that_is_not(self, shop, front):
        [problem] = find_proxy_problems(self.settings(shop, front, 0))
        assert "all visitors have one address" in problem.message

    def test_none_where_one_is_trusted(self, shop):
        [problem] = find_proxy_problems(self.settings(shop, shop.url, 1))
        assert "visitors can name their own address" in problem.message

    def test_a_shop_that_is_not_up_says_nothing(self, shop):
        url = f"http://127.0.0.1:{free_port()}"
        assert find_proxy_problems(self.settings(shop, url, 1)) == []

    def test_nobody_else_is_told(self, shop, front):
        assert count_proxies(front, "another secret key, long enough too") is None
