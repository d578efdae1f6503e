"""Types are checked by make lint; here, how often the strict rooms evade that, and why."""

import ast
import re
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import distribu

PACKAGE = Path(distribu.__file__).parent
ROOMS = ("images", "models", "http", "products")
# How often all strict rooms together may use each.
MOST = {"type: ignore": 20, "cast": 20, "Any": 10}
IGNORE = re.compile(r"# type: ignore\b(\[[\w-]+(, [\w-]+)*\])?")


@dataclass(frozen=True)
class Evasion:
    """A place that overrides the type checker. kind: a key of MOST."""

    kind: str
    place: str
    is_explained: bool


def evasions(source: str, name: str) -> list[Evasion]:
    lines = source.splitlines()
    tree = ast.parse(source)
    found = [
        ("type: ignore", number) for number, line in enumerate(lines, 1) if IGNORE.search(line)
    ]
    found += [
        (node.id, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in MOST
    ]
    return [
        Evasion(kind, f"{name}:{number}", is_explained(lines, tree, number))
        for kind, number in found
    ]


def is_explained(lines: list[str], tree: ast.Module, number: int) -> bool:
    """Return whether a comment is on the line, above it, or above its statement."""
    starts = [
        min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= number <= (node.end_lineno or 0)
    ]
    above = [
        lines[start - 2].strip() for start in (number, max(starts, default=number)) if start > 1
    ]
    on_it = IGNORE.sub("", lines[number - 1])
    return "# " in on_it or any(line.startswith("# ") for line in above)


@cache
def strict_evasions() -> list[Evasion]:
    return [
        evasion
        for room in ROOMS
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for evasion in evasions(path.read_text(encoding="utf-8"), str(path.relative_to(PACKAGE)))
    ]


@pytest.mark.parametrize("kind", MOST)
def test_strict_rooms_evade_the_checker_no_more_often_than_agreed(kind):
    places = [evasion.place for evasion in strict_evasions() if evasion.kind == kind]
    assert places
    assert len(places) <= MOST[kind], places


def test_a_comment_says_why_at_every_place():
    assert [one.place for one in strict_evasions() if not one.is_explained] == []


def test_strict_rooms_are_checked_strictly_and_by_lint():
    config = ConfigParser()
    config.read(PACKAGE.parent / "setup.cfg")
    sections = {"mypy-" + ",".join(f"distribu.{room}.*" for room in ROOMS)}
    assert sections <= set(config.sections())
    recipe = (PACKAGE.parent / "Makefile").read_text().split("\nlint:\n")[1].split("\n\n")[0]
    assert "\t@$(IN_VENV) mypy\n" in recipe


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = y  # type: ignore[arg-type]\n", [("type: ignore", False)]),
        ("x = y  # type: ignore[arg-type]  # because\n", [("type: ignore", True)]),
        ("# Because.\nx = cast(int, y)\n", [("cast", True)]),
        ("# Because.\nx = [\n    1,\n    cast(int, y),\n]\n", [("cast", True)]),
        ("x = 1\ny: Any = x\n", [("Any", False)]),
        ("from typing import Any\n", []),
    ],
)
def test_evasions_are_found_with_their_reasons(source, expected):
    found = [(one.kind, one.is_explained) for one in evasions(source, "module.py")]
    assert found == expected
