"""Layers: the imports in the tree, read with ast, follow the table of floors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import distribu

PACKAGE = Path(distribu.__file__).parent

# From the ground up. A module imports from lower floors, or from places to its left on its own
# floor. Names in one string, and the modules of one room, import each other freely. A name stands
# for everything in it that has no place of its own.
FLOORS = [
    ["config", "budgets", "disk_reserve"],
    ["images images.filenames images.decoding", "images.stores"],
    ["bounded_postgresql", "database task_queue"],
    ["extensions"],
    ["models"],
    ["audit"],
    [
        "http",
        "images.store_identity",
        "images.attachment",
        "images.writing",
        "images.rescuing",
        "images.processing",
        "images.staging",
        "images.intake",
        "images.purging images.sweep_lock",
        "images.outbox",
        "images.doctor",
        "images.rebuilding images.moving",
    ],
    ["products", "sales", "matching"],
    ["importing", "downloading"],
    ["forms"],
    ["auth", "settings", "inventory", "storefront", "orders", "api", "commerce", "media", "health"],
    ["serving", "worker", "seed"],
    ["cli"],
    ["__init__"],
    ["wsgi"],
]
BLUEPRINTS = next(floor for floor in FLOORS if "auth" in floor)
PLACES = {
    name: (height, column)
    for height, floor in enumerate(FLOORS)
    for column, names in enumerate(floor)
    for name in names.split()
}
FLASKS = {"flask", "flask_sqlalchemy", "flask_login", "flask_wtf", "flask_limiter", "flask_migrate"}

ALLOWED = {
    # The modules that run in a decoding child, and what draws the demo's images.
    "PIL": {
        *(
            f"images.decoding.{name}"
            for name in ("color", "encoding", "pixels", "publishing", "warming")
        ),
        "seed.brush",
    },
    "minio": {"images.stores.s3"},
    # sandbox: a child process is started with the PATH and TMPDIR of its parent, and no more.
    "os.environ": {"config", "images.decoding.child_process"},
    "os.getenv": set(),
}
# Imports inside a function: a driver that only one kind of store needs, and the demo with Pillow.
LATE = {
    ("images.stores", "images.stores"),
    ("database", "bounded_postgresql"),
    ("cli", "seed"),
}
# A move has two stores, and copies from either. All else uses the one of the app, of extensions.
TAKING_A_STORE = {"images.moving", "images.writing", "cli.images"}


def sources() -> dict[str, Path]:
    """Every module of the application by its name inside the package."""
    found = {"wsgi": PACKAGE.parent / "wsgi.py"}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


SOURCES = sources()


def place(module: str) -> str:
    """The name under which the table knows a module; "" if it does not."""
    name = module
    while name and name not in PLACES:
        name = name.rpartition(".")[0]
    return name


def imported_names(path: Path) -> Iterator[str]:
    """Absolute dotted names of what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    """The dotted name of the module that an import statement of a file names."""
    here = ["distribu", *path.parent.relative_to(PACKAGE).parts] if PACKAGE in path.parents else []
    base = here[: len(here) + 1 - node.level] if node.level else []
    return ".".join([*base, *([node.module] if node.module else [])])


def own_imports(path: Path) -> set[str]:
    """The modules of the application that a file imports."""
    names = {name for name in imported_names(path) if name.split(".")[0] == "distribu"}
    return {_module(name.removeprefix("distribu").removeprefix(".")) for name in names}


def _module(name: str) -> str:
    """The module that a dotted name is, or lies in."""
    while name and name not in SOURCES:
        name = name.rpartition(".")[0]
    return name or "__init__"


def used_names(path: Path) -> set[str]:
    """Every dotted name that a file reads, as os.environ, with the tops of what it imports."""
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    read = {ast.unparse(node) for node in tree if isinstance(node, ast.Attribute)}
    imported = set(imported_names(path))
    return read | imported | {name.split(".")[0] for name in imported}


