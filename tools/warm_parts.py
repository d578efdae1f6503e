"""Parts that a trial of a mutant finds ready: applications, and a decoding process.

An application takes longer to make than most tests take to use it, and a decoding process longer
still. The applications are made before the fork, each for a folder of its own, and have connected
to nothing by then; the decoding process serves one fork after the other.
"""

import os
import select
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _pytest.tmpdir
import pytest

# A trial of more tests makes the others itself.
APPLICATIONS = 20


class WarmParts:
    """The parts that all trials share. item: a test that has run in this process."""

    def __init__(self, folder: Path, item: pytest.Item):
        self._applications, self._decoder = Applications(folder), Decoder(item)

    @contextmanager
    def ready(self) -> Iterator[Callable[[], None]]:
        """Yield what a fork calls to use them."""
        self._decoder.make_ready()
        yield self._use
        self._decoder.put_back()

    def _use(self) -> None:
        self._applications.in_use()
        self._decoder.in_use()


class Applications:
    """Applications of the usual settings, each of which the first tests of a fork get."""

    def __init__(self, folder: Path):
        from tests import conftest

        self._make, self._settings = conftest.create_app, conftest.settings
        self._mk_tmp = _pytest.tmpdir._mk_tmp
        self._folders = [folder / str(number) for number in range(APPLICATIONS)]
        self._ready = [self._make(self._settings(path)) for path in self._folders]

    def in_use(self) -> None:
        """Let the tests of this fork have them."""
        from tests import conftest

        conftest.create_app = self._create_app
        _pytest.tmpdir._mk_tmp = self._next_folder

    def _next_folder(self, request: pytest.FixtureRequest, factory: Any) -> Path:
        if not self._folders:
            return self._mk_tmp(request, factory)
        path = self._folders.pop(0)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def _create_app(self, values: dict[str, Any]) -> Any:
        for app in self._ready:
            if self._settings(Path(app.config["INSTANCE"])) == values:
                self._ready.remove(app)
                return app
        # One of other settings shares state with those that were made before it.
        self._ready, self._folders = [], []
        return self._make(values)


class Decoder:
    """A child of the tests' sandbox that belongs to this process, and that its forks may use."""

    def __init__(self, item: pytest.Item):
        definitions = item.session._fixturemanager.getfixturedefs("shared_sandbox", item)
        self._sandbox = definitions[-1].cached_result[0]

    def make_ready(self) -> None:
        """Have a child that is well and has nothing to say, whatever the last fork did with it."""
        idle = self._sandbox._idle
        if idle and (not idle[0].is_alive() or select.select([idle[0]._socket], [], [], 0)[0]):
            self._sandbox._end(idle.pop())
        if not idle:
            with self._sandbox._child(1):
                pass
        self._child = idle[0]
        # A fork closes those of the sandbox.
        self._socket, self._lifeline = self._child._socket.dup(), os.dup(self._child._lifeline)

    def in_use(self) -> None:
        """Give this fork the child of its parent, which it can neither wait for nor end."""
        child = self._child
        child._socket, child._lifeline = self._socket, self._lifeline
        child.is_alive = lambda: True
        self._sandbox._children, self._sandbox._idle = {child}, [child]

    def put_back(self) -> None:
        """Close what make_ready() has opened for a fork."""
        self._socket.close()
        os.close(self._lifeline)
