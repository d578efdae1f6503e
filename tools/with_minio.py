"""Run a command with a MinIO of its own as its image store, and stop MinIO when it ends.

Usage: python tools/with_minio.py COMMAND [ARGUMENT ...]

MinIO's data and credentials (made at the first run) are kept under instance/minio, and so is all
that the command keeps, since the images in a store belong to the rows of one database.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

HOME = Path(os.environ.get("DISTRIBU_INSTANCE", "instance")).absolute() / "minio"
USUAL_PORT = 9000
# Its console would listen on every interface, and its updates are asked for on the network.
SETTINGS = {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
READY_SECONDS = 30


def main(command: list[str]) -> int:
    HOME.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    user, password = credentials(HOME / "credentials")
    address = f"127.0.0.1:{free_port()}"
    minio = start_minio(address, user, password)
    try:
        wait_until_ready(minio, address)
        print(f"MinIO keeps the images in {HOME / 'data'}, at http://{address}", flush=True)
        return run(command, f"s3+http://{user}:{password}@{address}/distribu")
    finally:
        minio.terminate()
        minio.wait()


def leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def credentials(file: Path) -> tuple[str, str]:
    """Return user and password, made at the first call and readable to this user alone."""
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(f"distribu {secrets.token_hex(20)}\n")
    user, password = file.read_text().split()
    return user, password


def free_port() -> int:
    """Return MinIO's usual port, or any free one where that is taken."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise SystemExit("No port is free on 127.0.0.1.")


def start_minio(address: str, user: str, password: str) -> subprocess.Popen:
    """Start MinIO in a session of its own, where Ctrl-C does not reach it: it is stopped last."""
    binary = shutil.which("minio") or Path.home() / ".cache/distribu/bin/minio"
    # Where Linux can, MinIO also ends with a parent that was killed.
    prefix = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    with open(HOME / "minio.log", "ab") as log:
        return subprocess.Popen(
            [*prefix, binary, "server", HOME / "data", "--address", address, "--quiet"],
            env=os.environ | SETTINGS | {"MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_until_ready(minio: subprocess.Popen, address: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while minio.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://{address}/minio/health/ready", timeout=1).close()
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    raise SystemExit(f"MinIO did not start; {HOME / 'minio.log'} says why.")


def run(command: list[str], store_url: str) -> int:
    """Run command on the store; return its exit status, also where Ctrl-C ended it."""
    settings = {"DISTRIBU_INSTANCE": str(HOME), "DISTRIBU_IMAGE_STORE_URL": store_url}
    server = subprocess.Popen(command, env=os.environ | settings)
    try:
        return server.wait()
    except KeyboardInterrupt:
        # The terminal has told the server as well: let it finish.
        return server.wait()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
