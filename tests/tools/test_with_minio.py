"""tools/with_minio.py: a command on a MinIO of its own."""

import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import with_minio

# Any free port, since others on this machine may want the usual one. Ctrl+C counts as in a
# terminal, since a suite that a script starts in the background ignores it.
RUN = """
import signal, sys
import with_minio
signal.signal(signal.SIGINT, signal.default_int_handler)
with_minio.USUAL_PORT = 0
sys.exit(with_minio.main(sys.argv[1:]))
"""
ASK = """
import os, signal, urllib.request
address = os.environ["DISTRIBU_IMAGE_STORE_URL"].split("@")[1].split("/")[0]
def ask():
    answer = urllib.request.urlopen(f"http://{address}/minio/health/ready")
    print(answer.status, address, flush=True)
"""
# Ctrl+C is held back from before the first answer on: with signal.pause() it was lost, and waited
# for without end, where it came between the answer and the pause.
ASK_AND_WAIT = f"""
{ASK}
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
ask()
signal.sigwait([signal.SIGINT])
ask()
"""


@contextmanager
def running(instance: Path, script: str):
    """Yield with_minio in a session of its own; what script prints comes through a pipe."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, sys.executable, "-c", script],
        cwd=Path(with_minio.__file__).parent,
        env=os.environ | {"DISTRIBU_INSTANCE": str(instance)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process
        process.kill()


def accepts(address: str) -> bool:
    url = urlsplit(f"http://{address}")
    try:
        socket.create_connection((url.hostname, url.port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_with_minio_makes_its_credentials_once_and_for_this_user_alone(tmp_path):
    file = tmp_path / "credentials"
    assert with_minio.credentials(file) == with_minio.credentials(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_with_minio_takes_another_port_where_its_own_is_taken(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        # The port that is taken.
        monkeypatch.setattr(with_minio, "USUAL_PORT", taken.getsockname()[1])
        assert with_minio.free_port() not in {with_minio.USUAL_PORT, 0}


@pytest.mark.usefixtures("minio_server")
def test_with_minio_lasts_as_long_as_the_command(tmp_path):
    with running(tmp_path, ASK + "ask(); raise SystemExit(3)") as process:
        announced, answer = process.communicate(timeout=60)[0].splitlines()
    status, address = answer.split()
    assert f"at http://{address}" in announced
    assert (status, process.returncode) == ("200", 3)
    assert not accepts(address)


@pytest.mark.usefixtures("minio_server")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_with_minio_takes_command_and_store_along_when_it_is_told_to_end(tmp_path, number):
    with running(tmp_path, ASK_AND_WAIT) as process:
        process.stdout.readline()
        address = process.stdout.readline().split()[1]
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
    assert not accepts(address)


@pytest.mark.usefixtures("minio_server")
def test_with_minio_keeps_the_store_until_a_command_has_ended_after_ctrl_c(tmp_path):
    with running(tmp_path, ASK_AND_WAIT) as process:
        process.stdout.readline()
        address = process.stdout.readline().split()[1]
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == f"200 {address}\n"
        process.wait(timeout=60)
    assert not accepts(address)
