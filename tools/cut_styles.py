"""Write static/shop.css and static/dashboard.css: the styles that the pages use, and no others.

Usage: python tools/cut_styles.py     (make styles sees to that)

Their sources are Pico CSS, in a layer of its own, then static/site.css and static/parts.css. A rule
stays where a template or a script can make something that it matches, which is told by the names in
it: of elements, classes, ids, and attributes with their values. A custom property stays where
something that stays refers to it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import tinycss2
import wtforms
from jinja2 import nodes
from tinycss2.ast import AtRule, Declaration, Node, QualifiedRule

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
PICO = STATIC / "vendor" / "pico.min.css"
PICO_IMPORT = '@import url("vendor/pico.min.css") layer(pico);'
LICENSE = re.compile(r"/\*!.*?\*/", re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
WORD = re.compile(r"[A-Za-z_][\w-]*")
TAG = re.compile(r"<([a-z][a-z0-9]*)")
MADE_ELEMENT = re.compile(r"""createElement\(["'](\w+)["']""")
# Of every page, whatever its template says.
ALWAYS = {"html", "body", "head"}
# What WTForms prints for a field.
PRINTED = {"input", "select", "option", "optgroup", "textarea", "label"}
ANY_OF = {"is", "where", "has", "matches"}


@dataclass
class Names:
    """Names that pages can contain: elements, and all other words."""

    elements: set[str] = field(default_factory=lambda: set(ALWAYS))
    words: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        self.elements.update(TAG.findall(text), MADE_ELEMENT.findall(text))
        self.words.update(WORD.findall(text))

    def has(self, word: str) -> bool:
        """Return whether a page can have this class, id or attribute, or one that starts so."""
        return word in self.words or f"{word.rpartition('-')[0]}-" in self.words


class TemplateNames(Names):
    """The names in a template, in what it extends and includes, and in the macros that it calls."""

    def __init__(self):
        super().__init__()
        self._environment = jinja2.Environment()
        self._trees: dict[str, nodes.Template] = {}
        self._seen = set()

    def add_template(self, name: str) -> None:
        if name not in self._seen:
            self._seen.add(name)
            self._visit(self._tree(name), self._macros_of(name))

    def _tree(self, name: str) -> nodes.Template:
        if name not in self._trees:
            self._trees[name] = self._environment.parse((TEMPLATES / name).read_text())
        return self._trees[name]

    def _macros_of(self, name: str) -> dict[str, tuple[str, str]]:
        """The macros that a template knows, by the names that it has for them."""
        tree = self._tree(name)
        known = {macro.name: (name, macro.name) for macro in tree.find_all(nodes.Macro)}
        for imported in tree.find_all(nodes.FromImport):
            for pair in imported.names:
                macro, alias = (pair, pair) if isinstance(pair, str) else pair
                known[alias] = (imported.template.value, macro)
        return known

    def _visit(self, node: nodes.Node, macros: dict[str, tuple[str, str]]) -> None:
        if isinstance(node, nodes.TemplateData):
            self.add(node.data)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            self.add(node.value)
        elif isinstance(node, nodes.Extends | nodes.Include | nodes.Import):
            for value in node.find_all(nodes.Const):
                self._add_whole(value.value, with_macros=isinstance(node, nodes.Import))
        elif isinstance(node, nodes.Name) and node.name in macros:
            self._add_macro(*macros[node.name])
        for child in node.iter_child_nodes():
            if not isinstance(child, nodes.Macro):
                self._visit(child, macros)

    def _add_whole(self, name: str, with_macros: bool) -> None:
        if not isinstance(name, str):
            return
        self.add_template(name)
        if with_macros:
            for macro in self._tree(name).find_all(nodes.Macro):
                self._add_macro(name, macro.name)

    def _add_macro(self, template: str, name: str) -> None:
        if (template, name) in self._seen:
            return
        self._seen.add((template, name))
        macros = self._macros_of(template)
        for macro in self._tree(template).find_all(nodes.Macro):
            if macro.name == name:
                for child in macro.body:
                    self._visit(child, macros)


def shop_names() -> Names:
    """Return what the pages of shoppers can hold."""
    found = TemplateNames()
    for path in sorted((TEMPLATES / "storefront").glob("*.html")):
        found.add_template(f"storefront/{path.name}")
    found.add((STATIC / "images.js").read_text() + (STATIC / "shop.js").read_text())
    return found


def dashboard_names() -> Names:
    """Return what all other pages can hold."""
    found = TemplateNames()
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        if not name.startswith(("storefront", "api/")):
            found.add_template(name)
    for path in sorted(STATIC.glob("*.js")):
        found.add(path.read_text())
    for path in sorted((ROOT / "distribu").rglob("*.py")):
        found.add(path.read_text())
    found.elements |= PRINTED
    found.words |= set(_input_types(found.words))
    # Set and taken by htmx.
    found.words |= {"htmx-request", "htmx-indicator"}
    return found


def _input_types(words: set[str]) -> Iterator[str]:
    """The type of the control of each kind of field that is named somewhere."""
    for word in words:
        widget = getattr(getattr(wtforms, word, None), "widget", None)
        if kind := getattr(widget, "input_type", None):
            yield kind


def sheet(names: Names) -> str:
    """Return the style sheet of pages that can hold these names."""
    site = (STATIC / "site.css").read_text()
    if PICO_IMPORT not in site:
        raise SystemExit(f"static/site.css does not begin with {PICO_IMPORT}")
    own = site.replace(PICO_IMPORT, "") + (STATIC / "parts.css").read_text()
    pico = PICO.read_text()
    pinned = _pinned(own)
    own_rules, pico_rules = cut(own, names), cut(pico, names)
    while True:
        used = referred_to(own_rules + pico_rules)
        kept = [
            without_unused(rules, used, unset)
            for rules, unset in ((own_rules, set()), (pico_rules, pinned))
        ]
        if kept == [own_rules, pico_rules]:
            break
        own_rules, pico_rules = kept
    license = LICENSE.search(pico)[0]
    return f"{license}\n@layer pico{{\n{written(pico_rules)}}}\n{written(own_rules)}"


@dataclass(frozen=True)
class Rule:
    """A rule of a style sheet: its declarations, or the rules inside an at-rule."""

    head: str
    declarations: tuple[tuple[str, str], ...] = ()
    rules: tuple["Rule", ...] = ()

    @property
    def is_root(self) -> bool:
        return all(one.startswith((":root", ":host")) for one in self.head.split(","))


def cut(css: str, names: Names) -> list[Rule]:
    parsed = tinycss2.parse_stylesheet(COMMENT.sub("", css), True, True)
    return _without_empty(_rules(parsed, names))


def _rules(parsed: Iterable[Node], names: Names) -> Iterator[Rule]:
    for node in parsed:
        if isinstance(node, QualifiedRule):
            heads = [head for head in _split(node.prelude) if is_possible(head, names)]
            if heads:
                yield Rule(",".join(map(_serialize, heads)), _declarations(node.content))
        elif isinstance(node, AtRule) and node.content is not None:
            yield _at_rule(node, names)
        elif node.type == "error":
            raise SystemExit(f"line {node.source_line}: {node.message}")


def _at_rule(node: AtRule, names: Names) -> Rule:
    head = f"@{node.lower_at_keyword} {_serialize(node.prelude)}".rstrip()
    inner = tinycss2.parse_rule_list(node.content, True, True)
    if node.lower_at_keyword.endswith("keyframes"):
        frames = [Rule(_serialize(one.prelude), _declarations(one.content)) for one in inner]
        return Rule(head, rules=tuple(frames))
    return Rule(head, rules=tuple(_rules(inner, names)))


def _declarations(content: list[Node]) -> tuple[tuple[str, str], ...]:
    found = []
    for one in tinycss2.parse_blocks_contents(content, True, True):
        if not isinstance(one, Declaration):
            raise SystemExit(f"line {one.source_line}: only declarations stand in a rule")
        value = _serialize(one.value) + (" !important" if one.important else "")
        found.append((one.name, value))
    return tuple(found)


def is_possible(tokens: list[Node], names: Names) -> bool:
    """Return whether the names allow an element that matches the selector."""
    before = None
    for token in tokens:
        if not _is_possible(token, before, names):
            return False
        before = token
    return True


def _is_possible(token: Node, before: Node | None, names: Names) -> bool:
    if token.type == "hash":
        return names.has(token.value)
    if token.type == "[] block":
        parts = [one.value for one in token.content if one.type in ("ident", "string")]
        return all(names.has(part) for part in parts if part)
    if token.type == "function" and token.lower_name in ANY_OF:
        return any(is_possible(one, names) for one in _split(token.arguments))
    if token.type != "ident" or before == ":":
        return True
    return names.has(token.value) if before == "." else token.lower_value in names.elements


def _split(tokens: list[Node]) -> list[list[Node]]:
    """The parts of a list that commas separate."""
    parts = [[]]
    for token in tokens:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _serialize(tokens: list[Node]) -> str:
    """The tokens with as little space as possible."""
    text = tinycss2.serialize([one for one in tokens if one.type != "comment"])
    # Strings are left as they are.
    parts = re.split(r"""("[^"]*"|'[^']*'|url\([^)]*\))""", text)
    parts[::2] = [re.sub(r"\s*,\s*", ",", re.sub(r"\s+", " ", part)) for part in parts[::2]]
    return "".join(parts).strip()


def _without_empty(rules: Iterable[Rule]) -> list[Rule]:
    kept = []
    for rule in rules:
        inner = tuple(_without_empty(rule.rules))
        if rule.declarations or inner:
            kept.append(Rule(rule.head, rule.declarations, inner))
    return kept


def without_unused(rules: list[Rule], used: set[str], pinned: set[str]) -> list[Rule]:
    """The rules without custom properties and keyframes that nothing refers to.

    pinned: custom properties that win over those of a rule for the whole page.
    """

    def is_kept(name: str, rule: Rule) -> bool:
        if not name.startswith("--"):
            return True
        return name in used and not (rule.is_root and name in pinned)

    kept = []
    for rule in rules:
        keyword, _, name = rule.head.partition(" ")
        if keyword.endswith("keyframes") and name not in used:
            continue
        declarations = tuple(one for one in rule.declarations if is_kept(one[0], rule))
        inner = tuple(without_unused(list(rule.rules), used, pinned))
        kept.append(Rule(rule.head, declarations, inner))
    return _without_empty(kept)


def referred_to(rules: Iterable[Rule]) -> set[str]:
    """Custom properties and animations that values name."""
    found = set()
    for rule in rules:
        found |= referred_to(rule.rules)
        for name, value in rule.declarations:
            found.update(re.findall(r"var\(\s*(--[\w-]+)", value))
            if name.startswith("animation"):
                found.update(WORD.findall(value))
    return found


def _pinned(own: str) -> set[str]:
    """Custom properties that our own sheet, outside of any layer, sets for every page."""
    parsed = tinycss2.parse_stylesheet(COMMENT.sub("", own), True, True)
    roots = [
        node
        for node in parsed
        if isinstance(node, QualifiedRule) and _serialize(node.prelude) == ":root"
    ]
    return {name for node in roots for name, _ in _declarations(node.content)}


def written(rules: Iterable[Rule]) -> str:
    return "".join(f"{_line(rule)}\n" for rule in rules)


def _line(rule: Rule) -> str:
    inside = ";".join(f"{name}:{value}" for name, value in rule.declarations)
    return f"{rule.head}{{{inside}{''.join(map(_line, rule.rules))}}}"


SHEETS = {"shop.css": shop_names, "dashboard.css": dashboard_names}


def main() -> None:
    for name, names in SHEETS.items():
        (STATIC / name).write_text(sheet(names()))


if __name__ == "__main__":
    main()
