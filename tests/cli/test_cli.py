"""The flask commands, as somebody types them."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import pytest

from distribu.cli import companion
from distribu.cli.checks import find_problems
from distribu.cli.companion import Companion
from distribu.extensions import db
from distribu.images import staging
from distribu.images.decoding.sandbox import Sandbox
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import StoreMisconfigured
from distribu.images.sweep_lock import only_sweep
from distribu.models import Installation, new_id, utc_now
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png
from tests.images.life import add_accepted, add_company, has_object, upload
from tests.servers import free_port
from tests.test_worker import environment, wait_until

PATIENCE_SECONDS = 60


@pytest.fixture
def run(app):
    """A function that runs a flask command in this process; returns its status and output."""

    def run_command(*words: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=words)
        return result.exit_code, result.output

    return run_command


def problem_ids(app) -> list[str]:
    with app.app_context():
        return [problem.id for problem in find_problems()]


class TestCheck:
    def test_all_is_well(self, run):
        status, said = run("check")
        assert (status, said.count("\n")) == (0, 1)

    def test_a_problem_is_told_with_what_to_do(self, app, run):
        app.config["PUBLIC_URL"] = "https://shop.example.com"
        app.config["SECRET_KEY"] = "short"
        status, said = run("check")
        assert status == 1
        assert said.startswith("secret-weak: ")
        assert "token_urlsafe" in said

    def test_a_weak_secret_on_this_machine_alone_is_none(self, make_app):
        assert problem_ids(make_app(SECRET_KEY="short", PUBLIC_URL="http://127.0.0.1:8000")) == []

    def test_decoding_that_this_kernel_does_not_confine(self, app, monkeypatch):
        # A kernel that has neither.
        monkeypatch.setattr(
            app.extensions["image_sandbox"], "missing_layers", lambda: ["Landlock", "seccomp"]
        )
        with app.app_context():
            (problem,) = find_problems()
        assert problem.id == "decoding-unconfined"
        assert "Landlock and seccomp" in problem.message

    def test_decoding_that_does_not_start(self, app, monkeypatch):
        monkeypatch.setattr(sys, "executable", "/bin/false")
        app.extensions["image_sandbox"] = Sandbox()
        assert problem_ids(app) == ["decoding-fails"]

    def test_migration_missing(self, app, tmp_path):
        (tmp_path / "distribu.db").unlink()
        assert problem_ids(app) == ["migration-missing"]

    def test_database_unreachable_without_its_password(self, make_app, run):
        url = "postgresql+psycopg://distribu:confidential@127.0.0.1:1/distribu"
        app = make_app(SQLALCHEMY_DATABASE_URI=url)
        result = app.test_cli_runner().invoke(args=["check"])
        assert result.exit_code == 1
        assert result.output.startswith("database-unreachable")
        assert "confidential" not in result.output

    def test_queue_unreachable(self, make_app):
        assert problem_ids(make_app(QUEUE_URL="redis://127.0.0.1:1/0")) == ["queue-unreachable"]

    def test_store_unreachable(self, app):
        with store_of(app, FlakyStore(app.extensions["image_store"], at="prepare")):
            assert problem_ids(app) == ["store-unreachable"]

    def test_store_misconfigured_tells_message_and_hint_once(self, app, run):
        def refuse():
            raise StoreMisconfigured("The key is refused.", "Check it.")

        flaky = FlakyStore(app.extensions["image_store"], at="prepare", then=refuse)
        with store_of(app, flaky):
            assert run("check") == (1, "store-misconfigured: The key is refused.\n    Check it.\n")

    def test_credentials_refused(self, minio_server, fresh_name, make_app):
        url = minio_server.url(fresh_name("bucket"), secret="wrong-secret")
        app = make_app()
        with store_of(app, open_store(url)):
            result = app.test_cli_runner().invoke(args=["check"])
        assert result.exit_code == 1
        assert result.output.startswith("store-misconfigured: ")
        assert "wrong-secret" not in result.output

    def test_bucket_is_made(self, minio_url, make_app):
        app = make_app()
        with store_of(app, open_store(minio_url)) as bucket:
            assert problem_ids(app) == []
            assert bucket.keys() == set()

    def test_store_of_another_database(self, app):
        app.extensions["image_store"].put(f"images/{new_id()}/a.png", png(8, 8), "image/png")
        assert problem_ids(app) == ["store-foreign"]

    def test_the_store_is_claimed(self, app):
        assert problem_ids(app) == []
        with app.app_context():
            assert db.session.get(Installation, 1)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DISTRIBU_IMAGE_STORE_URL", "bucket"),
        ("DISTRIBU_DATABASE_URL", "distribu.db"),
        ("DISTRIBU_DATABASE_URL", "oracle://confidential@somewhere"),
    ],
)
def test_a_setting_that_says_nothing_is_told_in_a_sentence(app, setting, value):
    command = [sys.executable, "-m", "flask", "--app", "distribu", "check"]
    checked = subprocess.run(
        command,
        env=environment(app) | {setting: value},
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert checked.returncode == 1
    assert checked.stderr.startswith("Error: ")
    assert (setting in checked.stderr, "Traceback" in checked.stderr) == (True, False)


class TestImages:
    def test_sweep(self, app, run):
        with app.app_context():
            image = staging.stage(add_company(), upload())
            image.kept_until = utc_now()
            db.session.commit()
        assert run("images", "sweep") == (0, "")
        assert app.extensions["image_store"].keys() == set()

    def test_sweep_says_that_another_one_is_under_way(self, app, run):
        with app.app_context(), only_sweep() as is_only:
            assert is_only
            status, said = run("images", "sweep")
        assert (status, "Another sweep is under way." in said) == (1, True)

    def test_doctor_is_content(self, run):
        assert run("images", "doctor")[0] == 0

    def test_doctor_finds_repairs_and_purges(self, app, run):
        run("check")
        key = f"images/{new_id()}/a.png"
        with app.app_context():
            add_accepted(add_company())
        app.extensions["image_store"].put(key, png(8, 8), "image/png")
        status, said = run("images", "doctor")
        assert (status, f"extra: {key}" in said) == (1, True)
        status, said = run("images", "doctor", "--repair")
        assert (status, "1 found, 1 repaired." in said) == (0, True)
        assert run("images", "doctor")[0] == 0
        assert has_object(app.extensions["image_store"], key)
        assert run("images", "doctor", "--purge")[0] == 0
        assert not has_object(app.extensions["image_store"], key)

    def test_doctor_says_that_the_database_is_older_than_the_store(self, app, run):
        run("check")
        app.extensions["image_store"].put(f"images/{new_id()}/a.png", png(8, 8), "image/png")
        status, said = run("images", "doctor", "--repair")
        assert (status, "older than its image store" in said) == (1, True)
        assert "database-older" in run("check")[1]
        assert run("images", "doctor", "--repair", "--accept-older")[0] == 0
        assert run("check")[0] == 0

    def test_doctor_refuses_to_repair_the_store_of_another_database(self, app, run):
        key = f"images/{new_id()}/a.png"
        app.extensions["image_store"].put(key, png(8, 8), "image/png")
        status, said = run("images", "doctor", "--repair")
        assert (status, "another database" in said) == (1, True)
        assert app.extensions["image_store"].keys() == {key}

    def test_doctor_on_a_store_that_is_down(self, app, run):
        with store_of(app, FlakyStore(app.extensions["image_store"], at="objects")):
            assert run("images", "doctor")[0] == 1


class TestServeRefuses:
    @pytest.fixture
    def taken_port(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            yield server.getsockname()[1]

    def test_a_taken_port_in_one_sentence_before_anything_starts(self, run, taken_port, tmp_path):
        status, said = run("serve", "--port", str(taken_port), "--demo")
        assert status == 1
        assert said.count("\n") == 1
        assert f"port {taken_port}" in said
        assert not (tmp_path / "queue.db").exists()

    def test_a_host_that_is_not_here(self, run):
        assert run("serve", "--host", "host.invalid")[0] == 1

    def test_a_missing_migration(self, run, tmp_path):
        (tmp_path / "distribu.db").unlink()
        status, said = run("serve", "--port", str(free_port()))
        assert (status, "flask db upgrade" in said) == (1, True)


class Served:
    """A flask serve, and every process that belongs to it."""

    def __init__(self, app, *options: str):
        self.port = free_port()
        command = [sys.executable, "-m", "flask", "--app", "distribu", "serve", *options]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            env=environment(app),
            stdout=subprocess.PIPE,
            text=True,
            # As in a terminal: Ctrl-C reaches every process of the group.
            start_new_session=True,
        )

    def answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login"):
            return True
        return False

    def family(self) -> set[int]:
        """The ids of the processes that it has started, and they."""
        parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
        family, size = {self.process.pid}, 0
        while len(family) > size:
            size = len(family)
            family |= {child for child, parent in parents.items() if parent in family}
        return family - {self.process.pid}

    def worker(self) -> int | None:
        return self._child(b"worker")

    def answering(self) -> int | None:
        """The id of the process that answers requests."""
        return self._child(b"serve")

    def _child(self, word: bytes) -> int | None:
        found = (pid for pid in self.family() if word in _read(f"/proc/{pid}/cmdline"))
        return next(found, None)

    def ends(self, family: set[int]) -> bool:
        self.process.wait(PATIENCE_SECONDS)
        return wait_until(lambda: not any(map(_is_running, family)))


def _read(path: str) -> bytes:
    with suppress(OSError):
        return Path(path).read_bytes()
    return b""


def _parent(folder: Path) -> int:
    return int(_state(folder.name)[1])


def _is_running(pid: int) -> bool:
    return _state(pid)[0] not in (b"", b"Z")


def _state(pid: int | str) -> list[bytes]:
    """Return a process's state and parent from /proc; "" and 0 where there is no process."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split() or [b"", b"0"]


