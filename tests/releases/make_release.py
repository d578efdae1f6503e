"""Make an instance of a release, to be kept beside this script and migrated by later ones.

Run in a checkout of the release, with that checkout's environment:

    .venv/bin/python /path/to/tests/releases/make_release.py VERSION COMMIT

README.md tells what it writes and when to run it.
"""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

# The release is imported from its checkout, the servers of the tests from beside this script.
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, os.getcwd())

from contents import COLLIDING_SKUS, ODD_SKUS, Instance, fill
from doors import Caller
from flask import Flask
from servers import create_database, dump_database, running_postgres
from sqlalchemy import select

from distribu import create_app
from distribu.extensions import db
from distribu.models import READY, Image, OutboxEntry, Product

HERE = Path(__file__).parent
SETTINGS = {
    "SECRET_KEY": "the secret key of every release instance",
    "PUBLIC_URL": "http://127.0.0.1:8000",
}
# What /api/v1 lists for each company, compared after a migration.
LISTS = ("/api/v1/products?limit=100", "/api/v1/orders?limit=100")


def main() -> None:
    version, commit = sys.argv[1:]
    make_on_sqlite(HERE / version / "sqlite", version, commit)
    make_on_postgresql(HERE / version / "postgresql", version, commit)


def make_on_sqlite(target: Path, version: str, commit: str) -> None:
    """Write distribu.db, store/ and facts.json to target."""
    with _folders(target) as folder:
        database = folder / "distribu.db"
        facts = _make(folder, f"sqlite:///{database}")
        _write(target, folder, facts | {"release": version, "commit": commit})
        # Into one new file: what was deleted is not in it, and no write-ahead log stands beside.
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", [str(target / "distribu.db")])


def make_on_postgresql(target: Path, version: str, commit: str) -> None:
    """Write distribu.sql, store/ and facts.json to target."""
    with _folders(target) as folder, running_postgres() as server:
        create_database(server, "distribu")
        facts = _make(folder, server.url("distribu"))
        _write(target, folder, facts | {"release": version, "commit": commit})
        dump = dump_database(server, "distribu")
        (target / "distribu.sql").write_text(dump, encoding="utf-8")


@contextmanager
def _folders(target: Path) -> Iterator[Path]:
    """Empty target, and yield a temporary folder for the instance."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _make(folder: Path, database_url: str) -> dict:
    """Make an instance in folder and return the facts about it."""
    app = create_app(
        SETTINGS
        | {
            "INSTANCE": str(folder),
            "SQLALCHEMY_DATABASE_URI": database_url,
            "IMAGE_STORE_URL": (folder / "store").as_uri(),
            "QUEUE_URL": f"sqlite:///{folder / 'queue.db'}",
            "RATELIMIT_ENABLED": False,
            "WTF_CSRF_ENABLED": False,
        }
    )
    _run(app, "db", "upgrade")
    _run(app, "check")
    facts = _facts(fill(app))
    _run(app, "images", "doctor")
    app.extensions["image_sandbox"].close()
    with app.app_context():
        db.engine.dispose()
    return facts


def _run(app: Flask, *command: str) -> None:
    result = app.test_cli_runner().invoke(args=command)
    if result.exit_code:
        raise SystemExit(f"flask {' '.join(command)}: {result.output}")


def _write(target: Path, folder: Path, facts: dict) -> None:
    shutil.copytree(folder / "store", target / "store")
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (target / "facts.json").write_text(f"{text}\n", encoding="utf-8")


def _facts(instance: Instance) -> dict:
    app = instance.app
    base = SETTINGS["PUBLIC_URL"]
    owners = [key for key in instance.api_keys if key["name"] in ("ERP", "Shop")]
    return {
        "settings": SETTINGS,
        "users": instance.users,
        "api_keys": instance.api_keys,
        "special": instance.special | {"outbox": instance.special["outbox"] | _outbox(app)},
        "colliding_skus": COLLIDING_SKUS,
        "odd_skus": ODD_SKUS,
        "answers": [_answer(app, path) for path in _image_paths(app)],
        "redirects": _redirects(app),
        "gone": [url.removeprefix(base) for url in instance.gone],
        "lists": [
            {"key": key["key"], "path": path, "json": Caller(app, key["key"])("GET", path, 200)}
            for key in owners
            for path in LISTS
        ],
        # Unfinished images are the worker's, and no fault.
        "doctor": [],
    }


def _outbox(app: Flask) -> dict:
    with app.app_context():
        return {"prefixes": list(db.session.scalars(select(OutboxEntry.prefix)))}


def _image_paths(app: Flask) -> list[str]:
    """The path of every published image, with every width that can be asked for."""
    with app.app_context():
        attached = (Image.status == READY, Image.product_id.is_not(None))
        images = db.session.scalars(select(Image).where(*attached).order_by(Image.id)).all()
        paths = []
        for image in images:
            paths += [f"/{image.key(made['path'])}" for made in image.derivatives]
            widths = [f"{width}w" for width in image.widths("WEBP")]
            paths += [f"/{image.key()}?format={size}" for size in ("original", *widths)]
        return paths


def _answer(app: Flask, path: str) -> dict:
    response = app.test_client().get(path, buffered=True)
    if response.status_code != 200:
        raise SystemExit(f"{path}: {response.status}")
    digest = sha256(response.data).hexdigest()
    return {"path": path, "content_type": response.content_type, "sha256": digest}


def _redirects(app: Flask) -> dict[str, str]:
    """Map every product with an image to the target of its /store/.../image address."""
    with app.app_context():
        products = db.session.scalars(select(Product).order_by(Product.id)).all()
        paths = [f"/store/{one.company.slug}/products/{one.id}/image" for one in products]
    answers = {path: app.test_client().get(path) for path in paths}
    return {path: answer.location for path, answer in answers.items() if answer.location}


if __name__ == "__main__":
    main()
