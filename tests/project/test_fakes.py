"""Fakes: tests use nothing private, and say why they replace a part of a running program."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
REPLACING = ("setattr", "delattr")

# Public, though they begin with an underscore.
PUBLIC = {"_exit", "_get_current_object"}
# Private names that tests use all the same, by file, each with its reason.
NAMED = {
    # Flask-Limiter keeps for the whole process that its storage died, and tells nobody.
    "test_outages.py": {"_storage_dead", "_limiter"},
    # Only the time that a page takes would show that a statement is composed again.
    "storefront/test_storefront.py": {"_found_by_index", "_page", "_counting"},
    # The bench compares the time with and without this cache.
    "bench/search.py": {"_item"},
}


# Parsing takes long, so only the files are parsed in which there may be something to find.
MAYBE_PRIVATE = re.compile(
    r"""(?<!self)\._[a-z]|import .*\b_[a-z]|^ +_\w+,$|["'.]_[a-z]\w*["']""", re.M
)


@cache
def sources() -> dict[str, str]:
    """The text of each file of the tests, by its path from there."""
    paths = sorted(TESTS.rglob("*.py"))
    return {str(path.relative_to(TESTS)): path.read_text(encoding="utf-8") for path in paths}


@cache
def tree_of(source: str) -> ast.Module:
    return ast.parse(source)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def private_uses(source: str) -> set[str]:
    """The private names that a file uses and that belong to no class of its own."""
    if not MAYBE_PRIVATE.search(source):
        return set()
    tree = tree_of(source)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    own = {
        one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for one in node.body
        if isinstance(one, functions)
    }
    own |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    return {name for node in ast.walk(tree) for name in _used(node) if is_private(name)} - own


def _used(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Call) and _function(node).endswith(("attr", "object")):
        # The name given to getattr(), patch.object() or setattr(), also as "module._name".
        names = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
        yield from (name.rpartition(".")[2] for name in names if isinstance(name, str))


def _function(call: ast.Call) -> str:
    """The last name of what is called, as "setattr" in monkeypatch.setattr()."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def replacements(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.stmt | None, ast.Call]]:
    """Each statement that replaces an attribute, the one above it, and its call."""
    for node in ast.walk(tree):
        for block in (getattr(node, name, []) for name in ("body", "orelse", "finalbody")):
            above = None
            for statement in block if isinstance(block, list) else []:
                if call := _replacing(statement):
                    yield statement, above, call
                above = statement


def _replacing(statement: ast.stmt) -> ast.Call | None:
    call = statement.value if isinstance(statement, ast.Expr) else None
    is_one = (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in REPLACING
    )
    return call if is_one else None


def replaced(call: ast.Call) -> str:
    """The dotted name that a call replaces, as "directory.os.fsync"."""
    names = [
        str(one.value) if isinstance(one, ast.Constant) else ast.unparse(one)
        for one in call.args[:2]
    ]
    return ".".join(names if not isinstance(call.args[0], ast.Constant) else names[:1])


def leaves_the_process(tree: ast.Module, name: str) -> bool:
    """Return whether a part of Python's library is replaced: a clock, files, a child process."""
    first, *rest = re.findall(r"\w+", name)
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return bool(set(rest) & sys.stdlib_module_names) or (
        first in sys.stdlib_module_names and (first in imported or first == "sys")
    )


def unexplained(source: str) -> list[int]:
    """The numbers of the lines that replace something and do not say why.

    A comment is on the line or above it, or above the first of several that
    follow each other. For public constants one comment in the file is enough.
    """
    if "attr(" not in source:
        return []
    lines, tree = source.splitlines(), tree_of(source)
    explained: list[ast.stmt] = []
    silent: list[tuple[int, str]] = []
    has_limit = False
    for statement, above, call in replacements(tree):
        name = replaced(call)
        own = lines[statement.lineno - 1 : statement.end_lineno]
        is_said = any("  # " in line for line in own) or (
            lines[statement.lineno - 2].strip().startswith("# ")
        )
        if is_said or above in explained:
            explained.append(statement)
            has_limit |= name.rpartition(".")[2].isupper()
        elif not leaves_the_process(tree, name):
            silent.append((statement.lineno, name))
    return [
        number for number, name in silent if not (has_limit and name.rpartition(".")[2].isupper())
    ]


def test_no_test_uses_a_private_name_but_those_named():
    used = {name: private_uses(source) for name, source in sources().items()}
    assert {name: names for name, names in used.items() if names} == NAMED


def test_each_replacement_says_why():
    silent = [
        f"{name}:{number}" for name, source in sources().items() for number in unexplained(source)
    ]
    assert silent == []


def test_no_test_takes_a_mock():
    assert [name for name, source in sources().items() if re.search(r"Mock\(", source)] == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("store._client", {"_client"}),
        ("from distribu.auth import _free_slug", {"_free_slug"}),
        ("patch.setattr(auth, '_free_slug', None)", {"_free_slug"}),
        ("patch.setattr('distribu.auth._free_slug', None)", {"_free_slug"}),
        ("getattr(auth, '_free_slug')", {"_free_slug"}),
        ("session['_user_id'] = 1", set()),
        ("os._exit(0); app.__class__", set()),
        ("def _b(): pass\none._b()", {"_b"}),
        ("class A:\n    def _b(self): self._c = 1\none._b(one._c)", set()),
    ],
)
def test_private_uses_are_found(source, expected):
    assert private_uses(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("\npatch.setattr(auth, 'use_link', None)", [2]),
        ("\nwith a:\n    patch.setattr(auth, 'use_link', None)", [3]),
        ("\npatch.setattr('distribu.auth.use_link', None)", [2]),
        ("# Because.\npatch.setattr(auth, 'use_link', None)", []),
        ("\npatch.setattr(auth, 'use_link', None)  # Because.", []),
        ("# Because.\npatch.setattr(a, 'b', 1)\npatch.setattr(a, 'c', 1)", []),
        ("# Because.\npatch.setattr(a, 'b', 1)\nx = 1\npatch.setattr(a, 'c', 1)", [4]),
        ("\nx = 1\npatch.setattr(jobs, 'LIMIT', 1)", [3]),
        ("# Why.\npatch.setattr(a, 'MAX', 1)\nx = 1\npatch.setattr(a, 'b.MIN', 1)", []),
        ("import os\npatch.setattr(os, 'fsync', None)", []),
        ("\npatch.setattr(directory.os, 'fsync', None)", []),
        ("\npatch.setattr('sys.executable', None)", []),
        ("\nfrom distribu.extensions import queue\npatch.setattr(queue, 'size', None)", [3]),
    ],
)
def test_unexplained_replacements_are_found(source, expected):
    assert unexplained(source) == expected