@pytest.fixture
def served(app):
    """Distribu as it is run: pages, and the worker beside them."""
    served = Served(app)
    assert wait_until(served.answers)
    assert wait_until(served.worker)
    yield served
    family = served.family()
    served.process.terminate()
    assert served.ends(family)
    served.process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="counts processes in /proc")
class TestServe:
    def test_it_tells_its_address(self, served):
        assert (
            served.process.stdout.readline() == f"Distribu is at http://127.0.0.1:{served.port}\n"
        )

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_no_process_outlives_it(self, served, number):
        family = served.family()
        assert len(family) >= 2
        end = os.kill if number != signal.SIGINT else os.killpg
        end(served.process.pid, number)
        assert served.ends(family)

    def test_it_ends_after_one_of_its_processes_was_killed(self, served):
        killed = served.answering()
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: served.answering() not in (None, killed) and served.answers())
        family = served.family()
        served.process.terminate()
        assert served.ends(family)


# Notes its process, that it has started, and each SIGTERM.
LOGGING = """
import os, signal, sys, time
def note(word):
    with open({log!r}, "a") as log:
        print(word, file=log)
signal.signal(signal.SIGTERM, lambda *_: ({on_term}))
note(os.getpid())
note("started")
while True:
    time.sleep(600)
"""


