"""The points at which a process dies: each with make faults, a fixed sample in make test."""

import os
import random
from collections.abc import Sequence

IS_EVERY_POINT = os.environ.get("FAULTS_POINTS") == "all"
SAMPLE = 4


def chosen(points: Sequence[str], seed: str) -> list[int]:
    """Return the numbers of the points to die at: in a sample the first, the last and some between.

    seed: the name of what dies, so that each has a sample of its own, and always the same.
    """
    numbers = range(len(points))
    if IS_EVERY_POINT or len(points) <= SAMPLE:
        return list(numbers)
    between = random.Random(seed).sample(numbers[1:-1], SAMPLE - 2)
    return [numbers[0], *sorted(between), numbers[-1]]
