"""The real servers are there, and each test has a part of them that nobody else has written to."""

import psycopg
import pytest
import redis

from tests.servers import running_postgres, running_versitygw


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_a_database_of_its_own(postgres_url, turn):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mark (turn TEXT)")
        connection.execute("INSERT INTO mark VALUES (%s)", [turn])
        marks = connection.execute("SELECT turn FROM mark").fetchall()
    assert marks == [(turn,)]


def test_the_database_folds_case_beyond_ascii(postgres_url):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT lower('ÄÖÜ')").fetchone() == ("äöü",)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_a_redis_of_its_own(redis_url, turn):
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("mark") is None
        client.set("mark", turn)


def test_a_server_ends_with_its_block():
    with running_postgres() as server:
        url = server.url("postgres", driver="")
        psycopg.connect(url).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_missing_server_skips(monkeypatch):
    monkeypatch.setenv("CI", "")
    monkeypatch.setattr("tests.servers.shutil.which", lambda name, path=None: None)
    with pytest.raises(pytest.skip.Exception, match="PostgreSQL"), running_postgres():
        pass


def test_a_missing_server_fails_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("tests.servers.shutil.which", lambda name, path=None: None)
    with pytest.raises(pytest.fail.Exception, match="PostgreSQL"), running_postgres():
        pass


def test_a_missing_versitygw_skips_in_ci_too(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("tests.servers.shutil.which", lambda name, path=None: None)
    skips = pytest.raises(pytest.skip.Exception, match="tools/get-servers versitygw")
    with skips, running_versitygw():
        pass
