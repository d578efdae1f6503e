"""What is said in several places, by packaging, make and the container images, is the same."""

import ast
import re
import subprocess
import tomllib
from configparser import ConfigParser
from importlib.metadata import packages_distributions, version
from pathlib import Path

import bootstrap
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def setup_cfg() -> ConfigParser:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def requirements(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.splitlines() if line]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): pinned for name, pinned in pairs}


def minio_version() -> str:
    script = (ROOT / "tools" / "get-servers").read_text()
    return re.search("^MINIO_VERSION=(.+)$", script, re.MULTILINE)[1]


def every_requirement() -> list[Requirement]:
    config = setup_cfg()
    extras = "\n".join(config["options.extras_require"].values())
    return requirements(config["options"]["install_requires"] + "\n" + extras)


@pytest.mark.parametrize("requirement", every_requirement(), ids=lambda wanted: wanted.name)
def test_every_requirement_is_pinned_within_its_bounds(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


def imported_packages() -> set[str]:
    """The distributions that the application imports, by their names."""
    known = packages_distributions()
    modules = [
        module.partition(".")[0]
        for folder in ("distribu", "migrations")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in imported_modules(node)
    ]
    return {canonicalize_name(name) for module in modules for name in known.get(module, ())}


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []


def test_what_is_imported_is_required_and_nothing_else():
    wanted = requirements(setup_cfg()["options"]["install_requires"])
    # The client of Redis is an extra, and is imported where it is there.
    imported = imported_packages() - {"distribu", "redis"}
    assert {canonicalize_name(one.name) for one in wanted} == imported


def test_the_tests_run_on_the_pinned_versions():
    wanted = requirements(setup_cfg()["options"]["install_requires"])
    pinned = {name.name: pins()[canonicalize_name(name.name)] for name in wanted}
    assert {name: version(name) for name in pinned} == pinned


def test_the_oldest_python_is_the_same_everywhere():
    oldest = ".".join(map(str, bootstrap.OLDEST_PYTHON))
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert SpecifierSet(setup_cfg()["options"]["python_requires"]) == SpecifierSet(f">={oldest}")
    assert ruff["target-version"] == "py" + oldest.replace(".", "")
    assert f"FROM python:{oldest}-slim" in (ROOT / "Dockerfile").read_text()


def test_the_image_has_the_minio_that_the_tests_use():
    assert f"github.com/minio/minio@{minio_version()}\n" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("service", ["migrate", "web", "worker"])
def test_compose_sets_only_settings_that_exist(service):
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    settings = set(compose["services"][service]["environment"])
    known = set(re.findall(r"DISTRIBU_\w+", (ROOT / "distribu" / "config.py").read_text()))
    assert settings
    assert settings <= known


def test_make_run_names_the_stores_that_there_are():
    answer = subprocess.run(
        ["make", "run", "STORE=floppy"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 2
    assert "There is no STORE=floppy: it is directory or minio." in answer.stderr
