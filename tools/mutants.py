"""Change the image core in one place at a time, and tell which changes no test notices.

Usage: python tools/mutants.py [--only NAME] [MODULE ...]     (make mutants)

Each mutant negates a condition, drops one from a where(), swaps "and" and "or", or leaves out a
call that commits, rolls back, holds, deletes or puts. It is tried in a copy of the checkout with
the tests of its module. Exit status: 1 if one survives that REASONS does not explain.
"""

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("distribu", "tests", "tools", "templates", "static", "migrations", "setup.cfg", "wsgi.py")
SECONDS = 600
_CORE = ["tests/images/test_attachment.py", "tests/images/test_staging.py"]
TESTS = {
    "attachment": [*_CORE, "tests/images/test_races.py"],
    "staging": _CORE,
    "processing": [_CORE[0], "tests/images/test_outbox.py", "tests/images/test_derivatives.py"],
    "outbox": ["tests/images/test_outbox.py", "tests/images/test_doctor.py"],
    "sweep_lock": ["tests/images/test_outbox.py"],
    "store_identity": [_CORE[0], "tests/images/test_moving.py", "tests/images/test_doctor.py"],
    "doctor": ["tests/images/test_doctor.py", "tests/images/test_restore.py"],
}
# Why a survivor is none, by module and the text of the change.
REASONS: dict[str, str] = {}

_OPPOSITE = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_EFFECTS = {
    *("commit", "rollback", "hold", "require", "refuse_older_database", "delete", "put"),
    *("delete_prefix", "expire", "flush", "discard", "purge", "clear", "invalidate"),
}


class Mutant:
    """One change of one module: what stands there, and what stands there instead."""

    def __init__(self, source: str, node: ast.AST, text: str):
        self._lines = source.splitlines(keepends=True)
        self._node, self._text = node, text
        self.before = ast.get_source_segment(source, node)
        self.name = f"line {node.lineno}: {_short(self.before)} -> {_short(text)}"

    def source(self) -> str:
        """The module with the change."""
        start = self._offset(self._node.lineno, self._node.col_offset)
        end = self._offset(self._node.end_lineno, self._node.end_col_offset)
        whole = "".join(self._lines).encode()
        return (whole[:start] + self._text.encode() + whole[end:]).decode()

    def _offset(self, line: int, column: int) -> int:
        return len("".join(self._lines[: line - 1]).encode()) + column


def mutants(source: str, only: str | None = None) -> Iterator[Mutant]:
    """Yield every mutant of a module, or of one function of it."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and only in (None, function.name):
            for node in ast.walk(function):
                for text in _changes(node):
                    yield Mutant(source, node, text)


def _changes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        changed = ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
        yield f"({ast.unparse(changed)})"
    elif isinstance(node, ast.BoolOp):
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield f"({ast.unparse(ast.BoolOp(other, node.values))})"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        yield from (f"({ast.unparse(side)})" for side in (node.left, node.right))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Call) and _called(node) in ("where", "change_image", "change"):
        kept = 1 if _called(node) == "change_image" else 0
        for number in range(kept, len(node.args)):
            args = [arg for place, arg in enumerate(node.args) if place != number]
            yield ast.unparse(ast.Call(node.func, args, node.keywords))
    elif isinstance(node, ast.Expr) and _is_effect(node.value):
        yield "None"


def _is_effect(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) in _EFFECTS


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def survives(copy: Path, module: str, mutant: Mutant) -> bool:
    """Return whether the module's tests pass with the change."""
    path = copy / "distribu" / "images" / f"{module}.py"
    whole = path.read_text()
    path.write_text(mutant.source())
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    try:
        run = subprocess.run(
            [*command, *TESTS[module]], cwd=copy, capture_output=True, timeout=SECONDS
        )
        return run.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(whole)


def main(modules: list[str], only: str | None) -> int:
    tried = unexplained = caught = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            place = ROOT / name
            (shutil.copytree if place.is_dir() else shutil.copy)(place, copy / name)
        for module in modules:
            source = (copy / "distribu" / "images" / f"{module}.py").read_text()
            for mutant in mutants(source, only):
                tried += 1
                if not survives(copy, module, mutant):
                    caught += 1
                    continue
                reason = REASONS.get(f"{module}: {mutant.name.partition(': ')[2]}")
                unexplained += reason is None
                print(f"{module}, {mutant.name} ({reason or 'NO TEST NOTICES'})", flush=True)
    print(f"{caught} of {tried} mutants caught, {unexplained} survive without a reason.")
    return 1 if unexplained else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--only", help="the name of one function")
    arguments = parser.parse_args()
    raise SystemExit(main(arguments.modules or list(TESTS), arguments.only))
