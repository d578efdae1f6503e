"""A pool of child processes that decode images, so that a hostile file cannot harm a server.

A child holds no secret, no connection and no file name, and the kernel allows it nothing but
computing: it gets one descriptor to read from and returns descriptors of unnamed files, so a
crash on either side leaves nothing behind. Its memory and CPU time are limited; a child that dies
is replaced, and all its answers are validated. The number of children at work depends on the
memory that their images need; further jobs wait.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO
from weakref import WeakMethod

from . import answers
from .confinement import LAYERS
from .job_memory import allow, job_bytes
from .policies import UNDECODABLE, ImagePolicy, InvalidImage
from .probe import ImageInfo, probe, turned
from .starvation import Starved, wait_for_answer
from .uploads import descriptor_of
from .wire import (
    MAX_DESCRIPTORS,
    BadMessage,
    Derivative,
    Message,
    Publication,
    close_all,
    receive,
    send,
)

_MB = 1024 * 1024
# A child is ended after a job larger than this, more than any photograph of 24 megapixels
# needs: up to 300 MB were seen to stay allocated, which no budget would count.
WARM_BYTES = 256 * _MB

JOB_SECONDS = 60.0
CPU_SECONDS = 30
# How long a web request waits for a child: longer than any burst of valid images takes, short
# enough that a few hanging ones cannot hold every thread of a web process.
WAIT_SECONDS = 20.0
_START_SECONDS = 30.0
# How long a child may take to exit after its connection ends.
_DEATH_SECONDS = 5.0

# Keep the application out of the child: an empty package replaces distribu/__init__.py, which
# would import Flask and the database driver and take half a second.
_BOOTSTRAP = """
import os, sys, types
package = types.ModuleType("distribu")
package.__path__ = [sys.argv[1]]
sys.modules["distribu"] = package
os.nice(int(sys.argv[4]))
from distribu.images.decoding.child import main
main(int(sys.argv[2]), int(sys.argv[3]))
"""
_PACKAGE = str(Path(__file__).resolve().parents[2])


class SandboxError(Exception):
    """The job was not done, for a reason that has nothing to do with the file."""


class SandboxBusy(SandboxError):
    """No child became free in time; the same call may succeed later."""


class SandboxInterrupted(SandboxError):
    """The child died or timed out during the job; the same call may succeed later."""


class _LimitReached(Exception):
    """The job used up its memory or CPU time."""


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

    _children: set["_Child"]
    _idle: list["_Child"]
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
                if wait_seconds is not None or not isinstance(error.__cause__, _LimitReached):
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
            except _LimitReached as error:
                if ran_alone():
                    raise InvalidImage("undecodable", UNDECODABLE) from error
                raise SandboxInterrupted("a decoding process reached its limit") from error

    def _refuse_unconfined(self, child: "_Child") -> None:
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
    def _child(self, needed_bytes: int, is_patient: bool = False) -> Iterator["_Child"]:
        """Yield an idle or new child; keep it for the next job if it is sound and small."""
        child = self._idle_child() or _Child(self.niceness, is_patient)
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

    def _idle_child(self) -> "_Child | None":
        while True:
            with self._changed:
                if not self._idle:
                    return None
                child = self._idle.pop()
            if child.is_alive():
                return child
            self._end(child)

    def _end(self, child: "_Child") -> None:
        with self._changed:
            self._children.discard(child)
        child.end()


class _Child:
    """One child process and the socket to it; is_sound until something goes wrong."""

    def __init__(self, niceness: int, is_patient: bool):
        self.is_sound = False
        self._socket, socket_of_child = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        with socket_of_child:
            descriptors = [socket_of_child.fileno(), lifeline]
            try:
                self.process = _start(descriptors, niceness)
            except OSError as error:
                self._close()
                raise SandboxError(f"no decoding process: {error}") from error
            finally:
                os.close(lifeline)
        try:
            answer, _ = self._answer(_START_SECONDS, is_patient)
            self.layers = [name for name in LAYERS if name in answer["layers"]]
        except (OSError, EOFError, BadMessage, LookupError, TypeError) as error:
            self.end()
            raise SandboxError("a decoding process did not start; the log says why") from error
        self.is_sound = True

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def limit(self, memory_bytes: int, cpu_seconds: int) -> None:
        """Limit the child to this much more memory and CPU time. Raises SandboxInterrupted."""
        try:
            allow(self.process.pid, memory_bytes, cpu_seconds)
        except (OSError, IndexError) as error:
            self.is_sound = False
            raise SandboxInterrupted("a decoding process ended before its job") from error

    def work(
        self, job: Message, upload: int, seconds: float, is_patient: bool = False
    ) -> Publication | list[Derivative]:
        """Return the result of the child's work.

        Raises InvalidImage, _LimitReached, SandboxBusy if it had no CPU, and SandboxInterrupted
        if the child dies, takes too long, or gives an invalid answer.
        """
        self.is_sound = False
        try:
            send(self._socket, job, [upload])
            answer, descriptors = self._answer(seconds, is_patient)
            return self._understood(job, answer, descriptors)
        except Starved as error:
            raise SandboxBusy("no CPU was free for a decoding process") from error
        except TimeoutError as error:
            raise SandboxInterrupted(f"a decoding process took {seconds} s") from error
        except BadMessage as error:
            raise SandboxInterrupted(f"a decoding process answered nonsense: {error}") from error
        except (OSError, EOFError) as error:
            raise self._death() from error

    def _answer(self, seconds: float, is_patient: bool) -> tuple[Message, list[int]]:
        wait_for_answer(self._socket, seconds, self.process.pid if is_patient else None)
        return receive(self._socket, MAX_DESCRIPTORS, seconds)

    def _understood(
        self, job: Message, answer: Message, descriptors: list[int]
    ) -> Publication | list[Derivative]:
        """Validate every part of the answer and return it; only then is the child sound again."""
        policy, asked = ImagePolicy(**job["policy"]), ImageInfo(**job["info"])
        if descriptors and ("invalid" in answer or "limit" in answer):
            close_all(descriptors)
            raise BadMessage("files beside a refusal")
        if answer.get("limit") == "memory":
            # Not sound: what its heap keeps would be allowed to the next job as well.
            raise _LimitReached("memory")
        try:
            answers.raise_refusal(answer, policy)
        except InvalidImage:
            self.is_sound = True
            raise
        made = answers.derivatives(answer, descriptors)
        try:
            result: Publication | list[Derivative] = made
            if job["task"] == "publish":
                result = answers.publication(answer, asked, made)
        except BadMessage:
            for one in made:
                one.file.close()
            raise
        self.is_sound = True
        return result

    def _death(self) -> Exception:
        """Return the error for the child's end: its CPU limit, or an interruption."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_DEATH_SECONDS)
        if self.process.returncode == -signal.SIGXCPU:
            return _LimitReached("CPU")
        return SandboxInterrupted(f"a decoding process ended with {self.process.returncode}")

    def end(self) -> None:
        self._close()
        self.process.kill()
        self.process.wait()

    def disown(self) -> None:
        """Forget a process that belongs to another server, without ending it."""
        self._close()
        self.process.returncode = 0

    def _close(self) -> None:
        self._socket.close()
        os.close(self._lifeline)


def _start(descriptors: list[int], niceness: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOTSTRAP, _PACKAGE, *map(str, [*descriptors, niceness])],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        # Pass none of the server's settings, and so none of its secrets.
        env=_environment(),
        # Leave Ctrl-C to the server. The session stays the same, and so does the priority.
        process_group=0,
    )


def _environment() -> dict[str, str]:
    # One arena for all threads reuses freed memory and keeps reserves out of the limit.
    limits = {"MALLOC_ARENA_MAX": "1"}
    return limits | {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
