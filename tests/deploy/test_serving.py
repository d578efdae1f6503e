"""Serving of images in place of the app: real nginx, a bucket, a caching proxy."""

import json
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
from werkzeug.serving import make_server

from distribu.extensions import db
from distribu.images import attachment, outbox, processing, staging
from distribu.models import Image
from tests import servers
from tests.conftest import add_cast, add_product
from tests.images.image_files import jpeg
from tests.images.life import upload

FOREVER = "public, max-age=31536000, immutable"

# A cache as a CDN is one. Whoever may purge asks with X-Purge, which fetches anew.
CDN = """
location /images/ {{
    proxy_pass http://{origin};
    proxy_cache images;
    proxy_cache_key $uri;
    proxy_cache_valid 404 1s;
    proxy_cache_bypass $http_x_purge;
    add_header X-Cache $upstream_cache_status always;
}}
"""
CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes 1; {user}
events {{ }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    proxy_cache_path {folder}/cache keys_zone=images:1m;
    {servers}
}}
"""


SERVER = "server {{ listen 127.0.0.1:{port}; {locations} }}"
DEPLOYED = Path(__file__).parents[2] / "deploy"


@contextmanager
def deployed_nginx(folder: Path, app: str, store: Path, more: str = "") -> Iterator[str]:
    """Yield the address of an nginx with the file of the repository.

    app: host and port of the application. more: what /etc/nginx/distribu/ has for its server.
    """
    text = (DEPLOYED / "nginx.conf").read_text()
    text = text.replace("include /etc/nginx/distribu/*.conf;", more)
    # What is on this machine where the tests run it.
    for here, there in {
        "listen 8080;": "listen 127.0.0.1:{port};",
        "server 127.0.0.1:8000;": f"server {app};",
        "/var/cache/distribu": f"{folder}/static",
        "/var/lib/distribu/store/": f"{store}/",
        "/var/lib/distribu/public": f"{folder}/public",
    }.items():
        assert here in text
        text = text.replace(here, there)
    with nginx(folder, lambda port: text.replace("{port}", str(port))) as address:
        yield address


@contextmanager
def nginx_with(folder: Path, locations: str) -> Iterator[str]:
    """Yield the address of an nginx with these locations."""
    with nginx(folder, lambda port: SERVER.format(port=port, locations=locations)) as address:
        yield address


@contextmanager
def nginx(folder: Path, servers_at: Callable[[int], str]) -> Iterator[str]:
    """Yield the address of an nginx with the servers that listen at a port."""
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    binary = binary or servers.missing("nginx", "install nginx-light")
    folder.mkdir()
    # Otherwise its workers would be nobody's, who may not read what tests write.
    user = "user root;" if os.geteuid() == 0 else ""

    def command(port: int) -> list[str]:
        config = CONFIG.format(folder=folder, user=user, servers=servers_at(port))
        (folder / "nginx.conf").write_text(config)
        return [binary, "-c", str(folder / "nginx.conf"), "-e", "stderr"]

    with servers.running(command, is_listening) as (_, port):
        yield f"http://127.0.0.1:{port}"


def is_listening(port: int) -> bool:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return True


@contextmanager
def serving(application) -> Iterator[str]:
    """Yield host and port of a server for a WSGI application, in a thread."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def add_image(app) -> tuple[str, str]:
    """A product with an image; return their ids."""
    with app.app_context():
        company_id = add_cast().acme
        product_id = add_product(company_id).id
        image_id = staging.stage(company_id, upload(jpeg(700, 500), "Blue Widget.jpg")).id
        attachment.attach(attachment.lock_product(product_id, company_id), image_id)
        db.session.commit()
        processing.process(image_id)
        outbox.drain_request()
    return product_id, image_id


def published(app, image_id: str) -> dict[str, tuple[str, bytes]]:
    """Content type and bytes of all that is published of an image, by key, as the app sends it."""
    client = app.test_client()
    with app.app_context():
        image = db.session.get(Image, image_id)
        keys = [image.key(made["path"]) for made in image.derivatives]
    answers = {key: client.get(f"/{key}") for key in keys}
    return {key: (answer.content_type, answer.data) for key, answer in answers.items()}


