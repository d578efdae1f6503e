"""Addresses, commands, settings and files that the documentation names exist.

Nothing is listed here: everything is found in the text, so a new sentence
is held to the same rule as the old ones.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import flask.cli
import pytest
from flask import Flask
from werkzeug.routing import Rule

from distribu.config import load_config
from distribu.images.stores.contract import PRIVATE, PUBLIC

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
RECIPES = [ROOT / "compose.yaml", ROOT / "Dockerfile"]
OPENAPI_DOCUMENTS = ["/api/v1/openapi.json", "/commerce/openapi.json"]

FENCED = re.compile(r"^```.*?\n(.*?)^```$", re.M | re.S)
SPAN = re.compile(r"`([^`]+)`")
OWN_HOST = r"http://127\.0\.0\.1:8000"
# A method may stand before a path in a code span.
SPAN_ADDRESS = re.compile(r"(?:(GET|POST|PUT|PATCH|DELETE) )?(/[^\s`?#]*)(?:\?\S*)?")
URL_ADDRESS = re.compile(rf"{OWN_HOST}(/[^\s`'\"?#);]*)?")
# $PRODUCT in a shell, <id> and {id} in prose.
PLACEHOLDER = re.compile(r"\$\w+|<[^>]+>|\{[^}]+\}")
VARIABLE = re.compile(r"\bDISTRIBU_[A-Z][A-Z_]*[A-Z]\b")
MAKE = re.compile(r"make ([A-Za-z].*)")
FILE = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w.-]+\.(?:cfg|md|py|toml|txt|yaml)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def read(paths: list[Path]) -> str:
    return "\n\n".join(path.read_text(encoding="utf-8") for path in paths)


def spans(text: str) -> list[str]:
    """Return what stands between backticks, each on one line."""
    return [" ".join(span.split()) for span in SPAN.findall(FENCED.sub("", text))]


def code_lines(text: str) -> list[str]:
    """Return the lines of code blocks, with the URLs that shell variables stand for."""
    return [line for block in FENCED.findall(text) for line in _expanded(block).splitlines()]


def _expanded(block: str) -> str:
    for name, url in re.findall(rf"^(\w+)=({OWN_HOST}\S*)$", block, re.M):
        block = block.replace(f"${name}", url)
    return block


def recipe_lines(text: str) -> list[str]:
    """Return the lines of compose.yaml and the Dockerfile, their JSON lists as command lines."""
    return [re.sub(r'[\[\]",]+', " ", line) for line in text.splitlines()]


def addresses(text: str) -> set[tuple[str | None, str]]:
    """Return the method, where one is named, and the path of each address of the app."""
    nginx = read([ROOT / "deploy" / "nginx.conf"])
    internal = set(re.findall(r"location (\S+) \{\s+internal;", nginx))
    found = {match.groups() for span in spans(text) if (match := SPAN_ADDRESS.fullmatch(span))}
    urls = URL_ADDRESS.findall("\n".join([text, *code_lines(text)]))
    found |= {(None, path or "/") for path in urls}
    return {one for one in found if one[1] not in internal}


def flask_commands(text: str, lines: list[str]) -> list[list[str]]:
    """Return the arguments of each flask command in a code span or line."""
    found = re.finditer(r"(?:^|\s)flask ([^#;|&\n]+)", "\n".join([*spans(text), *lines]))
    return [shlex.split(match[1]) for match in found]


def make_commands(text: str) -> list[str]:
    """Return the targets and variables of each make command in a code span or line."""
    found = (MAKE.match(code) for code in [*spans(text), *code_lines(text)])
    return [word for match in found if match for word in shlex.split(match[1], comments=True)]


def files(text: str) -> set[str]:
    """Return the files and folders that code spans and lines name, and the targets of links."""
    own = (path.name for path in ROOT.iterdir() if path.is_dir() and path.name != ".venv")
    folders = "|".join(map(re.escape, own))
    inside = re.findall(rf"(?<![\w./:@-])(?:{folders})/[\w./-]*\w/?", text)
    links = {link for link in LINK.findall(text) if "://" not in link}
    return links | set(inside) | {span for span in spans(text) if FILE.fullmatch(span)}


@pytest.fixture
def guides() -> str:
    return read(GUIDES)


@pytest.fixture
def recipes() -> str:
    return read(RECIPES)


@pytest.fixture
def openapi_documents(app) -> list[dict]:
    return [app.test_client().get(path).json for path in OPENAPI_DOCUMENTS]


@pytest.fixture
def descriptions(openapi_documents) -> str:
    """The texts of both OpenAPI documents."""
    return "\n\n".join(_texts(openapi_documents))


def _texts(node: dict | list) -> Iterator[str]:
    values = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in values:
        if key in {"description", "summary"} and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from _texts(value)


@pytest.fixture
def is_address(app, openapi_documents):
    """A function that says whether a path is a route, or the base address of an API."""
    rules = list(app.url_map.iter_rules())
    api_paths = {path for document in openapi_documents for path in document["paths"]}
    api_rules = [rule for rule in rules if _openapi_path(rule) in api_paths]

    def check(path: str) -> bool:
        is_route = any(_is_of(rule, path) for rule in rules)
        return is_route or any(_is_base_of(rule, path) for rule in api_rules)

    return check


def _openapi_path(rule: Rule) -> str:
    return re.sub(r"<(?:.*?:)?(\w+)>", r"{\1}", rule.rule)


def _is_of(rule: Rule, path: str) -> bool:
    deeper = path.count("/") - rule.rule.count("/")
    return (deeper == 0 or (deeper > 0 and "<path:" in rule.rule)) and _fits(rule, path)


def _is_base_of(rule: Rule, path: str) -> bool:
    return path.count("/") < rule.rule.count("/") and _fits(rule, path)


def _fits(rule: Rule, path: str) -> bool:
    """Return whether the rule matches the segments of path, as far as both go."""
    pairs = zip(rule.rule.split("/"), path.split("/"), strict=False)
    return all(_takes(own, segment) for own, segment in pairs)


def _takes(own: str, segment: str) -> bool:
    """Return whether a segment of a rule matches a segment of a path."""
    if PLACEHOLDER.fullmatch(segment):
        return own.startswith("<")
    if choices := re.fullmatch(r"<any\((.*)\):\w+>", own):
        return segment in re.findall(r"[\w.]+", choices[1])
    return (own.startswith("<") and segment != "") or own == segment


def flask_fault(app: Flask, arguments: list[str]) -> str | None:
    """Return the first command or option that the flask command does not have, or None."""
    with click.Context(flask.cli.cli, obj=flask.cli.ScriptInfo(create_app=lambda: app)) as context:
        return _fault(context, flask.cli.cli, arguments)


def _fault(context: click.Context, command: click.Command, arguments: list[str]) -> str | None:
    if not arguments:
        return None
    word, *rest = arguments
    if word.startswith("-"):
        name, _, value = word.partition("=")
        option = next((one for one in command.params if name in one.opts), None)
        takes_next = option and not value and not option.is_flag
        return _fault(context, command, rest[1:] if takes_next else rest) if option else word
    if isinstance(command, click.Group):
        inner = command.get_command(context, word)
        return _fault(context, inner, rest) if inner else word
    takes_word = any(isinstance(one, click.Argument) for one in command.params)
    return _fault(context, command, rest) if takes_word else word


# --- What is found


def test_every_kind_of_name_is_found(guides, recipes, descriptions):
    """Otherwise the tests below would pass on nothing."""
    found = [
        addresses(guides),
        addresses(recipes),
        addresses(descriptions),
        flask_commands(guides, code_lines(guides)),
        flask_commands("", recipe_lines(recipes)),
        make_commands(guides),
        files(guides),
        VARIABLE.findall(guides),
        VARIABLE.findall(recipes),
    ]
    assert all(found)


def test_shell_variable_is_followed():
    block = "```\nAPI=http://127.0.0.1:8000/a/$ID\ncurl $API/$image/status\n```\n"
    assert addresses(block) == {(None, "/a/$ID"), (None, "/a/$ID/$image/status")}


# --- What is found exists


@pytest.mark.parametrize("source", ["guides", "recipes", "descriptions"])
def test_documented_addresses_exist(request, is_address, source):
    text = request.getfixturevalue(source)
    assert sorted(path for _, path in addresses(text) if not is_address(path)) == []


@pytest.mark.parametrize("source", ["guides", "recipes", "descriptions"])
def test_documented_pages_answer(request, app, is_address, source):
    found = addresses(request.getfixturevalue(source))
    routes = app.url_map.bind("localhost")
    asked = [(method, path) for method, path in found if routes.allowed_methods(path)]
    client = app.test_client()
    answers = {
        path: client.open(path, method=method or "GET").status_code
        for method, path in asked
        if not PLACEHOLDER.search(path)
    }
    assert {path for path, status in answers.items() if status in {404, 405}} == set()
    assert all(method in routes.allowed_methods(path) for method, path in asked if method)


@pytest.mark.parametrize(
    "path",
    [
        "/1.0/commerce/docs",
        "/1.2/commerce",
        "/api/v2",
        "/api/v1/product",
        "/store/acme/products",
        "/v2/commerce/products/$ID/pictures",
    ],
)
def test_wrong_address_is_noticed(is_address, path):
    assert addresses(f"See `{path}`.") == {(None, path)}
    assert not is_address(path)


@pytest.mark.parametrize(
    "path",
    ["/", "/1.0/commerce", "/v2/commerce/products/$ID/images", "/store/<slug>", "/static/a/b.css"],
)
def test_right_address_is_none_of_them(is_address, path):
    assert is_address(path)


def test_documented_flask_commands_exist(app, guides, recipes):
    found = flask_commands(guides, code_lines(guides)) + flask_commands("", recipe_lines(recipes))
    assert [(one, fault) for one in found if (fault := flask_fault(app, one))] == []


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("flask images polish", "polish"),
        ("flask images doctor --heal", "--heal"),
        ("flask serve --workers 4 now", "now"),
        ("flask --app wsgi serve --workers=4", None),
        ("flask images move --to file:///tmp/store", None),
    ],
)
def test_wrong_flask_command_is_noticed(app, command, fault):
    [arguments] = flask_commands(f"Say `{command}`.", [])
    assert flask_fault(app, arguments) == fault


def test_documented_options_belong_to_a_command_beside_them(app, guides):
    dead = [
        span
        for paragraph in guides.split("\n\n")
        for span in spans(paragraph)
        if re.fullmatch(r"--[\w-]+", span)
        and all(flask_fault(app, [*one, span]) for one in flask_commands(paragraph, []))
    ]
    assert dead == []


def test_documented_make_targets_exist(guides):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.M))
    variables = set(re.findall(r"^([A-Z]+) \?=", makefile, re.M))
    named = {word.partition("=")[0] for word in make_commands(guides)}
    assert named - targets - variables == set()


def test_make_help_names_every_target_of_the_guides(guides):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    helped = set(re.findall(r"@echo 'make ([a-z]+)", makefile)) | {"help"}
    assert {word for word in make_commands(guides) if "=" not in word} <= helped


class Noticing(Mapping):
    """An empty environment that remembers which variables it was asked for."""

    def __init__(self):
        self.asked = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.fixture
def settings_read() -> set[str]:
    """The environment variables that the configuration is read from."""
    environ = Noticing()
    load_config(environ)
    return environ.asked


@pytest.mark.parametrize("source", ["guides", "recipes", "descriptions"])
def test_documented_settings_exist(request, settings_read, source):
    named = set(VARIABLE.findall(request.getfixturevalue(source)))
    assert {name.removesuffix("_FILE") for name in named} <= {
        name.removesuffix("_FILE") for name in settings_read
    }


def test_every_setting_has_its_row_in_the_readme(settings_read):
    rows = re.findall(r"^\| `(DISTRIBU_\w+)` \|", read([ROOT / "README.md"]), re.M)
    # Those of files share a sentence.
    assert sorted(rows) == sorted(name for name in settings_read if not name.endswith("_FILE"))


def test_documented_files_exist(guides):
    assert sorted(name for name in files(guides) if not is_file(name)) == []


def is_file(name: str) -> bool:
    """Return whether a file or folder of checkout, instance or store has this name."""
    made = {f"{load_config({})['INSTANCE'].rpartition('/')[2]}/", PUBLIC, PRIVATE}
    return name in made or any(path.exists() for path in [ROOT / name, *ROOT.glob(f"*/{name}")])


@pytest.mark.parametrize("name", ["tests/bench/pictures.py", "docs/nothing.md", "nowhere/"])
def test_wrong_file_is_noticed(name):
    assert files(f"See `{name}`.") == {name}
    assert not is_file(name)


def test_wrong_link_is_noticed():
    assert files("See [this](docs/nothing.md) and [that](https://other.test/).") == {
        "docs/nothing.md"
    }
