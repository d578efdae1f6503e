"""Each operation with each fault at each of its calls: what is found then, cell by cell."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from distribu.extensions import db
from distribu.images.attachment import ImageConflict
from distribu.images.decoding.sandbox import SandboxError
from distribu.images.moving import MoveFailed
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import StoreError
from distribu.models import Installation
from tests.faults.gate import DATABASE, KINDS, STORE, Gate, Harm, Killed, gated
from tests.faults.operations import OPERATIONS
from tests.faults.world import World
from tests.flaky_store import store_of

# What a command or the worker says of a part that fails; a page turns it into an answer.
TOLD = (StoreError, SandboxError, SQLAlchemyError, ImageConflict, MoveFailed)


@dataclass
class Result:
    """The number of cells, and the problems of those that failed."""

    tried: int = 0
    trace: list[tuple[str, str]] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.tried - len(self.wrong)} of {self.tried}"


def try_cells(
    app: Flask,
    operation: str,
    target_url: str,
    parts: tuple[str, ...],
    is_chosen: Callable[[int], bool] = lambda number: True,
    hang_seconds: float = 0.5,
) -> Result:
    """Try an operation with every fault at every call to parts, or at the chosen cells.

    The unharmed run tells the calls. A new call is a new row of cells by
    itself, because their number is written down nowhere.
    """
    world, gate, result = World(app), Gate(hang_seconds), Result()
    world.begin()
    world.ids["target"] = target_url
    act = OPERATIONS[operation](world)
    world.take_picture()
    before = _recovered(world)
    with gated(app, gate):
        world.restore()
        _empty(target_url)
        with gate.opened():
            act()
        result.trace = list(gate.trace)
    after = _recovered(world)
    if found := _audit(world):
        result.wrong[f"{operation}, unharmed"] = found
    with _heap_frozen():
        for number, harm in enumerate(_harms(result.trace, parts)):
            if is_chosen(number):
                _empty(target_url)
                result.tried += 1
                if found := _try(world, gate, act, harm, before, after):
                    part, what = result.trace[harm.at]
                    result.wrong[f"{operation}, {harm.at} {part} {what}, {harm.kind}"] = found
    return result


@contextmanager
def _heap_frozen() -> Iterator[None]:
    """Spare each burial, which collects garbage, all that was there before."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _harms(trace: list[tuple[str, str]], parts: tuple[str, ...]) -> Iterator[Harm]:
    for at, (part, _) in enumerate(trace):
        if part in parts:
            yield from (Harm(at, kind) for kind in KINDS)


def _try(world: World, gate: Gate, act, harm: Harm, before: list, after: list) -> list[str]:
    with gated(world.app, gate):
        world.restore()
        status = None
        with gate.opened(harm), suppress(Killed, *TOLD):
            status = act()
        if harm.kind.startswith("killed"):
            gate.bury()
        has_happened = len(gate.trace) > harm.at
    state = _recovered(world)
    found = _audit(world)
    if not has_happened:
        found.append("the run did not come to this call")
    if state not in (before, after):
        found.append(f"lost: {state} is neither {before} nor {after}")
    if status is not None and status >= 500 and status != 503:
        found.append(f"answered {status}")
    if status is not None and status < 400 and state != after:
        found.append(f"untrue: answered {status}, and nothing was saved")
    # A refusal is true as well, where not just the answer of the commit was lost.
    if status is not None and status >= 400 and harm.kind in ("error", "hang") and state != before:
        found.append(f"untrue: answered {status}, and it was saved")
    return found


def _recovered(world: World) -> list[tuple]:
    with store_of(world.app, _right_store(world)):
        world.recover()
    return world.state()


def _audit(world: World) -> list[str]:
    with store_of(world.app, _right_store(world)) as right:
        return world.faults(right)


def _right_store(world: World):
    """The store in which the database has its images: after a move, the target."""
    with world.app.app_context():
        db.session.remove()
        db.engine.dispose()
        known = db.session.get(Installation, 1)
        target = open_store(world.ids["target"])
        if known and known.moved_from == world.store.installation_id():
            return target
    return world.store


def _empty(url: str) -> None:
    target = open_store(url)
    target.prepare()
    for key in sorted(target.keys()):
        target.delete(key)


PARTS_OF = {"sqlite": (DATABASE, STORE, "queue"), "postgres": (DATABASE,), "minio": (STORE,)}
