"""The CPU time and memory of a process and its descendants, read from /proc."""

import os
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    found, waiting = set(), [pid]
    while waiting:
        one = waiting.pop()
        found.add(one)
        with suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
    return found


def cpu_seconds(pids: set[int]) -> float:
    """CPU seconds of these processes, and of those of their children that have ended."""
    return sum(map(_cpu_seconds, pids))


def _cpu_seconds(pid: int) -> float:
    with suppress(OSError):
        # The name of a process stands in parentheses, and may hold any character.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS
    return 0.0


def resident_mb(pid: int) -> float:
    """Megabytes of a process and all below it; what several share is counted once."""
    return sum(map(_share_mb, family(pid)))


def _share_mb(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
