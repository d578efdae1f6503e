"""Files that the browser gets: vendored ones, and templates that a strict CSP allows."""

import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
STATIC = CHECKOUT / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = sorted((CHECKOUT / "templates").rglob("*.html"))
JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)

every_template = pytest.mark.parametrize(
    "template", TEMPLATES, ids=lambda path: str(path.relative_to(CHECKOUT / "templates"))
)


def noted_hashes():
    """The file names and sha256 hashes that the table in vendor/README.md holds."""
    rows = re.findall(
        r"^\| (\S+) \| [^|]+ \| [^|]+ \| ([0-9a-f]{64}) \| [^|]+ \|$",
        (VENDOR / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return dict(rows)


class InlineCode(HTMLParser):
    """Collects what a strict Content-Security-Policy would block, as sentences."""

    def __init__(self, markup):
        super().__init__()
        self.found = []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "style":
            self.found.append("<style>")
        is_data = attributes.get("type") == "application/ld+json"
        if tag == "script" and "src" not in attributes and not is_data:
            self.found.append("<script> without src")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.found.append(f"{name} on <{tag}>")
            if (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"javascript: in {name} of <{tag}>")


def blocked_by_csp(template):
    """Return the parts of a template that a strict policy would block, without Jinja's marks."""
    return InlineCode(JINJA.sub("", template.read_text(encoding="utf-8"))).found


def test_the_folders_are_where_these_tests_look():
    assert TEMPLATES
    assert list(STATIC.glob("*.css"))
    assert list(STATIC.glob("*.js"))


def test_every_vendored_file_has_its_noted_hash():
    shipped = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert shipped == noted_hashes()


@every_template
def test_template_holds_nothing_that_a_strict_csp_blocks(template):
    assert blocked_by_csp(template) == []


@every_template
def test_template_escapes_everything(template):
    assert not re.search(
        r"\|\s*safe\b|autoescape\s+false|Markup", template.read_text(encoding="utf-8")
    )


@every_template
def test_template_loads_nothing_from_another_host(template):
    markup = JINJA.sub("", template.read_text(encoding="utf-8"))
    assert not re.search(r"""<(?:script|link|img|source)\b[^>]*["'](?:https?:)?//""", markup)


@pytest.mark.parametrize(
    "markup",
    [
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<p style="color: red">',
        '<p onclick="go()">',
        '<p hx-on:click="go()">',
        '<a href=" javascript:go()">',
    ],
)
def test_the_search_for_inline_code_finds_it(markup):
    assert InlineCode(markup).found


def test_the_search_for_inline_code_allows_files_and_json_ld():
    allowed = '<script src="/static/site.js"></script><script type="application/ld+json"></script>'
    assert InlineCode(allowed).found == []


def test_style_sheets_load_nothing_from_another_host():
    sheets = [path.read_text(encoding="utf-8") for path in STATIC.glob("*.css")]
    named = re.findall(r"url\([^)]*\)|@import \S+", "\n".join(sheets))
    others = {one for one in named if not one.startswith(("url('data:", 'url("data:'))}
    # The style sheets that are sent have the library in them: see tools/cut_styles.py.
    assert others == {'@import url("vendor/pico.min.css")'}


def test_scripts_evaluate_no_text():
    scripts = [path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")]
    assert not re.search(r"\beval\(|new Function|innerHTML|insertAdjacentHTML", "\n".join(scripts))


def test_no_two_scripts_declare_the_same_name():
    """Pages load several scripts, whose outermost names are all in one scope."""
    declared = re.compile(r"^(?:async )?(?:const|let|function\*?|class) (\w+)", re.MULTILINE)
    found = Counter(
        name
        for path in STATIC.glob("*.js")
        for name in set(declared.findall(path.read_text(encoding="utf-8")))
    )
    assert [name for name, count in found.items() if count > 1] == []
