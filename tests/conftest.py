"""The cast and the stage: alice and bob work for Acme, mallory for Globex."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask_migrate import upgrade
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm.exc import DetachedInstanceError, ObjectDeletedError, StaleDataError
from werkzeug.routing import Rule
from werkzeug.security import generate_password_hash

from distribu import create_app, worker
from distribu.extensions import db
from distribu.images.decoding.sandbox import Sandbox
from distribu.models import Company, Product, User, utc_now

pytest_plugins = ["tests.in_memory", "tests.servers", "tests.quick", "tests.releases.instances"]

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory):
    """An empty SQLite database at the newest migration, to be copied."""
    path = tmp_path_factory.mktemp("template") / "distribu.db"
    app = create_app(settings(path.parent, SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}"))
    with app.app_context():
        upgrade()
        db.session.execute(db.text("PRAGMA wal_checkpoint(TRUNCATE)"))
        db.engine.dispose()
    app.extensions["image_sandbox"].close()
    return path


@pytest.fixture(scope="session")
def fill_postgres_template(tmp_path_factory):
    """A function that brings the database at a URL to the newest migration."""

    def fill(url: str) -> None:
        folder = tmp_path_factory.mktemp("postgres")
        app = create_app(settings(folder, SQLALCHEMY_DATABASE_URI=url))
        with app.app_context():
            upgrade()
            db.engine.dispose()
        app.extensions["image_sandbox"].close()

    return fill


def settings(folder, **changes) -> dict:
    """The settings of an app whose every part is embedded under folder."""
    return {
        "TESTING": True,
        "INSTANCE": str(folder),
        "SECRET_KEY": "a secret key of the tests, long enough",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'distribu.db'}",
        "IMAGE_STORE_URL": f"file://{folder / 'store'}",
        "QUEUE_URL": f"sqlite:///{folder / 'queue.db'}",
        "RATELIMIT_ENABLED": False,
        "WTF_CSRF_ENABLED": False,
        "PUBLIC_URL": "http://shop.test",
        **changes,
    }


@pytest.fixture(scope="session")
def shared_sandbox():
    """Decoding children that stay warm from test to test."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory) -> FileSystemBytecodeCache:
    """Templates, each compiled once for all apps: that takes as long as the test itself."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


class KnownRule(Rule):
    """A rule of the URL map that is compiled once for all apps.

    Compiling its 120 rules takes most of the time of making an app, and of most tests.
    """

    known: ClassVar[dict[tuple, dict]] = {}

    def compile(self) -> None:
        key = (self.rule, self.endpoint, *sorted(self.methods or ()), repr(self.defaults))
        if key not in self.known:
            super().compile()
            self.known[key] = vars(self)
        vars(self).update(self.known[key] | {"map": self.map})


@pytest.fixture(scope="session", autouse=True)
def known_rules():
    with pytest.MonkeyPatch.context() as changed:
        # For speed alone: each rule compiles to what it was before.
        changed.setattr(Flask, "url_rule_class", KnownRule)
        yield


@pytest.fixture
def make_app(tmp_path, migrated_sqlite, shared_sandbox, compiled_templates):
    """A function that makes an app on a fresh database, closed with the test."""
    apps = []

    def make(**changes) -> Flask:
        database = tmp_path / "distribu.db"
        if not database.exists():
            database.write_bytes(migrated_sqlite.read_bytes())
        app = create_app(settings(tmp_path, **changes))
        app.extensions["image_store"].prepare()
        app.extensions["image_sandbox"] = shared_sandbox
        app.jinja_env.bytecode_cache = compiled_templates
        _watch_for_gone_rows(app, gone)
        apps.append(app)
        return app

    gone = []
    yield make
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        close = getattr(app.extensions["huey"].storage, "close", None)
        if close:
            close()
    assert gone == [], "a view read a row that somebody else had deleted"


def _watch_for_gone_rows(app: Flask, gone: list[str]) -> None:
    """Note each request that read a row after it may be gone, whatever it was answered."""
    handle = app.handle_user_exception

    def note_and_handle(error: Exception):
        if isinstance(error, (ObjectDeletedError, DetachedInstanceError, StaleDataError)):
            gone.append(f"{request.method} {request.path}: {error}")
        return handle(error)

    app.handle_user_exception = note_and_handle


@pytest.fixture
def app(make_app) -> Flask:
    """Distribu with every part embedded, and the cast in its database."""
    return make_app()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request) -> dict:
    """The settings of an app that keeps its rows in SQLite, and of one that does in PostgreSQL."""
    if request.param == "sqlite":
        return {}
    return {"SQLALCHEMY_DATABASE_URI": request.getfixturevalue("postgres_url")}


@pytest.fixture
def app_context(app):
    """An application context, for tests of the core; never with a client beside it."""
    with app.app_context():
        yield app


@dataclass(frozen=True)
class Cast:
    """The ids of who is in the database."""

    acme: str
    globex: str
    alice: str
    bob: str
    mallory: str


@pytest.fixture
def cast(app) -> Cast:
    """Acme with alice (OWNER) and bob (MEMBER); Globex with mallory (OWNER)."""
    with app.app_context():
        return add_cast()


@cache
def password_hash() -> str:
    """The hash of PASSWORD, by a method that compares a password in no time."""
    return generate_password_hash(PASSWORD, "pbkdf2:sha256:1")


def add_cast() -> Cast:
    """Add the cast to the app's database, and commit."""
    acme = Company(name="Acme", slug="acme")
    globex = Company(name="Globex", slug="globex")
    db.session.add_all([acme, globex])
    db.session.flush()
    people = [("alice", acme, "OWNER"), ("bob", acme, "MEMBER"), ("mallory", globex, "OWNER")]
    users = [
        User(company_id=company.id, email=f"{name}@{company.slug}.test", name=name, role=role)
        for name, company, role in people
    ]
    for user in users:
        user.password_hash = password_hash()
    db.session.add_all(users)
    db.session.commit()
    return Cast(acme.id, globex.id, *(user.id for user in users))


@pytest.fixture
def cast_on_either(make_app, database):
    """The cast, in an app context on either database."""
    with make_app(**database).app_context():
        yield add_cast()


def signed_in(app: Flask, user_id: str) -> FlaskClient:
    """A client in whose session this user has signed in."""
    with app.app_context():
        user = db.session.get(User, user_id)
        identity = user.get_id()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = identity
        session["_fresh"] = True
        session["signed_in_at"] = int(utc_now().timestamp())
    return client


@pytest.fixture
def alice(app, cast) -> FlaskClient:
    return signed_in(app, cast.alice)


@pytest.fixture
def bob(app, cast) -> FlaskClient:
    return signed_in(app, cast.bob)


@pytest.fixture
def mallory(app, cast) -> FlaskClient:
    return signed_in(app, cast.mallory)


@pytest.fixture
def nobody(app) -> FlaskClient:
    return app.test_client()


def add_product(company_id: str, **values) -> Product:
    """A committed product of the company."""
    product = Product(company_id=company_id, **{"name": "Widget", "price_minor": 999} | values)
    db.session.add(product)
    db.session.commit()
    return product


def run_queue(app: Flask, tasks: int | None = None) -> int:
    """The queue, or so many tasks of it, is done as by a worker; return how many tasks it was."""
    worker.add_tasks(app)
    huey = app.extensions["huey"]
    done = 0
    while done != tasks and (task := huey.dequeue()) is not None:
        task.execute()
        done += 1
    return done
