"""tools/get-servers: what it gets, and what it says where it cannot."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

GET_SERVERS = Path(__file__).parents[2] / "tools" / "get-servers"
MINIO_VERSION = re.search("^MINIO_VERSION=(.+)$", GET_SERVERS.read_text(), re.MULTILINE)[1]
COMMANDS = "bash cat chmod env id ln ls mkdir mv nice rm setsid sleep sort touch"

GO = """#!/usr/bin/env bash
if [ "$1" = env ]; then echo {version}; exit; fi
echo "$*" >>"$HOME/builds"
{build}
"""


@pytest.fixture
def machine(tmp_path):
    """A machine without any server: PATH and HOME of its own."""
    (tmp_path / "bin").mkdir()
    for command in COMMANDS.split():
        (tmp_path / "bin" / command).symlink_to(shutil.which(command))
    return tmp_path


def add_command(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(script)
    path.chmod(0o755)


def add_go(machine: Path, version="go1.26.8", build='touch "$GOBIN/minio"; chmod +x $_') -> None:
    add_command(machine, "go", GO.format(version=version, build=build))


def get_servers(machine: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [GET_SERVERS, *arguments],
        env={"HOME": str(machine), "PATH": str(machine / "bin"), "GOROOT": str(machine / "none")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def minio_binary(machine: Path) -> Path:
    return machine / ".cache" / "distribu" / "bin" / "minio"


def minio_marker(machine: Path) -> Path:
    return machine / ".cache" / "distribu" / "minio.building"


def write_marker(machine: Path, pid: int) -> None:
    minio_marker(machine).parent.mkdir(parents=True)
    minio_marker(machine).write_text(f"{pid}\n")


def test_get_servers_builds_minio_at_its_pinned_version(machine):
    add_go(machine)
    assert get_servers(machine, "minio").returncode == 0
    assert os.access(minio_binary(machine), os.X_OK)
    assert (machine / "builds").read_text() == f"install github.com/minio/minio@{MINIO_VERSION}\n"


def test_get_servers_builds_versitygw_only_where_it_is_asked_for(machine):
    add_go(machine, build='touch "$GOBIN/versitygw"; chmod +x $_')
    assert get_servers(machine, "versitygw").returncode == 0
    assert os.access(machine / ".cache" / "distribu" / "bin" / "versitygw", os.X_OK)
    (built,) = (machine / "builds").read_text().splitlines()
    assert built.startswith("install github.com/versity/versitygw/cmd/versitygw@v")


def test_get_servers_takes_the_marker_away_when_minio_is_built(machine):
    add_go(machine)
    get_servers(machine, "minio")
    assert {path.name for path in minio_marker(machine).parent.iterdir()} == {"bin", "minio.log"}


def test_get_servers_keeps_the_log_and_no_marker_when_the_build_fails(machine):
    add_go(machine, build="echo no route to host >&2; exit 1")
    answer = get_servers(machine, "minio")
    assert answer.returncode == 1
    assert "MinIO could not be built" in answer.stderr
    assert (machine / ".cache" / "distribu" / "minio.log").read_text() == "no route to host\n"
    assert not minio_marker(machine).exists()


def test_get_servers_builds_again_after_a_build_that_was_killed(machine):
    add_go(machine)
    dead = subprocess.Popen(["true"])
    dead.wait()
    write_marker(machine, dead.pid)
    assert get_servers(machine, "minio").returncode == 0
    assert minio_binary(machine).exists()


def test_get_servers_leaves_a_build_that_runs_alone(machine):
    add_go(machine)
    write_marker(machine, os.getpid())
    get_servers(machine)
    assert minio_marker(machine).read_text() == f"{os.getpid()}\n"
    assert not (machine / "builds").exists()


def test_get_servers_builds_nothing_where_minio_is_on_the_path(machine):
    add_go(machine)
    add_command(machine, "minio", "#!/usr/bin/env bash\n")
    assert get_servers(machine, "minio").returncode == 0
    assert not (machine / "builds").exists()


@pytest.mark.parametrize("version", ["go1.19.8", "go1.9", "go1.23.12"])
def test_get_servers_tells_an_old_go_so(machine, version):
    add_go(machine, version=version)
    answer = get_servers(machine, "minio")
    assert answer.returncode == 1
    assert f"Go {version.removeprefix('go')} is too old" in answer.stderr
    assert not (machine / "builds").exists()


def test_get_servers_goes_on_without_what_cannot_be_had(machine):
    answer = get_servers(machine)
    no_minio, no_packages = answer.stderr.splitlines()
    assert answer.returncode == 0
    assert "there is no Go here" in no_minio
    assert re.search(r"may not: .*redis-server .*chromium\. Their tests will skip", no_packages)


def test_get_servers_installs_the_missing_packages_as_root(machine):
    add_command(machine, "id", "#!/usr/bin/env bash\necho 0\n")
    add_command(machine, "apt-get", '#!/usr/bin/env bash\necho "$*" >>"$HOME/apt"\n')
    get_servers(machine)
    update, install = (machine / "apt").read_text().splitlines()
    assert update.endswith(" update")
    assert re.search("install -y --no-install-recommends .*redis-server .*chromium$", install)


def test_get_servers_takes_chromium_without_windows_where_it_is_offered(machine):
    add_command(machine, "id", "#!/usr/bin/env bash\necho 0\n")
    add_command(machine, "apt-get", '#!/usr/bin/env bash\necho "$*" >>"$HOME/apt"\n')
    add_command(machine, "apt-cache", "#!/usr/bin/env bash\n")
    get_servers(machine)
    assert (machine / "apt").read_text().endswith(" chromium-headless-shell\n")


def test_get_servers_does_without_it_where_it_is_not(machine):
    add_command(machine, "id", "#!/usr/bin/env bash\necho 0\n")
    add_command(machine, "apt-get", '#!/usr/bin/env bash\necho "$*" >>"$HOME/apt"\n')
    add_command(machine, "apt-cache", "#!/usr/bin/env bash\nexit 100\n")
    assert get_servers(machine).returncode == 0
    assert "headless" not in (machine / "apt").read_text()
