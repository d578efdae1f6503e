"""Real servers for the tests: MinIO, PostgreSQL, Redis and Chromium, as this machine has them.

A pytest plugin. Each server starts when the first test asks for it, on a
free port of 127.0.0.1, and ends with the session; every worker of
pytest-xdist has its own. A server that this machine lacks skips the test
with a reason, and fails it where CI=true. tools/get-servers gets them.
"""

import http.client
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest

CACHE = Path.home() / ".cache/distribu"
READY_SECONDS = 60
STOP_SECONDS = 10
BUILD_SECONDS = 12 * 60
PAUSE_SECONDS = 0.05
START_ATTEMPTS = 3


@dataclass(frozen=True)
class S3Server:
    """A running MinIO or versitygw. Its secret has every character that a URL takes for its own."""

    address: str
    key: str
    secret: str
    directory: Path
    process: subprocess.Popen

    def url(self, bucket: str, secret: str | None = None, options: str = "") -> str:
        secret = quote(secret or self.secret, safe="")
        return f"s3+http://{self.key}:{secret}@{self.address}/{bucket}{options}"


@dataclass(frozen=True)
class PostgresServer:
    port: int

    def url(self, database: str, driver: str = "+psycopg") -> str:
        return f"postgresql{driver}://distribu@127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="session")
def minio_server() -> Iterator[S3Server]:
    with running_minio() as server:
        yield server


@pytest.fixture
def minio_url(minio_server, fresh_name) -> str:
    """Return the URL of a bucket that is not there yet."""
    return minio_server.url(fresh_name("bucket"))


@pytest.fixture(scope="session")
def versitygw_server() -> Iterator[S3Server]:
    with running_versitygw() as server:
        yield server


