"""Values that stand in several places (packaging, make, container images) agree."""

import ast
import re
import subprocess
import tomllib
from configparser import ConfigParser
from dataclasses import dataclass
from importlib.metadata import packages_distributions, version
from itertools import chain
from pathlib import Path

import bootstrap
import lock
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from setuptools.config.setupcfg import read_configuration

ROOT = Path(__file__).parents[2]
HASH = re.compile("sha256:[0-9a-f]{64}")
# Plugins of pytest, commands, and types for one of these.
USED_WITHOUT_IMPORT = {
    "mypy",
    "openapi-python-client",
    "pytest-playwright",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "types-flask-migrate",
    "types-wtforms",
}
IMAGE_LOCKS = [f"requirements/{name}.txt" for name in ("base", "postgres", "redis")]


def setup_cfg() -> ConfigParser:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def requirements(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.splitlines() if line]


def requirements_by_lock() -> dict[str, str]:
    """Map the lock files, by their names, to the requirements that setup.cfg makes for them."""
    config = setup_cfg()
    base = config["options"]["install_requires"]
    return {"base": base, **config["options.extras_require"]}


@dataclass(frozen=True)
class Entry:
    """A package in a lock: the pinned requirement, and the hashes of its files."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        [pin] = self.requirement.specifier
        return pin.version


def read_lock(name: str) -> list[Entry]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    lines = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    parts = [line.split(" --hash=") for line in lines]
    return [
        Entry(Requirement(wanted.strip()), tuple(map(str.strip, hashes)))
        for wanted, *hashes in parts
    ]


def entries() -> list[Entry]:
    return [entry for name in requirements_by_lock() for entry in read_lock(name)]


def pins() -> dict[str, str]:
    return {entry.name: entry.version for entry in entries()}


def minio_version() -> str:
    script = (ROOT / "tools" / "get-servers").read_text()
    return re.search("^MINIO_VERSION=(.+)$", script, re.MULTILINE)[1]


def every_requirement() -> list[Requirement]:
    return [one for text in requirements_by_lock().values() for one in requirements(text)]


def test_setuptools_reads_the_requirements_without_their_comments():
    read = read_configuration(ROOT / "setup.cfg")["options"]
    by_lock = {"base": read["install_requires"], **read["extras_require"]}
    assert {name: list(map(Requirement, lines)) for name, lines in by_lock.items()} == {
        name: requirements(text) for name, text in requirements_by_lock().items()
    }


@pytest.mark.parametrize("requirement", every_requirement(), ids=lambda wanted: wanted.name)
def test_a_comment_above_every_requirement_says_what_it_is_for(requirement):
    above = rf"^    # \w.{{5,}}\n    {requirement.name}[ \[]"
    assert len(re.findall(above, (ROOT / "setup.cfg").read_text(), re.MULTILINE)) == 1


@pytest.mark.parametrize("requirement", every_requirement(), ids=lambda wanted: wanted.name)
def test_every_requirement_ends_before_the_next_major_version(requirement):
    pinned = Version(pins()[canonicalize_name(requirement.name)])
    ceilings = [bound.version for bound in requirement.specifier if bound.operator == "<"]
    assert ceilings == [str(pinned.major + 1)]


@pytest.mark.parametrize(
    ("name", "wanted"), requirements_by_lock().items(), ids=requirements_by_lock()
)
def test_a_lock_holds_every_requirement_within_its_bounds(name, wanted):
    # What base has already is not repeated in the lock of an extra.
    locked = {entry.name: entry.version for entry in read_lock("base") + read_lock(name)}
    for one in requirements(wanted):
        assert locked[canonicalize_name(one.name)] in one.specifier


def test_every_extra_has_a_lock_and_no_other_lock_is_left():
    locks = {path.stem for path in (ROOT / "requirements").iterdir()}
    assert locks == set(requirements_by_lock())


@pytest.mark.parametrize("name", requirements_by_lock())
def test_every_entry_of_a_lock_is_pinned_and_has_hashes(name):
    held = read_lock(name)
    assert held
    assert [entry for entry in held if not entry.hashes] == []
    assert {one for entry in held for one in entry.hashes if not HASH.fullmatch(one)} == set()
    assert {bound.operator for one in held for bound in one.requirement.specifier} == {"=="}


@pytest.mark.parametrize("name", requirements_by_lock())
def test_a_lock_names_no_place_that_packages_come_from(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert re.findall(r"--(?!hash=)\S+|^-.*|\S*/\S*", text, re.MULTILINE) == []


def test_the_lock_has_what_installs_the_checkout():
    [wanted] = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    [locked] = [entry for entry in read_lock("base") if entry.name == "setuptools"]
    assert locked.version in Requirement(wanted).specifier
    assert locked.requirement.marker is None


@pytest.mark.parametrize("python", ["3.11.7", "3.12.1", "3.13.0", "3.14.0"])
def test_every_python_gets_one_version_of_each_package(python):
    place = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    installed = {
        (entry.name, entry.version)
        for entry in entries()
        if entry.requirement.marker is None or entry.requirement.marker.evaluate(place)
    }
    assert len(installed) == len(dict(installed))
    assert dict(installed).keys() >= {canonicalize_name(one.name) for one in every_requirement()}


def test_make_lock_leaves_to_base_only_what_it_installs_everywhere():
    base = "idna==3.20 \\\n    --hash=sha256:1\ntzdata==2026.6 ; sys_platform == 'win32' \\\n"
    together = "idna==3.20\ntzdata==2026.6\npluggy==1.7.0\n"
    assert lock.entries_in_both(base, together) == ["idna"]
    assert lock.entries_in_both(together, together) == ["idna", "tzdata", "pluggy"]


def test_the_image_installs_the_locks_by_their_hashes_and_then_the_checkout_alone():
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    options = chain.from_iterable(("-r", path) for path in IMAGE_LOCKS)
    locks, checkout = [re.split(r" +", line) for line in re.findall("pip install (.+)", dockerfile)]
    assert locks == ["--root-user-action=ignore", "--require-hashes", *options]
    assert checkout[1:] == ["--no-deps", "--no-build-isolation", "--editable", "."]


def test_the_image_is_given_the_locks_that_it_installs():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line for line in ignored if "requirements" in line} == {
        f"!{path}" for path in IMAGE_LOCKS
    }


def imported_packages(*folders: str) -> set[str]:
    """Return the distributions that the code in the folders imports."""
    known = packages_distributions()
    modules = [
        module.partition(".")[0]
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in imported_modules(node)
    ]
    # A module that is not installed, as those of other extras, is known by its own name.
    return {canonicalize_name(name) for module in modules for name in known.get(module, [module])}


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []


def test_what_is_imported_is_required_and_nothing_else():
    wanted = requirements(setup_cfg()["options"]["install_requires"])
    installed = {canonicalize_name(name) for name in chain(*packages_distributions().values())}
    # The clients of PostgreSQL and Redis, and Brotli, are extras, and are imported where they are.
    extras = {"psycopg", "redis", "brotli"}
    imported = (imported_packages("distribu", "migrations") & installed) - {"distribu"} - extras
    assert {canonicalize_name(one.name) for one in wanted} == imported


def test_what_the_tests_import_is_required_and_nothing_else():
    extras = setup_cfg()["options.extras_require"]
    wanted = {canonicalize_name(one.name) for one in requirements("\n".join(extras.values()))}
    assert wanted - USED_WITHOUT_IMPORT <= imported_packages("distribu", "tests")
    everything = {canonicalize_name(one.name) for one in every_requirement()}
    # setuptools is what pyproject.toml requires.
    assert imported_packages("tests") & pins().keys() <= everything | {"setuptools"}


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
    environment = compose["services"][service]["environment"]
    settings = {name.removesuffix("_FILE") for name in environment}
    known = set(re.findall(r"DISTRIBU_\w+", (ROOT / "distribu" / "config.py").read_text()))
    assert settings
    assert settings <= known


def test_make_run_names_the_stores_that_there_are():
    answer = subprocess.run(
        ["make", "run", "STORE=floppy"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 2
    assert "There is no STORE=floppy: it is directory or minio." in answer.stderr
