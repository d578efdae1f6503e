"""Addresses of style sheets and scripts, and answers that are compressed."""

import gzip
import re

import pytest

from distribu.http import compression, static_files
from tests.conftest import add_product

FOREVER = "public, max-age=31536000, immutable"
SITE = "vendor/htmx.min.js"
ADDRESS = re.compile(r'"(/static/[^"]+)"')


@pytest.fixture
def published(tmp_path, monkeypatch):
    """The folder in which flask static compress has written all there is."""
    folder = tmp_path / "published"
    # Folders of the test's own, here and below.
    monkeypatch.setattr(static_files, "PUBLISHED", folder)
    static_files.publish(folder)
    return folder


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """A folder of static files that a test may change."""
    folder = tmp_path / "static"
    folder.mkdir()
    monkeypatch.setattr(static_files, "FOLDER", folder)
    monkeypatch.setattr(static_files, "PUBLISHED", folder / "published")
    return folder


def address(app, filename: str) -> str:
    with app.test_request_context():
        return app.url_for("static", filename=filename)


def content(filename: str) -> bytes:
    return (static_files.FOLDER / filename).read_bytes()


def ask(client, path: str, accepted: str = "", **headers):
    headers = {"Accept-Encoding": accepted} | headers
    return client.get(path, headers=headers, buffered=True)


def test_a_file_has_an_address_for_ever(app, nobody):
    answer = ask(nobody, address(app, SITE))
    assert answer.headers["Cache-Control"] == FOREVER
    assert answer.data == content(SITE)


def test_another_content_has_another_address(app, own_files):
    before, after = own_files / "a.css", b"p { color: red }"
    before.write_bytes(b"p { color: blue }")
    first = address(app, "a.css")
    before.write_bytes(after)
    assert address(app, "a.css") != first
    answer = ask(app.test_client(), first)
    # A page of the release before asks for it: it gets what there is, and does not keep it.
    assert (answer.data, answer.headers["Cache-Control"]) == (after, "no-cache")


def test_a_file_by_its_own_name_is_kept_for_an_hour(nobody):
    answer = ask(nobody, f"/static/{SITE}")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.data == content(SITE)


def test_a_known_file_is_not_sent_again(app, nobody):
    path = address(app, SITE)
    known = {"If-None-Match": ask(nobody, path).headers["ETag"]}
    assert ask(nobody, path, **known).status_code == 304


@pytest.mark.parametrize(
    "path", ["nothing.css", "nothing.0123456789ab.css", "../wsgi.py", "published/", "vendor", "\0"]
)
def test_nothing_else_is_sent(nobody, published, path):
    assert nobody.get(f"/static/{path}").status_code == 404


def test_what_is_published_has_no_second_address(app, own_files):
    (own_files / "a.css").write_text("p { color: red }")
    static_files.publish(own_files / "published")
    [name] = {path.name for path in (own_files / "published").glob("*.css")}
    assert app.test_client().get(f"/static/published/{name}").status_code == 404


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.5", "*", "GZIP"])
@pytest.mark.parametrize("filename", [SITE, "shop.css", "favicon.svg"])
def test_a_compressed_file_is_sent_where_it_is_accepted(app, published, filename, accepted):
    for path in published.rglob("*.br"):
        path.unlink()
    answer = ask(app.test_client(), address(app, filename), accepted)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == content(filename)
    assert (answer.headers["Vary"], answer.headers["Cache-Control"]) == ("Accept-Encoding", FOREVER)
    assert answer.mimetype == ask(app.test_client(), f"/static/{filename}").mimetype


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "deflate", "gzip;q=x, br;q=0"])
def test_a_file_is_sent_as_it_is_to_all_others(app, published, accepted):
    answer = ask(app.test_client(), address(app, SITE), accepted)
    assert "Content-Encoding" not in answer.headers
    assert (answer.data, answer.headers["Vary"]) == (content(SITE), "Accept-Encoding")


def test_brotli_comes_first(app, published):
    brotli = pytest.importorskip("brotli")
    answer = ask(app.test_client(), address(app, SITE), "gzip, deflate, br")
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.data) == content(SITE)


def test_each_encoding_is_known_by_itself(app, published):
    client, path = app.test_client(), address(app, SITE)
    etags = {ask(client, path, accepted).headers["ETag"] for accepted in ("gzip;q=1, br;q=0", "")}
    assert len(etags) == 2


