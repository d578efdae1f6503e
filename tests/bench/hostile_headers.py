"""CPU of reading the header of a hostile file, and of reducing it to what carries pixels.

Run from the checkout: python tests/bench/hostile_headers.py. Each file multiplies what one loop
reads; beside it runs one bytes.find over the same bytes, for something that is not there.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from distribu.images.decoding.normalizing import normalized
from distribu.images.decoding.policies import PUBLISHED, InvalidImage
from distribu.images.decoding.probe import probe
from tests.images.test_hostile_headers import HOSTILE, MEGABYTE

GOAL_MS = 10.0
ROUNDS = 5


def main() -> None:
    print(f"CPU a megabyte, the least of {ROUNDS} rounds (goal {GOAL_MS:g} ms)")
    worst = 0.0
    for name, data in HOSTILE.items():
        found, read, reduced = figures(name.split("-")[0].upper(), data)
        worst = max(worst, read, reduced)
        print(
            f"  {name:20} header {read:6.2f} ms, {read / found:6.1f} of bytes.find;"
            f" reducing {reduced:6.2f} ms, {reduced / found:6.1f} of it"
        )
    print(f"  worst: {worst:.2f} ms")


def figures(format: str, data: bytes) -> list[float]:
    """CPU milliseconds a megabyte of bytes.find, of the header and of reducing."""
    acts = (
        lambda: data.find(b"\1nowhere\1"),
        lambda: header_of(data),
        lambda: normalized(data, format),
    )
    return [least_ms(act) * MEGABYTE / len(data) for act in acts]


def header_of(data: bytes) -> None:
    with suppress(InvalidImage):
        probe(BytesIO(data), PUBLISHED)


def least_ms(act: Callable[[], object]) -> float:
    return min(cpu_ms(act) for _ in range(ROUNDS))


def cpu_ms(act: Callable[[], object]) -> float:
    started = time.process_time()
    with suppress(InvalidImage):
        act()
    return (time.process_time() - started) * 1000


if __name__ == "__main__":
    main()
