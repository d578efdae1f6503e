"""Who may import whom: the tree is read with ast, and held to the table of floors."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import distribu

PACKAGE = Path(distribu.__file__).parent

# From the ground up. A module imports what lies on lower floors, or to its left on its own. Names
# in one string, and the modules of one package, import each other as they like. A name stands for
# everything in it that has no place of its own.
FLOORS = [
    [
        "config folding nul rules csv_io search_index catalogue_version",
        "images images.headers images.decode images.names images.derivatives images.sandbox_child",
        "images.sandbox",
        "images.bounded_http images.bucket_policy",
        "images.store images.store_local images.store_minio",
    ],
    ["formats uploads json_bodies", "extensions", "models"],
    [
        "request_ids limits sessions",
        "tenancy row_sets",
        "audit bearer idempotency",
        "images.ownership",
        "images.attachment",
    ],
    ["images.staging images.validators", "images.intake"],
    [
        "images.purging",
        "images.outbox",
        "images.doctor",
        "images.rebuilding images.moving",
        "image_url search ordering",
        "importing",
    ],
    ["forms", "resume", "errors"],
    ["auth", "settings", "inventory", "storefront", "orders", "api", "commerce", "media"],
    ["worker seed", "cli"],
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
    "PIL": {"images.decode", "images.derivatives", "seed"},
    "minio": {"images.store_minio"},
    # sandbox: a child process is started with the PATH and TMPDIR of its parent, and no more.
    "os.environ": {"config", "images.sandbox"},
    "os.getenv": set(),
}


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
    here = ["distribu", *path.parent.relative_to(PACKAGE).parts] if PACKAGE in path.parents else []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


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
    """Whether the table lets one place import another."""
    (height, column), (depth, left) = PLACES[importer], PLACES[imported]
    if importer == imported or depth < height:
        return True
    return depth == height and left <= column and importer not in BLUEPRINTS


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_module_has_a_place_in_the_table(module):
    assert place(module), f"{module} has no floor: put it where its imports allow"


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_module_imports_downward_or_to_the_left(module):
    upward = [
        name for name in own_imports(SOURCES[module]) if not may_import(place(module), place(name))
    ]
    assert upward == []


@pytest.mark.parametrize(
    "module", sorted(name for name in SOURCES if PLACES.get(place(name), (1,))[0] == 0)
)
def test_floor_0_knows_no_flask(module):
    assert not FLASKS & used_names(SOURCES[module])


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_only_the_named_modules_use(name):
    users = {place(module) for module, path in SOURCES.items() if name in used_names(path)}
    assert users == ALLOWED[name] & {place(module) for module in SOURCES}


@pytest.mark.parametrize(
    ("importer", "imported", "is_allowed"),
    [
        ("auth", "settings", False),
        ("settings", "auth", False),
        ("extensions", "models", False),
        ("models", "extensions", True),
        ("images.attachment", "images.staging", False),
        ("images.store", "images.store_local", True),
        ("cli", "auth", True),
        ("config", "extensions", False),
    ],
)
def test_table_tells_what_is_allowed(importer, imported, is_allowed):
    assert may_import(importer, imported) is is_allowed


def test_imports_are_found_wherever_they_stand(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "def later():\n    from distribu.images import store\n    import distribu.auth\n"
    )
    assert own_imports(path) == {"images.store", "auth"}
