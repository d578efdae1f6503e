"""flask serve and flask worker: the processes of Distribu."""

import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP2Settings
from granian.log import LogLevels
from sqlalchemy import select

from .. import worker as queue_worker
from ..config import announce
from ..extensions import db
from ..http.request_ids import log_formatter
from ..models import Company
from ..serving.front import Front
from .checks import TRANSIENT_PROBLEM_IDS, check_database, find_problems, format_problem
from .companion import Companion

# Connections waiting to be accepted, and open connections per process; idle ones cost little.
BACKLOG = 4096
CONNECTIONS = 8192
# How often HTTP/2 asks whether the client is still there; a connection that does not answer within
# 20 seconds is closed. HTTP/1.1 connections are closed after 30 seconds without a request.
PING_MILLISECONDS = 30_000
# Decoding has a lower priority than the pages of its process.
DECODING_NICENESS = 10
# How long a process may take to end before it is killed.
STOP_SECONDS = queue_worker.STOP_SECONDS + 3


@click.command
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that answer requests.")
@click.option("--demo", is_flag=True, help="Migrate, and add a demo company at the first start.")
@with_appcontext
def serve(host: str, port: int, workers: int, demo: bool) -> None:
    """Serve web requests; with the embedded queue, also run a worker."""
    with locked_port(host, port):
        address = f"http://{host if host not in ('0.0.0.0', '::') else '127.0.0.1'}:{port}"
        current_app.config["PUBLIC_URL"] = announce(address)
        if demo:
            _refuse_problems(check_database())
            upgrade()
        _refuse_problems(find_problems())
        greeting = f"Distribu is at {address}{_demo_login() if demo else ''}\nCtrl-C ends it."
        _serve(host, port, workers, greeting)


def _serve(host: str, port: int, workers: int, greeting: str) -> None:
    _raise_descriptor_limit()
    is_embedded = current_app.config["QUEUE_URL"].startswith("sqlite")
    server = Server(
        "distribu",
        companion=Companion(STOP_SECONDS) if is_embedded else None,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http2_settings=HTTP2Settings(keep_alive_interval=PING_MILLISECONDS),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    server.on_startup(lambda: click.echo(greeting))
    _close_before_fork(current_app)
    server.serve(target_loader=partial(load_front, server.is_ending), wrap_loader=False)


@click.command
@click.option("--embedded", is_flag=True, hidden=True, help="End when standard input does.")
@with_appcontext
def worker(embedded: bool) -> None:
    """Run the tasks of the queue until told to end."""
    handler = logging.StreamHandler()
    handler.setFormatter(log_formatter(current_app.config, "worker: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("alembic", "huey"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if embedded:
        end_after(lambda: os.read(0, 1))
    _refuse_problems(find_problems())
    queue_worker.run()
    # At low priority on a busy machine, Python's own clean-up can take half a minute.
    os._exit(0)


# granian chooses its base class at run time.
class Server(Granian):  # type: ignore[misc, valid-type]
    """Granian, except that it tells all processes to end before it waits for any of them."""

    def __init__(self, *args, companion: Companion | None, **kwargs):
        super().__init__(*args, **kwargs)
        # A pipe that nobody reads from. Not an Event: set() waits for each process waiting on it,
        # even for one that was killed meanwhile.
        self.is_ending, self._end = multiprocessing.Pipe(duplex=False)
        self._companion = companion
        if companion:
            self.on_startup(companion.start)
            self.on_shutdown(companion.stop)

    def shutdown(self, exit_code: int = 0) -> None:
        self._end.send_bytes(b"end")
        if self._companion:
            self._companion.end()
        super().shutdown(exit_code)


def load_front(is_ending: Connection) -> Front:
    """Return the front of one process of the server, which ends with its parent.

    is_ending: becomes readable when the server is to end.
    """
    # Leave Ctrl-C to the parent: granian's process may hang when told to end twice at once.
    os.setpgrp()
    parent = parent_process()
    assert parent is not None
    end_after(parent.join)
    app = import_module("distribu").create_app()
    app.extensions["image_sandbox"].niceness = DECODING_NICENESS
    return Front(app, partial(is_ending.poll, None))


def end_after(wait: Callable[[], object]) -> None:
    """End this process when wait() returns, whatever it is doing."""

    def watch() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def locked_port(host: str, port: int) -> Iterator[None]:
    """Keep other servers off this port; exit with a sentence if it is not available.

    The server's processes share the port, and the kernel would let a second server share it too,
    which would then get half of the requests.
    """
    with socket.socket(socket.AF_UNIX) as lock:
        try:
            _probe_port(host, port)
            if sys.platform == "linux":
                # An abstract socket has no file, and vanishes with this process in any case.
                lock.bind(f"\0distribu-serve-{port}")
        except OSError as error:
            raise click.ClickException(
                f"Nothing can listen on port {port} of {host}: {error.strerror}. "
                "Choose another --port."
            ) from error
        yield


def _probe_port(host: str, port: int) -> None:
    """Raise OSError if the port is not available."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # Like servers, ignore the remains of closed connections.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _raise_descriptor_limit() -> None:
    """Allow this process and its children as many open connections as the server accepts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))


def _refuse_problems(problems: list) -> None:
    """Print the problems, and exit if one of them will not pass by itself."""
    for problem in problems:
        click.echo(format_problem(problem), err=True)
    if any(problem.id not in TRANSIENT_PROBLEM_IDS for problem in problems):
        raise SystemExit(1)


def _demo_login() -> str:
    """Create the demo company if there is none; return a text that says how to sign in."""
    from ..seed import DEMO_EMAIL, DEMO_PASSWORD, seed_demo

    key = None
    if db.session.scalar(select(Company.id).limit(1)) is None:
        click.echo("Making the demo company and its images ...")
        key = seed_demo()
    told = f"\nAPI key with all permissions, shown this once: {key}" if key else ""
    return f"\nSign in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}{told}"


def _close_before_fork(app: Flask) -> None:
    """Close connections and decoding children, which a forked process must not share."""
    app.extensions["image_sandbox"].close()
    db.session.remove()
    db.engine.dispose()
    app.extensions["huey"].storage.close()
