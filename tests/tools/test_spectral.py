"""tools/spectral: errors of a document fail it, and what is missing does not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SPECTRAL = Path(__file__).parents[2] / "tools" / "spectral"
COMMANDS = "bash dirname env timeout"


@pytest.fixture
def machine(tmp_path):
    """A folder of commands, as the PATH of a machine without npx."""
    for command in COMMANDS.split():
        (tmp_path / command).symlink_to(shutil.which(command))
    return tmp_path


def add_npx(machine: Path, version: int, lint: int) -> None:
    """Add an npx whose package answers its version, and lints, with these statuses."""
    npx = machine / "npx"
    npx.write_text(
        f'#!/usr/bin/env bash\ncase "$*" in *lint*) exit {lint};; esac\nexit {version}\n'
    )
    npx.chmod(0o755)


def spectral(machine: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [SPECTRAL, "document.json"],
        env=os.environ | {"PATH": str(machine)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_npx_it_is_skipped_with_a_reason(machine):
    done = spectral(machine)
    assert done.returncode == 0
    assert done.stderr.startswith("spectral is skipped: npx is missing.")


def test_without_the_package_it_is_skipped_with_a_reason(machine):
    add_npx(machine, version=1, lint=0)
    done = spectral(machine)
    assert done.returncode == 0
    assert "cannot be had through npx" in done.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_it_ends_as_the_linter_does(machine, status):
    add_npx(machine, version=0, lint=status)
    assert spectral(machine).returncode == status