def test_command_leaves_what_is_there_and_deletes_what_is_old(app, own_files, tmp_path):
    (own_files / "a.css").write_text("p { color: red }")
    target = tmp_path / "public"
    runner = app.test_cli_runner()
    told = runner.invoke(args=["static", "compress", "--into", str(target)]).output
    first = {path.name: path.stat().st_mtime_ns for path in target.iterdir()}
    assert told == f"{len(first)} files are in {target}\n"
    runner.invoke(args=["static", "compress", "--into", str(target)])
    assert {path.name: path.stat().st_mtime_ns for path in target.iterdir()} == first
    (own_files / "a.css").write_text("p { color: blue }")
    runner.invoke(args=["static", "compress", "--into", str(target)])
    assert not first.keys() & {path.name for path in target.iterdir()}


@pytest.mark.parametrize(
    "path", ["/settings/", "/store/acme/catalog", "/api/v1/docs", "/dashboard/inventory/new"]
)
def test_pages_name_static_files_by_their_content(alice, path):
    named = ADDRESS.findall(alice.get(path).text)
    assert named
    assert [one for one in named if not static_files.FINGERPRINTED.fullmatch(one)] == []


def test_shoppers_get_one_style_sheet_and_no_htmx(app, cast, nobody):
    page = nobody.get("/store/acme/catalog").text
    assert [one.split("/")[-1].split(".")[0] for one in ADDRESS.findall(page)] == [
        "favicon",
        "shop",
        "images",
        "shop",
    ]


def pages_without_a_secret(app, cast) -> list[str]:
    with app.app_context():
        product_id = add_product(cast.acme, description="Long enough. " * 50).id
    return [
        "/store/acme/catalog",
        "/store/acme/catalog?q=typed",
        f"/store/acme/products/{product_id}",
        "/api/v1/docs",
        "/api/v1/openapi.json",
        "/commerce/docs",
        "/commerce/openapi.json",
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_page_without_a_secret_is_compressed(app, cast, alice, number):
    # alice is signed in: nothing of that may be in it.
    path = pages_without_a_secret(app, cast)[number]
    plain, answer = ask(alice, path), ask(alice, path, "gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert len(answer.data) < len(plain.data) / 2 or len(plain.data) < 2000
    unpacked = gzip.decompress(answer.data)
    assert unpacked == plain.data
    assert b"csrf_token" not in unpacked
    assert "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_a_form_for_strangers_is_not(cast, nobody, path):
    answer = ask(nobody, path, "gzip, br")
    assert "csrf_token" in answer.text
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/dashboard/inventory/new", "/dashboard/orders/new", "/dashboard/settings/company"]
)
def test_a_form_of_the_dashboard_is_where_nothing_was_typed(alice, path):
    plain = ask(alice, path)
    answer = ask(alice, path, "gzip")
    assert "csrf_token" in plain.text
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?q=guess", {}),
        ("?", {"Referer": "http://localhost/dashboard/inventory/?q=guess"}),
        ("", {"Referer": "https://evil.test/?guess"}),
    ],
)
def test_a_form_that_may_hold_what_a_stranger_chose_is_not(alice, query, headers):
    answer = ask(alice, f"/dashboard/inventory/new{query}", "gzip", **headers)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_a_form_that_was_sent_is_not(alice):
    headers = {"Accept-Encoding": "gzip"}
    answer = alice.post("/dashboard/inventory/new", data={"name": "guess"}, headers=headers)
    assert (answer.status_code, "guess" in answer.text) == (422, True)
    assert "Content-Encoding" not in answer.headers


def test_an_unchanged_page_is_known_though_it_was_compressed(cast, nobody):
    etag = ask(nobody, "/store/acme/catalog", "gzip").headers["ETag"]
    headers = {"Accept-Encoding": "gzip", "If-None-Match": etag}
    answer = nobody.get("/store/acme/catalog", headers=headers)
    assert (answer.status_code, answer.data) == (304, b"")
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("kind", "is_compressed"), [("application/xml", True), ("image/png", False)]
)
def test_only_text_is_compressed(app, kind, is_compressed):
    with app.test_request_context(headers={"Accept-Encoding": "gzip"}):
        answer = compression.compress(app.response_class("long " * 1000, mimetype=kind))
    assert ("Content-Encoding" in answer.headers) is is_compressed


def test_a_short_answer_is_sent_as_it_is(app):
    with app.test_request_context(headers={"Accept-Encoding": "gzip"}):
        answer = compression.compress(app.response_class("short", mimetype="text/html"))
    assert answer.data == b"short"
