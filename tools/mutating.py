"""Changes of a module in one place at a time, each of which some test should notice.

A mutant negates a condition, drops one from a where(), an "and" or an "or", or leaves out a call
that commits, rolls back, holds, deletes or puts.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

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
# The first argument of change_image() is the image; the others, like those of where(), conditions.
_CONDITIONS_FROM = {"where": 0, "change": 0, "change_image": 1}
# Conditions that are changed by themselves.
_NEGATED = (ast.Compare, ast.UnaryOp, ast.BoolOp)


@dataclass(frozen=True)
class Mutant:
    """One change of one module. lines: of the module as it is, where the change is."""

    name: str
    lines: range
    _parts: tuple[bytes, bytes, bytes]

    @property
    def source(self) -> str:
        """The module with the change."""
        return b"".join(self._parts).decode()


def mutants(source: str, only: str | None = None) -> Iterator[Mutant]:
    """Yield every mutant of a module, or of one function of it, each with a name of its own."""
    seen: Counter[str] = Counter()
    whole = source.encode()
    starts = [0, *accumulate(map(len, whole.splitlines(keepends=True)))]
    for place, function in _functions(ast.parse(source)):
        if only not in (None, function.name):
            continue
        for node in (node for statement in function.body for node in ast.walk(statement)):
            for changed, text in _changes(node):
                first, last = changed.lineno, changed.end_lineno or changed.lineno
                start = starts[first - 1] + changed.col_offset
                end = starts[last - 1] + (changed.end_col_offset or 0)
                name = f"{place}: {_short(whole[start:end].decode())} -> {_short(text)}"
                seen[name] += 1
                name += f" ({seen[name]})" if seen[name] > 1 else ""
                parts = whole[:start], text.encode(), whole[end:]
                yield Mutant(name, range(first, last + 1), parts)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the functions of a module and of its classes; one inside another belongs to it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield f"{node.name}.{method.name}", method


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield expressions and what to put in their place."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        changed = ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
        yield node, f"({ast.unparse(changed)})"
    elif isinstance(node, ast.BoolOp):
        for left in range(len(node.values)):
            values = [value for place, value in enumerate(node.values) if place != left]
            yield node, f"({ast.unparse(ast.BoolOp(node.op, values))})"
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        yield from ((node, f"({ast.unparse(side)})") for side in (node.left, node.right))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Call) and _called(node) in _CONDITIONS_FROM:
        for number in range(_CONDITIONS_FROM[_called(node)], len(node.args)):
            args = [arg for place, arg in enumerate(node.args) if place != number]
            yield node, ast.unparse(ast.Call(node.func, args, node.keywords))
    elif isinstance(node, ast.Expr) and _is_effect(node.value):
        yield node.value, "None"
    for test in _tests(node):
        if not isinstance(test, _NEGATED):
            yield test, f"(not ({ast.unparse(test)}))"


def _tests(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        return [node.test]
    return node.ifs if isinstance(node, ast.comprehension) else []


def _is_effect(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) in _EFFECTS


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def _short(text: str) -> str:
    return " ".join(text.split())[:100]
