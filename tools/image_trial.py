"""Run inside the container image by tools/image.py: the commands that compose.yaml starts there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

ADDRESS = "http://127.0.0.1:8000"
READY_SECONDS = 60
# A container engine kills after ten.
STOP_SECONDS = 9


def main() -> None:
    assert os.getuid() != 0, "the image runs as root"
    assert not any(map(shutil.which, ("gcc", "cc"))), "the image has a compiler"
    for command in (["flask", "db", "upgrade"], ["flask", "check"]):
        subprocess.run(command, check=True)
    for command, is_ready in ((["flask", "serve"], answers), (["flask", "worker"], lambda: True)):
        starts_and_stops(command, is_ready)


def starts_and_stops(command: list[str], is_ready) -> None:
    with subprocess.Popen(command) as process:
        try:
            wait_until_ready(command, process, is_ready)
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
        finally:
            # Nobody would end it otherwise, and the block waits for it.
            process.kill()
        assert status in (0, -signal.SIGTERM), f"{command} ended with {status}"


def wait_until_ready(command: list[str], process: subprocess.Popen, is_ready) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready():
        assert process.poll() is None, f"{command} ended by itself"
        assert time.monotonic() < deadline, f"{command} did not answer"
        time.sleep(0.2)
    # Time to take over the signals.
    time.sleep(2)


def answers() -> bool:
    try:
        with urlopen(f"{ADDRESS}/readyz", timeout=5) as answer:
            return json.load(answer)["status"] == "ok" and urlopen(f"{ADDRESS}/login").status == 200
    except (URLError, ConnectionError):
        return False


if __name__ == "__main__":
    sys.exit(main())
