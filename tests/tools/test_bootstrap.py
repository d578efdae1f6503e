"""tools/bootstrap.py: the environment that make works in."""

import ast
import os
import sys
from pathlib import Path

import bootstrap
import pytest

LOCKS = [f"requirements/{name}.txt" for name in ("base", "bench", "test")]
FILES = ["setup.cfg", "pyproject.toml", *LOCKS]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty checkout for bootstrap to work on."""
    # A checkout of the test's own.
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setattr(bootstrap, "STAMP", str(tmp_path / ".venv" / "installed.json"))
    (tmp_path / "requirements").mkdir()
    for name in FILES:
        (tmp_path / name).write_text("as tested")
    return tmp_path


@pytest.fixture
def commands(checkout, monkeypatch):
    """The commands that bootstrap gives, noted and not run."""
    noted = []

    def note(command):
        noted.append(command)
        add_python(checkout)

    # The child processes, which would install packages.
    monkeypatch.setattr(bootstrap, "run", note)
    return noted


def add_python(checkout):
    """Put into the checkout what the virtual environment is known by."""
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch()


def kinds(commands):
    return ["venv" if "venv" in command else "pip" for command in commands]


@pytest.mark.parametrize("old", [(2, 7, 18), (3, 6, 15), (3, 10, 13)])
def test_bootstrap_tells_an_old_python_so_in_one_sentence(old):
    with pytest.raises(SystemExit) as told:
        bootstrap.require_python(old)
    assert str(told.value).startswith(f"Distribu needs Python 3.11 or newer, and this is {old[0]}.")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("new", [(3, 11, 0), (3, 13, 1), (4, 0, 0)])
def test_bootstrap_takes_every_python_from_the_oldest_on(new):
    bootstrap.require_python(new)


def test_bootstrap_has_no_syntax_that_old_pythons_cannot_read():
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef)
    signatures = [node for node in ast.walk(tree) if isinstance(node, ast.arg | ast.FunctionDef)]
    assert [node for node in ast.walk(tree) if isinstance(node, newer)] == []
    assert [node for node in signatures if getattr(node, "annotation", None)] == []


def test_bootstrap_creates_the_environment_first(checkout, commands):
    bootstrap.main([])
    assert commands[0] == [sys.executable, "-m", "venv", f"{checkout}/.venv"]
    assert kinds(commands) == ["venv", "pip", "pip"]


def test_bootstrap_installs_the_locked_packages_by_their_hashes(checkout, commands):
    bootstrap.main(["test"])
    assert commands[1][-3:] == [
        "--require-hashes",
        f"--requirement={checkout}/requirements/base.txt",
        f"--requirement={checkout}/requirements/test.txt",
    ]


def test_bootstrap_installs_the_checkout_alone(checkout, commands):
    bootstrap.main(["test"])
    assert commands[2][-4:] == ["--no-deps", "--no-build-isolation", "--editable", str(checkout)]


def test_bootstrap_installs_no_extra_that_nobody_asked_for(checkout, commands):
    bootstrap.main([])
    assert commands[1][-2:] == [
        "--require-hashes",
        f"--requirement={checkout}/requirements/base.txt",
    ]


def test_bootstrap_refuses_an_unknown_extra_in_one_sentence(commands):
    with pytest.raises(SystemExit, match=r"^There is no extra tset: requirements/ has no file"):
        bootstrap.main(["tset"])
    assert commands == []


def test_bootstrap_forgets_an_installed_extra_that_is_no_more(checkout, commands):
    bootstrap.main(["test"])
    (checkout / "requirements" / "test.txt").unlink()
    commands.clear()
    bootstrap.main([])
    assert commands[0][-1] == f"--requirement={checkout}/requirements/base.txt"


def test_bootstrap_does_nothing_the_second_time(commands):
    bootstrap.main(["test"])
    commands.clear()
    bootstrap.main([])
    assert commands == []


def test_bootstrap_keeps_the_extras_that_are_installed(checkout, commands):
    bootstrap.main(["test"])
    bootstrap.main(["bench"])
    locks = [argument for argument in commands[-2] if argument.startswith("--requirement=")]
    assert locks == [f"--requirement={checkout / name}" for name in LOCKS]


@pytest.mark.parametrize("changed", FILES)
def test_bootstrap_only_installs_when_the_versions_change(checkout, commands, changed):
    bootstrap.main(["bench", "test"])
    commands.clear()
    (checkout / changed).write_text("newer")
    bootstrap.main([])
    assert kinds(commands) == ["pip", "pip"]


def test_bootstrap_does_nothing_when_an_extra_that_is_not_installed_changes(checkout, commands):
    bootstrap.main(["test"])
    commands.clear()
    (checkout / "requirements" / "bench.txt").write_text("newer")
    bootstrap.main([])
    assert commands == []


def test_bootstrap_starts_anew_for_another_python(checkout, commands, monkeypatch):
    bootstrap.main([])
    commands.clear()
    monkeypatch.setattr(sys, "version", "3.99.0")
    bootstrap.main([])
    assert "--clear" in commands[0]


def test_bootstrap_never_empties_an_environment_that_others_made(checkout, commands):
    add_python(checkout)
    bootstrap.main([])
    assert "--clear" not in commands[0]


def test_bootstrap_tries_again_after_an_installation_that_failed(commands, monkeypatch):
    with monkeypatch.context() as offline:
        # As pip ends without a network.
        offline.setattr(bootstrap, "install", lambda extras: sys.exit("no network"))
        with pytest.raises(SystemExit, match="no network"):
            bootstrap.main([])
    commands.clear()
    bootstrap.main([])
    assert "pip" in commands[-1]


def test_bootstrap_names_the_package_that_debian_leaves_out(commands, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.\d+-venv$"):
        bootstrap.main([])


def test_bootstrap_installs_the_package_that_debian_leaves_out_as_root(commands, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    bootstrap.main([])
    assert commands[1][:2] == ["apt-get", "install"]


def test_bootstrap_shows_what_a_failing_command_printed(capsys):
    command = [sys.executable, "-c", "print('no such package'); raise SystemExit(1)"]
    with pytest.raises(SystemExit, match="This command failed"):
        bootstrap.run(command)
    assert "no such package" in capsys.readouterr().err