class TestCompanion:
    @pytest.fixture
    def run_companion(self, monkeypatch):
        """A function that keeps a Python program running, started anew without a pause."""
        # A limit that the test can reach.
        monkeypatch.setattr(companion, "RESTART_SECONDS", 0)
        running = []

        def start(program: str) -> Companion:
            # The child process.
            monkeypatch.setattr(companion, "COMMAND", (sys.executable, "-c", program))
            running.append(Companion(stop_seconds=1))
            running[-1].start()
            return running[-1]

        yield start
        for one in running:
            one.stop()

    def test_one_that_dies_is_started_again(self, run_companion, tmp_path):
        log = tmp_path / "starts"
        run_companion(f"open({str(log)!r}, 'a').write('x')")
        assert wait_until(lambda: log.exists() and len(log.read_text()) >= 3)

    def test_one_that_was_told_to_end_is_not_started_again(self, run_companion, tmp_path):
        log = tmp_path / "log"
        told = run_companion(LOGGING.format(log=str(log), on_term="note('told'), sys.exit()"))
        assert wait_until(lambda: log.exists() and "started" in log.read_text())
        told.end()
        assert wait_until(lambda: "told" in log.read_text())
        told.stop()
        assert log.read_text().split()[1:] == ["started", "told"]

    def test_one_that_ignores_the_end_is_killed(self, run_companion, tmp_path):
        log = tmp_path / "log"
        stubborn = run_companion(LOGGING.format(log=str(log), on_term="note('told')"))
        assert wait_until(lambda: log.exists() and "started" in log.read_text())
        stubborn.stop()
        pid, *noted = log.read_text().split()
        assert noted == ["started", "told"]
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
