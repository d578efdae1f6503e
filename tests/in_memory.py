"""The folders of the tests in memory, where there is room: most of what they wait for is fsync.

Durability is counted in these tests, never felt: see tests/images/test_power_loss.py. TMPDIR says
otherwise.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
GIBIBYTE = 1024**3
# Besides what the servers, Chromium and the decoders of two workers take.
ROOM_BYTES, AVAILABLE_BYTES = 4 * GIBIBYTE, 6 * GIBIBYTE


def pytest_configure(config: pytest.Config) -> None:
    if "TMPDIR" not in os.environ and _is_roomy():
        os.environ["TMPDIR"] = str(MEMORY)
        # It keeps what it found first.
        tempfile.tempdir = None


def _is_roomy() -> bool:
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return False
    return shutil.disk_usage(MEMORY).free >= ROOM_BYTES and _available_bytes() >= AVAILABLE_BYTES


def _available_bytes() -> int:
    """Return what the kernel thinks programs can have before they are slowed down."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    [kibibytes] = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kibibytes) * 1024
