"""Waiting for a child that may be waiting for a CPU itself.

The worker's children yield to the pages. On a busy machine they may have one second of CPU in a
minute, which says nothing about the file that they decode.
"""

import select
import socket
import time
from contextlib import suppress
from pathlib import Path

# How many times its limit a starved child may take: it holds a place, and memory, meanwhile.
STARVED_FACTOR = 4


class Starved(TimeoutError):
    """The child has had less CPU time available than its limit."""


def wait_for_answer(connection: socket.socket, seconds: float, patient_with: int | None) -> None:
    """Return once there is something to read from a child.

    Raises TimeoutError after that many seconds. patient_with: the id of a
    process whose time of waiting for a CPU does not count, until Starved
    is raised at STARVED_FACTOR times the limit; None where somebody waits
    at a page.
    """
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    began = time.monotonic()
    starved_before = starved_seconds(patient_with)
    end = began + seconds
    while not poll.poll(1000 * max(0, end - time.monotonic())):
        starved = starved_seconds(patient_with) - starved_before
        end = began + min(seconds + starved, STARVED_FACTOR * seconds)
        if time.monotonic() >= end:
            raise Starved if seconds + starved > STARVED_FACTOR * seconds else TimeoutError


def starved_seconds(pid: int | None) -> float:
    """Return how long a process's first thread has waited for a CPU; 0 if that is unknown."""
    with suppress(OSError, LookupError, ValueError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