def remove(app, image_id: str) -> None:
    with app.app_context():
        attachment.discard(db.session.get(Image, image_id))
        db.session.commit()
        outbox.drain_request()


def get(url: str, **headers):
    return urllib3.request("GET", url, headers=headers, retries=False)


def test_nginx_sends_the_bytes_that_the_app_points_at(make_app, tmp_path):
    app = make_app(ACCEL_REDIRECT_PREFIX="/_objects/")
    _, image_id = add_image(app)
    plain = make_app()
    wanted = published(plain, image_id)
    with (
        serving(app) as address,
        deployed_nginx(tmp_path / "nginx", address, tmp_path / "store") as front,
    ):
        answers = {key: get(f"{front}/{key}") for key in wanted}
        sent = {key: (a.headers["Content-Type"], a.data) for key, a in answers.items()}
        assert sent == wanted
        key, first = next(iter(answers.items()))
        assert first.headers["Cache-Control"] == FOREVER
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        assert first.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        known = get(f"{front}/{key}", **{"If-None-Match": first.headers["ETag"]})
        part = get(f"{front}/{key}", Range="bytes=0-9")
        narrow = get(f"{front}/{key}?format=300w")
        assert (known.status, part.status, part.data) == (304, 206, first.data[:10])
        assert narrow.data == wanted[f"images/{image_id}/v2/300w.webp"][1]
        # Its own address is for nginx alone.
        assert get(f"{front}/_objects/{key}").status == 404
        remove(app, image_id)
        assert {get(f"{front}/{key}").status for key in wanted} == {404}


def test_a_bucket_answers_in_place_of_the_app(make_app, minio_url):
    app = make_app(IMAGE_STORE_URL=minio_url)
    _, image_id = add_image(app)
    bucket = "http://" + minio_url.split("@")[1]
    wanted = published(app, image_id)
    app.config["IMAGE_BASE_URL"] = bucket
    with app.app_context():
        assert db.session.get(Image, image_id).url == f"{bucket}/{next(iter(wanted))}"
    answers = {key: get(f"{bucket}/{key}") for key in wanted}
    assert {key: (a.headers["Content-Type"], a.data) for key, a in answers.items()} == wanted
    assert {answer.headers["Cache-Control"] for answer in answers.values()} == {FOREVER}
    remove(app, image_id)
    # To those who may not list it a bucket does not say what is missing.
    assert {get(f"{bucket}/{key}").status for key in wanted} <= {403, 404}


@contextmanager
def purger(cdn: str) -> Iterator[str]:
    """Yield the URL of what makes a cache forget the addresses that it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for url in json.loads(body)["files"]:
                get(url, **{"X-Purge": "1"})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("is_told", [True, False])
def test_a_cdn_forgets_what_it_is_told(make_app, minio_server, minio_url, tmp_path, is_told):
    app = make_app(IMAGE_STORE_URL=minio_url)
    _, image_id = add_image(app)
    wanted = published(app, image_id)
    origin = minio_url.split("@")[1]
    locations = CDN.format(origin=f"{origin}/images/")
    with nginx_with(tmp_path / "nginx", locations) as cdn, purger(cdn) as purge_url:
        app.config |= {"IMAGE_BASE_URL": cdn, "PURGE_URL": purge_url if is_told else ""}
        for hit in ("MISS", "HIT"):
            answers = {key: get(f"{cdn}/{key}") for key in wanted}
            assert {answer.headers["X-Cache"] for answer in answers.values()} == {hit}
            sent = {key: (a.headers["Content-Type"], a.data) for key, a in answers.items()}
            assert sent == wanted
        remove(app, image_id)
        statuses = {get(f"{cdn}/{key}").status for key in wanted}
        assert statuses <= ({403, 404} if is_told else {200})
