"""The choice of pytest --quick: tests without an application, a server, a browser or a decoder."""

import pytest

# Making an application takes as long as a hundred of the chosen tests.
SLOW_FIXTURES = {"make_app", "chromium_path", "minio_server", "postgres_server", "redis_server"}
# Their tests decode images or start processes.
SLOW_FOLDERS = tuple(
    f"tests/{folder}/"
    for folder in (
        *("browser", "cli", "contracts", "deploy", "faults", "images", "seed", "serving", "tools"),
        "releases",
    )
)
SLOW_FILES = (
    "tests/importing/test_import_crash.py",
    "tests/project/test_servers.py",
    "tests/test_several_hosts.py",
    "tests/test_web_process.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests that need no server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    slow = [item for item in items if not _is_quick(item)]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if _is_quick(item)]


def _is_quick(item: pytest.Item) -> bool:
    path = item.nodeid.partition("::")[0]
    return not (
        SLOW_FIXTURES.intersection(item.fixturenames) or path.startswith(SLOW_FOLDERS + SLOW_FILES)
    )
