"""flask db copy: each row comes out as it went in, or nothing does."""

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, create_engine, event, text

from distribu import audit
from distribu.audit import set_actor
from distribu.cli.database_copy import NotCopied, copy_rows, make_tables
from distribu.extensions import db
from distribu.models import Company
from tests.releases.test_releases import image_answer


@pytest.fixture
def other_url(tmp_path, migrated_instance, restore_postgres) -> str:
    """An empty database of the other kind than the instance's."""
    if migrated_instance.app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        return f"sqlite:///{tmp_path / 'copy.db'}"
    empty = tmp_path / "empty.sql"
    empty.write_text("")
    return restore_postgres(empty)


@pytest.fixture
def copied(migrated_instance, other_url, make_app) -> Flask:
    """The app of a released instance after it was copied into the other kind of database."""
    app = migrated_instance.app
    result = app.test_cli_runner().invoke(args=["db", "copy", "--to", other_url])
    assert result.exit_code == 0, result.output
    return make_app(
        SQLALCHEMY_DATABASE_URI=other_url, IMAGE_STORE_URL=app.config["IMAGE_STORE_URL"]
    )


def test_a_released_instance_answers_from_the_copy(migrated_instance, copied):
    client = copied.test_client()
    answers = migrated_instance.facts["answers"]
    assert [image_answer(client, answer["path"]) for answer in answers] == [
        (200, answer) for answer in answers
    ]
    found = [
        app.test_cli_runner().invoke(args=["images", "doctor"]).output
        for app in (migrated_instance.app, copied)
    ]
    assert found[0] == found[1]
    assert client.get("/store/acme/catalog").status_code == 200


def test_the_copy_of_a_copy_is_the_same(migrated_instance, copied, tmp_path):
    back = f"sqlite:///{tmp_path / 'back.db'}"
    with copied.app_context():
        counts = copy_rows(back)
    with migrated_instance.app.app_context():
        # Twice into one database is refused by what the first left there.
        with pytest.raises(NotCopied, match="not empty"):
            copy_rows(back)
        for table in db.metadata.sorted_tables:
            assert counts[table.name] == db.session.scalar(
                text(f'SELECT count(*) FROM "{table.name}"')
            )


@pytest.fixture
def target(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'target.db'}"


def entries_without_a_before(url: str) -> list[int]:
    with create_engine(url).connect() as connection:
        found = connection.execute(
            text('SELECT ("before" IS NULL), ("before" = \'null\') FROM audit_entry ORDER BY id')
        )
        return [tuple(row) for row in found]


def test_nothing_and_a_json_null_stay_two_things(app, cast, target):
    with app.app_context():
        for action, before in (("a", "'null'"), ("b", "NULL")):
            set_actor("SYSTEM", None, db.session.get(Company, cast.acme), "a test")
            audit.record(action, "Company", cast.acme)
            db.session.flush()
            change = f"UPDATE audit_entry SET \"before\" = {before} WHERE action = '{action}'"
            db.session.execute(text(change))
        db.session.commit()
        copy_rows(target)
        assert entries_without_a_before(target) == [(0, 1), (1, None)]


def breaking(statement_start: str):
    """A listener that fails the target's first statement of this kind."""

    def fail(connection: Connection, _cursor, statement, *_):
        if statement.startswith(statement_start) and "target.db" in str(connection.engine.url):
            raise KeyboardInterrupt

    return fail


@pytest.mark.parametrize("start", ["INSERT INTO company", "INSERT INTO user", "ANALYZE"])
def test_a_copy_that_breaks_is_begun_again(app, cast, target, start):
    with app.app_context():
        fail = breaking(start)
        engine_class = type(db.engine)
        event.listen(engine_class, "before_cursor_execute", fail)
        try:
            with pytest.raises(KeyboardInterrupt):
                copy_rows(target)
        finally:
            event.remove(engine_class, "before_cursor_execute", fail)
        assert copy_rows(target)["company"] == 2


def test_a_row_that_comes_out_otherwise_is_found(app, cast, target):
    spoil = """CREATE TRIGGER spoil AFTER INSERT ON company BEGIN
        UPDATE company SET name = 'spoilt' WHERE id = new.id; END"""
    with app.app_context():
        with create_engine(target).begin() as connection:
            make_tables(connection)
            connection.execute(text(spoil))
        with pytest.raises(NotCopied, match="differs in the copy"):
            copy_rows(target)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "--to names no database"),
        ("sqlite:////no/such/folder/x.db", "Nothing was copied"),
        ("postgresql+psycopg://distribu@127.0.0.1:1/none", "Nothing was copied"),
    ],
)
def test_a_target_that_is_none_is_told(app, url, sentence):
    result = app.test_cli_runner().invoke(args=["db", "copy", "--to", url])
    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert sentence in result.output


def test_older_tables_are_not_copied(make_app, tmp_path, target):
    app = make_app(SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'older.db'}")
    with app.app_context():
        upgrade(revision="0008")
    result = app.test_cli_runner().invoke(args=["db", "copy", "--to", target])
    assert result.exit_code == 1
    assert "Run flask db upgrade" in result.output
