"""The site of a soak run: real processes, and the harm that each part can come to."""

import ctypes
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from flask import Flask
from flask_migrate import upgrade

from distribu import create_app
from distribu.extensions import db
from tests.cli.test_cli import Served
from tests.conftest import settings
from tests.faults.tcp_gate import CUT, OPEN, SILENT, TcpGate
from tests.servers import (
    create_database,
    free_port,
    running_minio,
    running_postgres,
    running_redis,
)
from tests.test_worker import environment, wait_until

ROOT = Path(__file__).parents[2]
# Of a worker on another machine: ahead, behind, or right, anew at each start.
CLOCKS_OFF_SECONDS = (-60, 0, 60)
_EXCHANGE, _THIS_FOLDER = 2, -100

# Harm to a part for as long as the block lasts.
Outage = Callable[[], "contextmanager"]


class Process(Served):
    """A flask command that is started again whenever it has died, and its children."""

    def __init__(self, name: str, command: list[str], env: Callable[[], dict], log: Path):
        self.name, self._command, self._env, self._log = name, command, env, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flask", *self._command],
                env=self._env(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def revive(self) -> None:
        if self.process.poll() is not None:
            self.start()

    def kill_one(self, chance: random.Random) -> str:
        """Kill it or one of its children: what serves, works or decodes. Return which."""
        victim = chance.choice(sorted(self.family() | {self.process.pid}))
        is_child = victim != self.process.pid
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        return f"a child of {self.name}" if is_child else self.name

    def stop(self) -> None:
        family = self.family()
        self.process.terminate()
        assert self.ends(family), f"{self.name} did not end"


@dataclass
class Site:
    """A shop on real parts. app: past every gate, for its preparation and its audit."""

    app: Flask
    outages: dict[str, Outage]
    logs: Path
    port: int = field(default_factory=free_port)
    gated: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.app.config["PUBLIC_URL"] = self.url
        serve = ["--app", "distribu", "serve", "--port", str(self.port), "--workers", "2"]
        self._add("web", serve, self._environment)
        if not self.app.config["QUEUE_URL"].startswith("sqlite"):
            work = ["--app", "tests.faults.off_clock", "worker"]
            self._add("worker", work, self._environment_of_worker)
        assert wait_until(self.answers), "the shop did not start"

    def answers(self) -> bool:
        address = f"{self.url}/login"
        with suppress(urllib3.exceptions.HTTPError):
            return urllib3.request("GET", address, timeout=5, retries=False).status == 200
        return False

    def revive(self) -> None:
        for process in self.processes:
            process.revive()

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    def _add(self, name: str, command: list[str], env: Callable[[], dict]) -> None:
        self.processes.append(Process(name, command, env, self.logs / f"{name}.log"))

    def _environment(self) -> dict[str, str]:
        return environment(self.app) | self.gated | {"DISTRIBU_PUBLIC_URL": self.url}

    def _environment_of_worker(self) -> dict[str, str]:
        off = random.choice(CLOCKS_OFF_SECONDS)
        return self._environment() | {"SOAK_CLOCK_SECONDS": str(off)}


@contextmanager
def embedded(folder: Path) -> Iterator[Site]:
    """SQLite, a directory and the queue in SQLite, all on one machine and so on one clock."""
    app = _made(settings(folder))
    outages = {
        "the store is not mounted": lambda: _unmounted(folder / "store"),
        "the database is locked": lambda: _locked(folder / "distribu.db"),
        "the queue is locked": lambda: _locked(folder / "queue.db"),
    }
    with _stopped_at_last(Site(app, outages, folder)) as site:
        yield site


@contextmanager
def on_servers(folder: Path) -> Iterator[Site]:
    """PostgreSQL, MinIO and Redis, each behind a gate, and a worker whose clock is off."""
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        minio = stack.enter_context(running_minio())
        redis = stack.enter_context(running_redis())
        create_database(postgres, "soak")
        ports = {
            "database": postgres.port,
            "store": int(minio.address.rpartition(":")[2]),
            "queue": urlsplit(redis).port,
        }
        gates = {name: stack.enter_context(closing(TcpGate(ports[name]))) for name in ports}
        direct = {
            "SQLALCHEMY_DATABASE_URI": postgres.url("soak"),
            "IMAGE_STORE_URL": minio.url("soak"),
            "QUEUE_URL": f"{redis}/1",
        }
        through = {
            "DISTRIBU_DATABASE_URL": replace(postgres, port=gates["database"].port).url("soak"),
            "DISTRIBU_IMAGE_STORE_URL": replace(
                minio, address=f"127.0.0.1:{gates['store'].port}"
            ).url("soak"),
            "DISTRIBU_QUEUE_URL": f"redis://127.0.0.1:{gates['queue'].port}/1",
        }
        outages = {
            f"the {name} is {mode}": lambda gate=gates[name], mode=mode: _gate_set(gate, mode)
            for name in gates
            for mode in (CUT, SILENT)
        }
        site = Site(_made(settings(folder, **direct)), outages, folder, gated=through)
        with _stopped_at_last(site):
            yield site


SITES = {"embedded": embedded, "servers": on_servers}


def _made(values: dict) -> Flask:
    app = create_app(values)
    with app.app_context():
        upgrade()
        app.extensions["image_store"].prepare()
    return app


@contextmanager
def _stopped_at_last(site: Site) -> Iterator[Site]:
    try:
        yield site
    finally:
        for process in site.processes:
            with suppress(ProcessLookupError):
                os.kill(process.process.pid, signal.SIGKILL)
        with site.app.app_context():
            db.session.remove()
            db.engine.dispose()
        close = getattr(site.app.extensions["huey"].storage, "close", None)
        if close:
            close()


@contextmanager
def _gate_set(gate: TcpGate, mode: str) -> Iterator[None]:
    gate.set(mode)
    try:
        yield
    finally:
        gate.set(OPEN)


@contextmanager
def _unmounted(store: Path) -> Iterator[None]:
    """A file is where the store was: nothing can be made in its place meanwhile."""
    away = store.with_suffix(".away")
    away.touch()
    _exchange(store, away)
    try:
        yield
    finally:
        _exchange(store, away)


def _exchange(one: Path, other: Path) -> None:
    paths = os.fsencode(one), os.fsencode(other)
    ends = (argument for path in paths for argument in (_THIS_FOLDER, path))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(*ends, _EXCHANGE) != 0:
        raise OSError(ctypes.get_errno(), "renameat2", str(one))


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
        while True:
            with suppress(sqlite3.OperationalError):
                connection.execute("BEGIN IMMEDIATE")
                break
            time.sleep(0.05)
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
