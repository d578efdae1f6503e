"""tools/bootstrap.py: the environment that make works in."""

import ast
import os
import sys
from pathlib import Path

import bootstrap
import pytest


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty checkout for bootstrap to work on."""
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setattr(bootstrap, "STAMP", str(tmp_path / ".venv" / "installed.json"))
    for name in bootstrap.VERSION_FILES:
        (tmp_path / name).write_text("as tested")
    return tmp_path


@pytest.fixture
def commands(checkout, monkeypatch):
    """The commands that bootstrap gives, noted and not run."""
    noted = []

    def note(command):
        noted.append(command)
        add_python(checkout)

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


def test_bootstrap_makes_the_environment_and_installs_the_extras(checkout, commands):
    bootstrap.main(["test"])
    venv, pip = commands
    assert venv == [sys.executable, "-m", "venv", f"{checkout}/.venv"]
    assert pip[-3:] == [f"{checkout}[test]", "--constraint", f"{checkout}/constraints.txt"]


def test_bootstrap_does_nothing_the_second_time(commands):
    bootstrap.main(["test"])
    commands.clear()
    bootstrap.main([])
    assert commands == []


def test_bootstrap_keeps_the_extras_that_are_installed(checkout, commands):
    bootstrap.main(["test"])
    bootstrap.main(["bench"])
    assert f"{checkout}[bench,test]" in commands[-1]


@pytest.mark.parametrize("changed", ["setup.cfg", "pyproject.toml", "constraints.txt"])
def test_bootstrap_only_installs_when_the_versions_change(checkout, commands, changed):
    bootstrap.main([])
    commands.clear()
    (checkout / changed).write_text("newer")
    bootstrap.main([])
    assert ["pip" in command for command in commands] == [True]


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
