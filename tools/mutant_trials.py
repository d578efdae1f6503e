"""Trials of mutants in warm processes: pytest collects once, and a fork of it tries each mutant.

A fork has everything imported, and gets the changed function's code in place of the whole one's.
It runs the tests that reach the changed lines, the fastest first, until one fails. Which lines a
test reaches, and how long it takes, is measured beforehand.
"""

import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

ARGUMENTS = ("-q", "-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=none")
# Of one test; each takes a second or two on an idle machine.
TEST_SECONDS = 60
# Fixtures that start a server for each fork: tests with them come last.
SERVERS = {"minio_server", "postgres_server", "redis_server", "versitygw_server"}
_FORK = get_context("fork")


class Collected:
    """A pytest plugin that does something with the collected tests in place of running them."""

    def __init__(self, act: Callable[[list[pytest.Item]], None]):
        self._act = act

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._act(session.items)
        return True


def collect(copy: Path, files: list[str], act: Callable[[list[pytest.Item]], None]) -> None:
    """Collect the tests of a copy of the checkout, in this process, and do something with them."""
    os.chdir(copy)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
    # No other session tidies up there.
    own = [f"--basetemp={copy.parent / 'temporary'}", f"--rootdir={copy}"]
    arguments = [*ARGUMENTS, f"--timeout={TEST_SECONDS}", *own, *files]
    if status := pytest.main(arguments, plugins=[Collected(act)]):
        raise SystemExit(f"pytest ended with {status!r}")


def measure(
    items: list[pytest.Item], modules: list[Path], tell: Callable[[str, dict], None]
) -> None:
    """Run each test; tell its name, its seconds, and the lines of the modules that it reached."""
    in_fork(lambda pipe: _measure(items, modules, tell), seconds=None)


def _measure(
    items: list[pytest.Item], modules: list[Path], tell: Callable[[str, dict], None]
) -> None:
    reached: set[tuple[str, int]] = set()
    names = {str(path): path.stem for path in modules}

    def line(frame: FrameType, event: str, argument: object) -> Any:
        reached.add((names[frame.f_code.co_filename], frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, argument: object) -> Any:
        return line if frame.f_code.co_filename in names else None

    for number, item in enumerate(items):
        reached.clear()
        threading.settrace(call)
        sys.settrace(call)
        started = time.perf_counter()
        failed = fails(item, next(iter(items[number + 1 :]), None))
        seconds = time.perf_counter() - started
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        lines: dict[str, list[int]] = {}
        for module, number_of_line in sorted(reached):
            lines.setdefault(module, []).append(number_of_line)
        tell(item.nodeid, {"seconds": seconds, "lines": lines, "failed": failed})


def fails(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run a test as pytest does; return whether it failed."""
    before = item.session.testsfailed
    with suppress(pytest.Session.Failed):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return item.session.testsfailed > before


def warm(items: list[pytest.Item]) -> pytest.Item:
    """Run one test, so that each fork finds what a session makes once, and all is imported.

    Returns the test.
    """
    first = next(
        item
        for item in items
        if "make_app" in item.fixturenames and not SERVERS.intersection(item.fixturenames)
    )
    if fails(first, next(item for item in items if item is not first)):
        raise SystemExit(f"{first.nodeid} fails without any change.")
    # The first test of a fork may be of another module.
    first.session._setupstate.teardown_exact(first.session)
    # A collection in a fork would copy the memory of all that it looks at.
    gc.collect()
    gc.freeze()
    return first


def functions_of(path: Path) -> list[FunctionType]:
    """The functions of a module as they are, wherever they are referred to."""
    everything = gc.get_objects()
    functions = [one for one in everything if isinstance(one, FunctionType)]
    return [one for one in functions if one.__code__.co_filename == str(path)]


def first_to_fail(
    items: list[pytest.Item],
    functions: list[FunctionType],
    path: Path,
    source: str,
    seconds: float,
    ready: Callable[[], None],
) -> str | None:
    """Return the first of the tests that notices the changed source of a module.

    functions: of the module. ready: called in the fork before its tests.
    """

    def attempt(pipe: Connection) -> None:
        put_in_place(functions, path, source)
        ready()
        for number, item in enumerate(items):
            if fails(item, next(iter(items[number + 1 :]), None)):
                pipe.send(item.nodeid)
                # Stop servers, as the end of a session does.
                item.session._setupstate.teardown_exact(None)
                break
        else:
            pipe.send(None)

    whole = path.read_text()
    # For the tests that start a process of their own.
    path.write_text(source)
    try:
        return in_fork(attempt, seconds)
    finally:
        path.write_text(whole)


def in_fork(act: Callable[[Connection], None], seconds: float | None) -> str | None:
    """Do something in a fork of this process; return what it sends back."""
    ours, theirs = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=partial(_alone, act, theirs))
    process.start()
    theirs.close()
    try:
        # A fork that dies without a word was killed by the change.
        answer = ours.recv() if ours.poll(seconds) else f"took {seconds:.0f} s"
    except EOFError:
        answer = "the process ended" if process.exitcode != 0 else None
    process.join(TEST_SECONDS)
    process.kill()
    process.join()
    return answer


def _alone(act: Callable[[Connection], None], pipe: Connection) -> None:
    with pipe:
        act(pipe)


def put_in_place(functions: list[FunctionType], path: Path, source: str) -> None:
    """Give each of the functions the code that it has in the changed source of their module."""
    codes = _codes(compile(source, str(path), "exec"))
    for function in functions:
        function.__code__ = codes.get(function.__code__.co_qualname, function.__code__)


def _codes(code: CodeType) -> dict[str, CodeType]:
    found = {code.co_qualname: code}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= {name: one for name, one in _codes(constant).items() if name not in found}
    return found
