"""Change the image core in one place at a time, and tell which changes no test notices.

Usage: python tools/mutants.py [--only FUNCTION] [--jobs N] [MODULE ...]     (make mutants)

mutating.py makes the changes; each is tried in a fork of a warm pytest, in a copy of the checkout.
What was found is kept in .mutants/: a run that was stopped goes on, and one after it
tries the survivors alone, until a module or a test changes its lines. Exit status: 1 if a mutant
survives that mutants.toml does not explain.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from mutant_trials import SERVERS, collect, first_to_fail, functions_of, measure, warm
from mutating import Mutant, mutants
from warm_parts import WarmParts

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".mutants"
COPIED = (
    *("distribu", "tests", "tools", "templates", "static", "migrations", "docs"),
    *("README.md", "setup.cfg", "wsgi.py"),
)
MODULES = (
    *("attachment", "staging", "processing", "outbox"),
    *("sweep_lock", "store_identity", "doctor"),
)
TESTED = (
    *("attachment", "staging", "races", "outbox", "derivatives", "doctor", "moving", "restore"),
    *("rebuilding", "order", "purging", "verbs", "crash", "move_crash", "power_loss"),
    *("store_that_keeps",),
)
TESTS = [
    *(f"tests/images/test_{name}.py" for name in TESTED),
    "tests/inventory/test_rotating.py",
]
# The files that try each module itself: where all its tests reach a line, these notice soonest.
NEAREST = {
    "attachment": ("test_attachment", "test_order", "test_races"),
    "staging": ("test_staging", "test_rotating"),
    "processing": ("test_derivatives", "test_attachment", "test_outbox"),
    "outbox": ("test_outbox",),
    "sweep_lock": ("test_outbox",),
    "store_identity": ("test_moving", "TestOlderDatabase"),
    "doctor": ("test_doctor", "test_restore"),
}
# Their subjects run in processes of their own, where the lines they reach are not measured.
UNMEASURED = ("test_crash", "test_move_crash", "test_power_loss")
# A quick trial has no more tests, so that a survivor takes no longer than twenty others.
QUICK_TESTS = 40
# Of all tests of one mutant, whichever they are: longer is a loop without an end.
SECONDS = 1200
_FORK = get_context("fork")
Results = dict[str, Any]


def main(modules: Iterable[str], only: str | None, jobs: int, is_quick: bool) -> int:
    reasons = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text())
    asked = {
        f"{module}.{mutant.name}": (module, mutant)
        for module in modules
        for mutant in mutants(_path(ROOT, module).read_text(), only)
    }
    kept = f"measured-{_fingerprint()}.jsonl"
    known = {name: one for name, one in _kept(kept).items() if not one["failed"]}
    measured = _in_processes(kept, jobs, partial(_measure_share, known))
    if failed := [test for test, one in measured.items() if one["failed"]]:
        raise SystemExit(f"These fail without any change: {', '.join(failed)}")
    kept = f"tried-{_fingerprint()}.jsonl"
    caught_before = {name for name, test in _kept(kept).items() if test}
    left = [one for one in asked.items() if one[0] not in caught_before]
    _in_processes(kept, jobs, partial(_try_share, measured, left, is_quick))
    tried = _kept(kept)
    survivors = [name for name in asked if not tried[name]]
    unexplained = [name for name in survivors if name not in reasons]
    for name in survivors:
        print(f"{name}\n    {reasons.get(name, 'NO TEST NOTICES')}")
    print(
        f"{len(asked) - len(survivors)} of {len(asked)} mutants caught, "
        f"{len(survivors) - len(unexplained)} are explained, {len(unexplained)} are not."
    )
    return 1 if unexplained else 0


def _path(folder: Path, module: str) -> Path:
    return folder / "distribu" / "images" / f"{module}.py"


def _fingerprint() -> str:
    """A name for the modules as they are: what was found of them holds for no others."""
    whole = b"".join(_path(ROOT, module).read_bytes() for module in MODULES)
    return hashlib.sha256(whole).hexdigest()[:12]


def _kept(name: str) -> Results:
    path = KEPT / name
    lines = path.read_text().splitlines() if path.exists() else []
    return {one["name"]: one["found"] for one in map(json.loads, lines)}


def _in_processes(name: str, jobs: int, act: Callable[..., None]) -> Results:
    """Do something in several processes, each in a copy of its own; keep what they find."""
    KEPT.mkdir(parents=True, exist_ok=True)
    found = _FORK.SimpleQueue()
    processes = [_FORK.Process(target=_alone, args=(act, n, jobs, found)) for n in range(jobs)]
    for process in processes:
        process.start()
    running = jobs
    with open(KEPT / name, "a") as file:
        while running:
            one = found.get()
            if one is None:
                running -= 1
                continue
            file.write(json.dumps(dict(zip(("name", "found"), one, strict=True))) + "\n")
            file.flush()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("A process ended before its work was done.")
    return _kept(name)


def _alone(act: Callable[..., None], number: int, jobs: int, found) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            copy = Path(folder, "checkout").resolve()
            copy.mkdir()
            for name in COPIED:
                place = ROOT / name
                (shutil.copytree if place.is_dir() else shutil.copy)(place, copy / name)
            act(copy, number, jobs, lambda name, one: found.put((name, one)))
    finally:
        found.put(None)


def _measure_share(
    known: Results, copy: Path, number: int, jobs: int, tell: Callable[[str, Any], None]
) -> None:
    modules = [_path(copy, module) for module in MODULES]

    def measure_new(items: list[Any]) -> None:
        new = [item for item in items if item.nodeid not in known and not _is_unmeasured(item)]
        if new[number::jobs]:
            warm(items)
            measure(new[number::jobs], modules, tell)

    collect(copy, TESTS, measure_new)


def _try_share(
    measured: Results,
    left: list[tuple[str, tuple[str, Mutant]]],
    is_quick: bool,
    copy: Path,
    number: int,
    jobs: int,
    tell: Callable[[str, Any], None],
) -> None:
    def attempt(items: list[Any]) -> None:
        functions = {module: functions_of(_path(copy, module)) for module in MODULES}
        parts = WarmParts(copy.parent / "applications", warm(items))
        for name, (module, mutant) in left[number::jobs]:
            tests = _in_order(items, measured, module, mutant.lines)
            if is_quick:
                tests = [test for test in tests if not _is_slow(test)][:QUICK_TESTS]
            place = functions[module], _path(copy, module)
            with parts.ready() as use:
                tell(name, first_to_fail(tests, *place, mutant.source, SECONDS, use))

    collect(copy, TESTS, attempt)


def _in_order(items, measured: Results, module: str, lines: range) -> list:
    """The tests that may reach the lines of a module, the fastest first."""

    def is_reaching(item) -> bool:
        if _is_unmeasured(item):
            return True
        return not set(lines).isdisjoint(measured[item.nodeid]["lines"].get(module, ()))

    def cost(item) -> tuple[bool, bool, float]:
        is_far = not any(name in item.nodeid for name in NEAREST[module])
        seconds = 0.0 if _is_unmeasured(item) else measured[item.nodeid]["seconds"]
        return _is_slow(item), is_far, seconds

    return sorted(filter(is_reaching, items), key=cost)


def _is_slow(item) -> bool:
    return _is_unmeasured(item) or not SERVERS.isdisjoint(item.fixturenames)


def _is_unmeasured(item) -> bool:
    return any(name in item.nodeid for name in UNMEASURED)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", default=MODULES)
    parser.add_argument("--only", help="the name of one function")
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried at a time")
    parser.add_argument(
        "--quick", action="store_true", help="leave out tests that start servers or processes"
    )
    asked = parser.parse_args()
    raise SystemExit(main(asked.modules or MODULES, asked.only, asked.jobs, asked.quick))
