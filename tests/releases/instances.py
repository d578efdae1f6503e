"""Instances that releases made, unpacked for a test: a pytest plugin.

released_instance is as the release left it, migrated_instance after
flask db upgrade; a test that takes one of them runs once for every kept
instance and every kind of database and image store.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask_migrate import upgrade

HERE = Path(__file__).parent
# The folder of each database, and whether its objects go into a bucket or into a directory.
KINDS = ("sqlite", "postgresql", "postgresql-minio")
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
def released_instance(request, tmp_path, make_app) -> ReleasedInstance:
    """An instance as its release left it; its database is not migrated yet."""
    release, _, kind = request.param.partition("-")
    folder = HERE / release / kind.removesuffix("-minio")
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    changes = dict(facts["settings"])
    if kind == "sqlite":
        shutil.copyfile(folder / "distribu.db", tmp_path / "distribu.db")
    else:
        restore = request.getfixturevalue("restore_postgres")
        changes["SQLALCHEMY_DATABASE_URI"] = restore(folder / "distribu.sql")
    if kind.endswith("minio"):
        changes["IMAGE_STORE_URL"] = request.getfixturevalue("minio_url")
        return _with_objects(ReleasedInstance(make_app(**changes), facts), folder / "store")
    shutil.copytree(folder / "store", tmp_path / "store")
    return ReleasedInstance(make_app(**changes), facts)


@pytest.fixture
def migrated_instance(released_instance) -> ReleasedInstance:
    """An instance of a release whose database is at the newest migration."""
    released_instance.migrate()
    return released_instance


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
