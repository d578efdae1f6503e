"""A pool of child processes that decode images, so that a hostile file cannot harm a server.

A child holds no secret, no connection and no file name, and the kernel allows it nothing but
computing: it gets one descriptor to read from and returns descriptors of unnamed files, so a
crash on either side leaves nothing behind. Its memory and CPU time are limited; a child that dies
is replaced, and all its answers are validated. The number of children at work depends on the
memory that their images need; further jobs wait.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO
from weakref import WeakMethod

from .child_process import Child, LimitReached, SandboxBusy, SandboxError, SandboxInterrupted
from .confinement import LAYERS
from .job_memory import job_bytes
from .policies import UNDECODABLE, ImagePolicy, InvalidImage
from .probe import ImageInfo, probe, turned
from .uploads import descriptor_of
from .wire import Derivative, Message, Publication

__all__ = ["Sandbox", "SandboxBusy", "SandboxError", "SandboxInterrupted"]

_MB = 1024 * 1024
# A child is ended after a job larger than this, more than any photograph of 24 megapixels
# needs: up to 300 MB were seen to stay allocated, which no budget would count.
WARM_BYTES = 256 * _MB

JOB_SECONDS = 60.0
CPU_SECONDS = 30
# How long a web request waits for a child: longer than any burst of valid images takes, short
# enough that a few hanging ones cannot hold every thread of a web process.
WAIT_SECONDS = 20.0


class Sandbox:
    """A warm pool of decoding children, shared by all threads of one process.

    processes and memory_bytes limit what runs at once; an image that needs more memory than the
    whole budget runs alone. Children start when first needed, with the priority of their server,
    lowered by niceness. If confinement is required, a child that lacks a layer gets no file.
    """

    niceness = 0

    def __init__(
        self,
        processes: int | None = None,
        memory_bytes: int = 2048 * _MB,
        job_seconds: float = JOB_SECONDS,
        cpu_seconds: int = CPU_SECONDS,
        is_confinement_required: bool = False,
    ):
        self._processes = processes or max(2, os.cpu_count() or 1)
        self._memory_bytes = memory_bytes
        self.job_seconds = job_seconds
        self.cpu_seconds = cpu_seconds
        self._is_confinement_required = is_confinement_required
        self._children = set()
        self._forget()
        forget = WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: (forget() or bool)())

    def publish(
        self,
        file: IO[bytes],
        policy: ImagePolicy,
        *,
        wait_seconds: float | None = None,
        info: ImageInfo | None = None,
        turn: int = 0,
        **options: object,
    ) -> Publication:
        """Make the stable image, the first thumbnail and the placeholder color in a child.

        info: the result of probe(), if the caller has it. turn: quarter turns clockwise.
        options: label and quality; see publishing.publish().
        file: open, seekable; its position afterwards is undefined. wait_seconds: for a free child,
        then SandboxBusy; None waits for the jobs ahead, each of which has a time limit. Raises
        InvalidImage, and SandboxError if nothing was learned about the file.
        """
        info = turned(info or probe(file, policy), turn)
        job = {"task": "publish", "options": options}
        made = self._run(file, policy, job, info, wait_seconds)
        assert isinstance(made, Publication)
        return made

    def derive(
        self, file: IO[bytes], policy: ImagePolicy, turn: int = 0, **options: object
    ) -> list[Derivative]:
        """Make the rest of the responsive set in a child.

        turn: as in publish(). options: with_thumbnail, in_own_format and label; see
        publishing.derive().
        """
        job = {"task": "derive", "options": options}
        made = self._run(file, policy, job, turned(probe(file, policy), turn))
        assert isinstance(made, list)
        return made

    def missing_layers(self) -> list[str]:
        """Start a child, end it, and return the layers of confinement that this kernel lacks.

        Raises SandboxError.
        """
        with self._child(WARM_BYTES + 1) as child:
            return [name for name in LAYERS if name not in child.layers]

    def pids(self) -> list[int]:
        """Return the process ids of the children, idle and at work."""
        with self._changed:
            return [child.process.pid for child in self._children]

    def waiting(self) -> int:
        """Return how many jobs wait for a slot."""
        with self._changed:
            return len(self._queue)

    def close(self) -> None:
        """End every idle child now, and each busy one after its job."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            self._end(child)

    _children: set[Child]
    _idle: list[Child]
    _changed: threading.Condition
    _queue: deque[object]

    def _forget(self) -> None:
        # After a fork the children belong to the parent: sharing sockets would mix up answers.
        for child in self._children:
            child.disown()
        self._children = set()
        self._idle = []
        self._changed = threading.Condition()
        self._queue = deque()
        self._bytes_at_work = 0
        self._children_at_work = 0
        self._slots_given = 0
        self._is_closed = False

    def _run(
        self,
        file: IO[bytes],
        policy: ImagePolicy,
        job: Message,
        info: ImageInfo,
        wait_seconds: float | None = None,
    ) -> Publication | list[Derivative]:
        needed_bytes = job_bytes(info)
        job |= {"policy": asdict(policy), "info": asdict(info)}
        with descriptor_of(file) as upload:
            try:
                return self._attempt(job, upload, needed_bytes, wait_seconds)
            except SandboxInterrupted as error:
                # Other jobs may have slowed it down, so try alone, unless a web request is waiting.
                if wait_seconds is not None or not isinstance(error.__cause__, LimitReached):
                    raise
            return self._attempt(job, upload, needed_bytes, wait_seconds, is_alone=True)

    def _attempt(
        self,
        job: Message,
        upload: int,
        needed_bytes: int,
        wait_seconds: float | None,
        is_alone: bool = False,
    ) -> Publication | list[Derivative]:
        """Run the job once; raise InvalidImage if it reached a limit although it ran alone."""
        slot_bytes = self._memory_bytes if is_alone else needed_bytes
        is_patient = wait_seconds is None
        with (
            self.slot(slot_bytes, wait_seconds) as ran_alone,
            self._child(needed_bytes, is_patient) as child,
        ):
            self._refuse_unconfined(child)
            try:
                child.limit(needed_bytes, self.cpu_seconds)
                return child.work(job, upload, self.job_seconds, is_patient)
            except LimitReached as error:
                if ran_alone():
                    raise InvalidImage("undecodable", UNDECODABLE) from error
                raise SandboxInterrupted("a decoding process reached its limit") from error

    def _refuse_unconfined(self, child: Child) -> None:
        missing = [name for name in LAYERS if name not in child.layers]
        if missing and self._is_confinement_required:
            raise SandboxError(
                f"this kernel does not confine decoding with {' and '.join(missing)}"
            )

    @contextmanager
    def slot(
        self, needed_bytes: int, wait_seconds: float | None = None
    ) -> Iterator[Callable[[], bool]]:
        """Wait, in order of arrival, for a free child and enough memory, held for the block.

        Yields a function that returns whether no other job has run since.
        """
        needed_bytes = min(needed_bytes, self._memory_bytes)
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                is_free = self._changed.wait_for(
                    lambda: self._queue[0] is ticket and self._has_room(needed_bytes),
                    wait_seconds,
                )
                if not is_free:
                    raise SandboxBusy(f"no decoding process was free for {wait_seconds} s")
                is_first = self._children_at_work == 0
                self._bytes_at_work += needed_bytes
                self._children_at_work += 1
                self._slots_given += 1
                own_slot = self._slots_given
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
        try:
            yield lambda: is_first and self._slots_given == own_slot
        finally:
            with self._changed:
                self._bytes_at_work -= needed_bytes
                self._children_at_work -= 1
                self._changed.notify_all()

    def _has_room(self, needed_bytes: int) -> bool:
        return (
            self._children_at_work < self._processes
            and self._bytes_at_work + needed_bytes <= self._memory_bytes
        )

    @contextmanager
    def _child(self, needed_bytes: int, is_patient: bool = False) -> Iterator[Child]:
        """Yield an idle or new child; keep it for the next job if it is sound and small."""
        child = self._idle_child() or Child(self.niceness, is_patient)
        with self._changed:
            self._children.add(child)
        try:
            yield child
        finally:
            with self._changed:
                is_small = needed_bytes <= WARM_BYTES
                is_kept = child.is_sound and is_small and not self._is_closed
                if is_kept:
                    self._idle.append(child)
            if not is_kept:
                self._end(child)

    def _idle_child(self) -> Child | None:
        while True:
            with self._changed:
                if not self._idle:
                    return None
                child = self._idle.pop()
            if child.is_alive():
                return child
            self._end(child)

    def _end(self, child: Child) -> None:
        with self._changed:
            self._children.discard(child)
        child.end()