@pytest.fixture
def versitygw_url(versitygw_server, fresh_name) -> str:
    """Return the URL of a bucket that is not there yet, on a second S3 server."""
    return versitygw_server.url(fresh_name("bucket"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def fill_postgres_template() -> Callable[[str], None]:
    """Return what fills, once a session, the database that every test gets a copy of.

    conftest.py overrides it with one that migrates.
    """
    return lambda url: None


@pytest.fixture(scope="session")
def postgres_template(postgres_server, fill_postgres_template) -> str:
    """Return the name of the database to copy. Nobody may be connected to it any more."""
    _psql(postgres_server, "CREATE DATABASE filled")
    fill_postgres_template(postgres_server.url("filled"))
    return "filled"


@pytest.fixture
def postgres_url(postgres_server, postgres_template, fresh_name) -> Iterator[str]:
    """Yield the URL of a database that is this test's own."""
    database = fresh_name("database").replace("-", "_")
    _psql(postgres_server, f"CREATE DATABASE {database} TEMPLATE {postgres_template}")
    yield postgres_server.url(database)
    _psql(postgres_server, f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def copy_postgres(postgres_server, fresh_name) -> Iterator[Callable[[str], str]]:
    """Yield a function that copies a database, given by its name, and returns the copy's URL."""
    databases = []

    def copy(template: str) -> str:
        databases.append(fresh_name("copy").replace("-", "_"))
        _psql(postgres_server, f"CREATE DATABASE {databases[-1]} TEMPLATE {template}")
        return postgres_server.url(databases[-1])

    yield copy
    for database in databases:
        _psql(postgres_server, f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def restore_postgres(copy_postgres, postgres_server) -> Callable[[Path], str]:
    """Return a function that restores a dump into a new database and returns its URL."""

    def restore(dump: Path) -> str:
        url = copy_postgres("template1")
        restore_database(postgres_server, url.rpartition("/")[2], dump)
        return url

    return restore


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Yield the URL of a server with thousands of databases, to which their number is added."""
    with running_redis() as url:
        yield url


@pytest.fixture
def redis_url(redis_server, fresh_number) -> str:
    """Return the URL of a database that nobody has written to."""
    return f"{redis_server}/{fresh_number()}"


def find_chromium() -> str | None:
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    return find_chromium() or missing("Chromium", "install it")


@pytest.fixture(scope="session")
def fresh_number() -> Callable[[], int]:
    return itertools.count(1).__next__


@pytest.fixture(scope="session")
def fresh_name(fresh_number) -> Callable[[str], str]:
    return lambda stem: f"{stem}-{fresh_number()}"


@contextmanager
def running_minio() -> Iterator[S3Server]:
    """Yield a MinIO for one test, which may stop it; minio_server is shared."""
    binary = _minio_binary()
    key, secret = "distribu", "se/cr+et:with@every?thing#%41"
    settings = {
        "MINIO_ROOT_USER": key,
        "MINIO_ROOT_PASSWORD": secret,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }

    def command(port: int) -> list[str]:
        return [binary, "server", directory, "--address", f"127.0.0.1:{port}"]

    with (
        _directory() as directory,
        running(command, _minio_is_ready, env=os.environ | settings) as (process, port),
    ):
        yield S3Server(f"127.0.0.1:{port}", key, secret, Path(directory), process)


@contextmanager
def running_versitygw() -> Iterator[S3Server]:
    """Yield a versitygw: the contract of the store has to hold on more than one server."""
    binary = _built_binary("versitygw")
    if binary is None:
        pytest.skip("versitygw is not on this machine: run tools/get-servers versitygw.")
    key, secret = "distribu", "se/cr+et:with@every?thing#%41"
    settings = {"ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret}

    def command(port: int) -> list[str]:
        # Attributes beside the objects: a directory of the tests may be where files have none.
        folders = ["--sidecar", attributes, directory]
        return [binary, "--quiet", "--port", f"127.0.0.1:{port}", "posix", *folders]

    with (
        _directory() as directory,
        _directory() as attributes,
        running(command, _versitygw_is_ready, env=os.environ | settings) as (process, port),
    ):
        yield S3Server(f"127.0.0.1:{port}", key, secret, Path(directory), process)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL that forgets all at a crash, for speed."""
    # It refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    settings = "fsync=off synchronous_commit=off full_page_writes=off max_connections=200"
    settings += " listen_addresses=127.0.0.1 unix_socket_directories="
    options = [option for setting in settings.split() for option in ("-c", setting)]
    postgres, initdb = _postgres_binary("postgres"), _postgres_binary("initdb")

    def command(port: int) -> list[str]:
        return [postgres, "-D", directory, "-c", f"port={port}", *options]

    with _directory(user) as directory:
        create = [initdb, "-D", directory, "-U", "distribu", "--auth=trust", "--no-sync"]
        create += ["--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(create, check=True, capture_output=True, **_as_user(user, directory))
        with running(
            command, _postgres_is_ready, stop=signal.SIGINT, **_as_user(user, directory)
        ) as (_, port):
            yield PostgresServer(port)


@contextmanager
def running_redis() -> Iterator[str]:
    binary = shutil.which("redis-server") or missing("Redis", "install redis-server")
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "10000"]

    def command(port: int) -> list[str]:
        return [binary, "--port", str(port), "--dir", directory, *options]

    with _directory() as directory, running(command, _redis_is_ready) as (_, port):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def running(
    command: Callable[[int], list[str]],
    is_ready: Callable[[int], bool],
    stop: signal.Signals = signal.SIGTERM,
    **options,
) -> Iterator[tuple[subprocess.Popen, int]]:
    """Yield a process that is ready, and its port. It ends with the block, or with pytest."""
    process, port = _start(command, is_ready, options)
    try:
        yield process, port
    finally:
        # A test may have stopped it, or made it wait.
        process.send_signal(signal.SIGCONT)
        process.send_signal(stop)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    command: Callable[[int], list[str]], is_ready: Callable[[int], bool], options: dict
) -> tuple[subprocess.Popen, int]:
    # A port that was free may be taken when the server asks for it.
    for _ in range(START_ATTEMPTS):
        port = free_port()
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                [*_dying_with_us(), *command(port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for pytest, which ends its servers last.
                start_new_session=True,
                **options,
            )
            if _becomes_ready(process, port, is_ready):
                return process, port
            process.kill()
            process.wait()
            log.seek(0)
            said = log.read().decode(errors="replace")
    pytest.fail(f"{process.args} did not start: {said[-2000:]}")


def _becomes_ready(process: subprocess.Popen, port: int, is_ready: Callable[[int], bool]) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            if is_ready(port):
                return True
        # Waiting for its end is a pause that is over at once where it cannot start.
        with suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE_SECONDS)
            return False
    return False


def _minio_is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with closing(connection):
        connection.request("GET", "/minio/health/ready")
        return connection.getresponse().status == HTTPStatus.OK


def _versitygw_is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().status == HTTPStatus.FORBIDDEN


def _postgres_is_ready(port: int) -> bool:
    ask = [_postgres_binary("pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(ask, capture_output=True, check=False).returncode == 0


def _redis_is_ready(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(7) == b"+PONG\r\n"


def create_database(server: PostgresServer, database: str) -> None:
    _psql(server, f"CREATE DATABASE {database}")


def restore_database(server: PostgresServer, database: str, dump: Path) -> None:
    """Run the SQL of a dump in an empty database, all of it or none."""
    _psql(server, "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={dump}", to=database)


def dump_database(server: PostgresServer, database: str) -> str:
    """Return the SQL that makes the database again, whoever will own it."""
    url = server.url(database, driver="")
    ask = [_postgres_binary("pg_dump"), "--no-owner", "--no-privileges", url]
    dump = subprocess.run(ask, check=True, capture_output=True, encoding="utf-8").stdout
    # Newer clients put these around a dump, and older ones stop at them.
    lines = dump.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))


def _psql(server: PostgresServer, *statement: str, to: str = "postgres") -> None:
    """Run a statement, or whatever other options of psql say, in the database `to`."""
    options = ["-c", *statement] if len(statement) == 1 else statement
    ask = [_postgres_binary("psql"), "--no-psqlrc", "--quiet", server.url(to, driver=""), *options]
    subprocess.run(ask, check=True, capture_output=True)


def _minio_binary() -> str:
    return _built_binary("minio") or missing("MinIO", "run tools/get-servers minio")


def _built_binary(name: str) -> str | None:
    # Another process may be building it, as tools/get-servers does.
    deadline = time.monotonic() + BUILD_SECONDS
    while _is_being_built(name) and time.monotonic() < deadline:
        time.sleep(1)
    path = os.pathsep.join([os.environ.get("PATH", ""), str(CACHE / "bin")])
    return shutil.which(name, path=path)


def _is_being_built(name: str) -> bool:
    """Return whether the process lives whose id the marker holds."""
    try:
        os.kill(int((CACHE / f"{name}.building").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def _postgres_binary(name: str) -> str:
    # Debian keeps the server, and pg_isready and psql beside it, off the PATH.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    return shutil.which(name, path=path) or missing("PostgreSQL", "install postgresql")


def _version(folder: Path) -> float:
    return float(folder.parent.name)


def missing(server: str, advice: str) -> NoReturn:
    reason = f"{server} is not on this machine: {advice}."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _as_user(user: str | None, folder: str) -> dict:
    """Return the options of subprocess that make user, if any, run a command in folder."""
    options = {"cwd": folder}
    return options | {"user": user, "group": user, "extra_groups": []} if user else options


@contextmanager
def _directory(user: str | None = None) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="distribu-", ignore_cleanup_errors=True) as directory:
        if user:
            shutil.chown(directory, user, user)
        yield directory


@cache
def _dying_with_us() -> tuple[str, ...]:
    """Return what to put before a command so that it dies when pytest is killed, on Linux."""
    prefix = ("setpriv", "--pdeathsig", "KILL")
    is_there = shutil.which("setpriv") and subprocess.run([*prefix, "true"], check=False)
    return prefix if is_there and is_there.returncode == 0 else ()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests that need MinIO to the end, since it may still be being built."""
    items.sort(key=lambda item: "minio" in item.nodeid or "minio_server" in item.fixturenames)
