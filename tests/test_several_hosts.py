"""Two hosts share nothing but PostgreSQL, MinIO and Redis: neither sees the other's folder."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PASSWORD, add_cast

ROOT = Path(__file__).parents[1]
GUESS = {"email": "bob@acme.test", "password": "a wrong one"}


class Host:
    """A process that answers requests, and does the work of a worker when it is asked to."""

    def __init__(self, folder: Path, servers: dict[str, str]):
        self.folder = folder
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.host_child"],
            cwd=ROOT,
            env=os.environ | servers | {"DISTRIBU_INSTANCE": str(folder)},
            stdin=pipe,
            stdout=pipe,
            text=True,
        )

    def ask(self, **asked: object) -> dict:
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def post(self, path: str, cookie: str = "", **asked: object) -> dict:
        return self.ask(path=path, method="POST", cookie=cookie, **asked)

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def hosts(tmp_path, make_app, postgres_url, minio_url, redis_url) -> Iterator[tuple[Host, Host]]:
    servers = {
        "DISTRIBU_DATABASE_URL": postgres_url,
        "DISTRIBU_IMAGE_STORE_URL": minio_url,
        "DISTRIBU_QUEUE_URL": redis_url,
        "DISTRIBU_SECRET_KEY": "one secret key of both hosts, long enough",
    }
    hosts = Host(tmp_path / "one", servers), Host(tmp_path / "other", servers)
    app = make_app(SQLALCHEMY_DATABASE_URI=postgres_url, IMAGE_STORE_URL=minio_url)
    with app.app_context():
        add_cast()
    yield hosts
    for host in hosts:
        host.end()


def test_what_one_host_takes_the_other_shows_and_works_on(hosts):
    one, other = hosts
    alice = {"email": "alice@acme.test", "password": PASSWORD}
    cookie = one.post("/login", data=alice)["cookie"]
    data = {"name": "Widget", "price": "12.50", "stock": "3", "unit": "each"}
    assert (
        one.post("/dashboard/inventory/new", cookie, data=data, image=[640, 480])["status"] == 303
    )
    page = other.ask(path="/dashboard/inventory", cookie=cookie)["text"]
    thumbnail, folder = re.search(r"(/images/\w+/v\d+/)\d+w\.webp", page).group(0, 1)
    # One that a worker makes.
    larger = f"{folder}500w.webp"
    before = [host.ask(path=path)["status"] for host in hosts for path in (thumbnail, larger)]
    assert other.ask(work=None)["done"] > 0
    after = [host.ask(path=larger) for host in hosts]
    assert before == [200, 404] * 2
    assert [answer["status"] for answer in after] == [200, 200]
    assert after[0]["sha256"] == after[1]["sha256"]
    assert [file.name for host in hosts for file in host.folder.rglob("*.db")] == []


def test_wrong_passwords_are_counted_across_hosts(hosts):
    statuses = [hosts[number % 2].post("/login", data=GUESS)["status"] for number in range(12)]
    assert statuses == [422] * 10 + [429] * 2
