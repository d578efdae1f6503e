"""The style sheets that are sent hold what the pages use: see tools/cut_styles.py."""

import re

import cut_styles
import pytest
import tinycss2

CLASSES = re.compile(r'class="([^"]*)"')
JINJA = re.compile(r"{#.*?#}|{%.*?%}|\S*{{.*?}}\S*", re.DOTALL)
SOURCE = "".join(
    cut_styles.COMMENT.sub("", path.read_text())
    for path in (cut_styles.PICO, cut_styles.STATIC / "site.css", cut_styles.STATIC / "parts.css")
)
TEMPLATES = [
    path
    for path in sorted(cut_styles.TEMPLATES.rglob("*.html"))
    if path.relative_to(cut_styles.TEMPLATES).parts[0] != "api"
]


def sheet_of(path) -> str:
    is_shop = path.relative_to(cut_styles.TEMPLATES).as_posix().startswith("storefront")
    return (cut_styles.STATIC / ("shop.css" if is_shop else "dashboard.css")).read_text()


def has_class(css: str, name: str) -> bool:
    return re.search(rf"\.{re.escape(name)}(?![\w-])", css) is not None


@pytest.mark.parametrize("name", cut_styles.SHEETS)
def test_sheet_is_what_make_styles_writes(name):
    wanted = cut_styles.sheet(cut_styles.SHEETS[name]())
    assert (cut_styles.STATIC / name).read_text() == wanted, "stale: run make styles"


@pytest.mark.parametrize("name", cut_styles.SHEETS)
def test_sheet_is_sound(name):
    parsed = tinycss2.parse_stylesheet((cut_styles.STATIC / name).read_text())
    assert [node.message for node in parsed if node.type == "error"] == []


@pytest.mark.parametrize("name", cut_styles.SHEETS)
def test_sheet_refers_to_nothing_that_was_cut(name):
    css = (cut_styles.STATIC / name).read_text()
    referred = set(re.findall(r"var\((--[\w-]+)\)", css))
    known = set(re.findall(r"[{;](--[\w-]+):", css))
    never_set = set(re.findall(r"var\((--[\w-]+)\)", SOURCE)) - set(
        re.findall(r"(--[\w-]+)\s*:", SOURCE)
    )
    assert referred - known - never_set == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_class_that_a_template_uses_was_cut(path):
    markup = path.read_text()
    used = {name for value in CLASSES.findall(markup) for name in JINJA.sub(" ", value).split()}
    sheet = sheet_of(path)
    lost = {name for name in used if has_class(SOURCE, name) and not has_class(sheet, name)}
    assert lost == set()


def test_most_of_the_library_was_cut():
    library = len(cut_styles.PICO.read_text())
    shop = (cut_styles.STATIC / "shop.css").read_text()
    assert len(shop.split("\n}\n")[0]) < library / 3


def names(markup: str) -> cut_styles.Names:
    found = cut_styles.Names()
    found.add(markup)
    return found


@pytest.mark.parametrize(
    ("selector", "is_kept"),
    [
        ("p", True),
        ("em", False),
        ("body > p", True),
        (".card p", True),
        (".card em", False),
        (".cards", False),
        ("p:not(.cards)", True),
        (":is(em, p)", True),
        (":is(em, b)", False),
        ("p:has(em)", False),
        ("[type=search]", True),
        ('[type="range"]', False),
        ("[data-theme]", False),
        ("#q", True),
        ("#r", False),
        (".badge-low::before", True),
        ("p:nth-child(2):hover", True),
        ("*", True),
    ],
)
def test_selector_is_kept_where_a_page_can_match_it(selector, is_kept):
    page = names('<p class="card badge-{{ kind }}"><input type="search" id="q">')
    tokens = tinycss2.parse_component_value_list(selector)
    assert cut_styles.is_possible(tokens, page) is is_kept


def test_properties_and_animations_that_nothing_names_are_left_out():
    css = """
        p { --a: 1px; --b: var(--a); --c: 2px; width: var(--b); animation: come 1s }
        @keyframes come { from { top: 0 } } @keyframes go { from { top: 0 } }
    """
    rules = cut_styles.cut(css, names("<p>"))
    used = cut_styles.referred_to(rules)
    text = cut_styles.written(cut_styles.without_unused(rules, used, set()))
    assert text == (
        "p{--a:1px;--b:var(--a);width:var(--b);animation:come 1s}\n@keyframes come{from{top:0}}\n"
    )


def test_macros_count_only_where_they_are_called():
    found = cut_styles.TemplateNames()
    found.add_template("storefront/catalog.html")
    assert "pagination" in found.words
    assert "dialog" not in found.elements
