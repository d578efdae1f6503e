"""Instances that releases made, unpacked for a test: a pytest plugin.

released_instance is as the release left it, migrated_instance after
flask db upgrade; a test that takes one of them runs once for every kept
instance and every kind of database and image store.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask_migrate import upgrade

from tests.faults.points import IS_EVERY_POINT
from tests.servers import create_database, restore_database

HERE = Path(__file__).parent
# The folder of each database, and whether its objects go into a bucket or into a directory.
# Each database and each store has its turn; make faults has them together in another way too.
KINDS = ("sqlite", *(["postgresql"] * IS_EVERY_POINT), "postgresql-minio")
RELEASES = sorted(folder.name for folder in HERE.glob("[0-9]*"))


@dataclass(frozen=True)
class ReleasedInstance:
    """An instance that a release made, opened by the application of this checkout.

    app: on the unpacked database and image store. facts: what facts.json
    says of the instance, as the release answered it.
    """

    app: Flask
    facts: dict

    def migrate(self) -> None:
        """Do what flask db upgrade does."""
        with self.app.app_context():
            upgrade()

    def key(self, name: str) -> str:
        """The text of the API key of this name."""
        return next(key["key"] for key in self.facts["api_keys"] if key["name"] == name)


@pytest.fixture(params=[f"{release}-{kind}" for release in RELEASES for kind in KINDS])
def released(request) -> tuple[Path, bool]:
    """The folder of an instance, and whether its objects go into a bucket."""
    release, _, kind = request.param.partition("-")
    return HERE / release / kind.removesuffix("-minio"), kind.endswith("-minio")


@pytest.fixture
def released_instance(request, released, open_instance, tmp_path) -> ReleasedInstance:
    """An instance as its release left it; its database is not migrated yet."""
    folder, _ = released
    if folder.name == "sqlite":
        return open_instance(f"sqlite:///{shutil.copy(folder / 'distribu.db', tmp_path)}")
    return open_instance(request.getfixturevalue("restore_postgres")(folder / "distribu.sql"))


@pytest.fixture
def migrated_instance(request, released, migrate_once, open_instance, tmp_path) -> ReleasedInstance:
    """An instance of a release whose database is at the newest migration."""
    migrated = migrate_once(released[0])
    if isinstance(migrated, Path):
        return open_instance(f"sqlite:///{shutil.copy(migrated, tmp_path)}")
    return open_instance(request.getfixturevalue("copy_postgres")(migrated))


@pytest.fixture
def open_instance(request, released, tmp_path, make_app) -> Callable[[str], ReleasedInstance]:
    """Return a function that opens the instance, given the URL of its database."""
    folder, has_bucket = released

    def open_at(url: str) -> ReleasedInstance:
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        changes = facts["settings"] | {"SQLALCHEMY_DATABASE_URI": url}
        if has_bucket:
            changes["IMAGE_STORE_URL"] = request.getfixturevalue("minio_url")
            return _with_objects(ReleasedInstance(make_app(**changes), facts), folder / "store")
        shutil.copytree(folder / "store", tmp_path / "store")
        return ReleasedInstance(make_app(**changes), facts)

    return open_at


@pytest.fixture(scope="session")
def migrate_once(request, tmp_path_factory) -> Callable[[Path], Path | str]:
    """Return a function that migrates the database of a folder, once for all tests.

    It returns the path of a file, or the name of a PostgreSQL database: to be copied.
    """

    @cache
    def migrate(folder: Path) -> Path | str:
        place = tmp_path_factory.mktemp("released")
        fill = request.getfixturevalue("fill_postgres_template")
        if folder.name == "sqlite":
            path = shutil.copy(folder / "distribu.db", place)
            fill(f"sqlite:///{path}")
            return Path(path)
        server = request.getfixturevalue("postgres_server")
        name = f"released_{folder.parent.name}".replace(".", "_")
        create_database(server, name)
        restore_database(server, name, folder / "distribu.sql")
        fill(server.url(name))
        return name

    return migrate


def _with_objects(instance: ReleasedInstance, folder: Path) -> ReleasedInstance:
    """Put every file below folder into the store of the instance, under its path there."""
    answers = instance.facts["answers"]
    types = {urlsplit(answer["path"]).path[1:]: answer["content_type"] for answer in answers}
    store = instance.app.extensions["image_store"]
    for path in folder.rglob("*"):
        if path.is_file():
            key = path.relative_to(folder).as_posix()
            with path.open("rb") as file:
                store.put(key, file, types.get(key, "application/octet-stream"))
    return instance
