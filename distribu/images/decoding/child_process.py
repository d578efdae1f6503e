"""One decoding child and the socket to it: its start, its limits, its answers, its end."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from . import answers
from .confinement import LAYERS
from .job_memory import allow
from .policies import ImagePolicy, InvalidImage
from .probe import ImageInfo
from .starvation import Starved, wait_for_answer
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


class LimitReached(Exception):
    """The job used up its memory or CPU time."""


class Child:
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

        Raises InvalidImage, LimitReached, SandboxBusy if it had no CPU, and SandboxInterrupted
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
            raise LimitReached("memory")
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
            return LimitReached("CPU")
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