def may_import(importer: str, imported: str) -> bool:
    """Return whether the table lets one place import another."""
    (height, column), (depth, left) = PLACES[importer], PLACES[imported]
    if importer == imported or depth < height:
        return True
    if {importer, imported} & {"http"} or importer in BLUEPRINTS:
        # http and images, and any two blueprints, know nothing of each other.
        return False
    return depth == height and left <= column


def upward_arrows() -> list[tuple[str, str]]:
    """Every import that the table does not allow, as (importer, imported)."""
    return [
        (module, name)
        for module, path in SOURCES.items()
        for name in own_imports(path)
        if not may_import(place(module), place(name))
    ]


def circles() -> list[str]:
    """The modules that come back to themselves by following imports."""
    imports = {module: own_imports(path) - {module} for module, path in SOURCES.items()}

    def reached(start: str) -> set[str]:
        found, waiting = set(), list(imports[start])
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                waiting += imports[module]
        return found

    return [module for module in imports if module in reached(module)]


def late_imports() -> set[tuple[str, str]]:
    """Every import of our own that stands inside a function, as (importer, what it imports)."""
    return {
        (place(module), place(name))
        for module, path in SOURCES.items()
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and node.level
        for name in [_module(_absolute(node, path).removeprefix("distribu").removeprefix("."))]
    }


def takes_a_store(path: Path) -> bool:
    """Return whether an argument of a function in the file is an image store."""
    return any(
        isinstance(node, ast.arg)
        and {"store", "ImageStore"} & set(re.findall(r"\w+", ast.unparse(node)))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_module_has_a_place_in_the_table(module):
    assert place(module), f"{module} has no floor: put it where its imports allow"


def test_no_arrow_goes_upward():
    assert upward_arrows() == []


def test_no_imports_form_a_circle():
    assert circles() == []


def test_nothing_is_imported_inside_a_function_but_what_is_named():
    assert late_imports() == LATE


def test_only_a_move_takes_a_store_as_an_argument():
    taking = {module for module, path in SOURCES.items() if takes_a_store(path)}
    assert {module for module in taking if place(module) != "images.stores"} == TAKING_A_STORE


@pytest.mark.parametrize(
    "module", sorted(name for name in SOURCES if PLACES.get(place(name), (9,))[0] <= 1)
)
def test_the_lowest_floors_know_no_flask(module):
    assert not FLASKS & used_names(SOURCES[module])


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_only_the_named_modules_use(name):
    users = {module for module, path in SOURCES.items() if name in used_names(path)}
    assert users == ALLOWED[name]


@pytest.mark.parametrize(
    ("importer", "imported", "is_allowed"),
    [
        ("auth", "settings", False),
        ("settings", "auth", False),
        ("extensions", "models", False),
        ("models", "extensions", True),
        ("images.attachment", "images.staging", False),
        ("images.staging", "images.attachment", True),
        ("images.staging", "http", False),
        ("http", "images.attachment", False),
        ("http", "images.stores", True),
        ("cli", "auth", True),
        ("config", "extensions", False),
    ],
)
def test_table_tells_what_is_allowed(importer, imported, is_allowed):
    assert may_import(importer, imported) is is_allowed


def test_imports_are_found_wherever_they_stand(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "def later():\n    from distribu.images import outbox\n    import distribu.auth\n"
    )
    assert own_imports(path) == {"images.outbox", "auth"}


def test_architecture_page_shows_the_floors_of_the_table():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = page.split("```")[1].strip().splitlines()
    drawn = [re.split(r" {3,}", line)[0].split() for line in reversed(drawing)]
    # Of images the page names the two rooms on the ground, and then the room as a whole.
    rooms = [
        list(dict.fromkeys(name.partition(".")[0] for names in floor for name in names.split()))
        for floor in FLOORS
    ]
    rooms[1] = ["images.decoding", "images.stores"]
    assert drawn == rooms
