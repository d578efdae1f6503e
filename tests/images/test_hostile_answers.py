"""Whatever a decoding child answers, its server stays sound and the child is ended."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from distribu.images.decoding.policies import MERCHANT
from distribu.images.decoding.sandbox import Sandbox, SandboxInterrupted
from tests.images import hostile_answers
from tests.images.hostile_answers import LINES, UNSOUND
from tests.images.image_files import png


@pytest.fixture
def sandbox(tmp_path, monkeypatch) -> Iterator[Sandbox]:
    """A sandbox whose children are hostile_answers.py."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -I {hostile_answers.__file__} "$@"\n')
    program.chmod(0o700)
    # The program of the child processes.
    monkeypatch.setattr(sys, "executable", str(program))
    sandbox = Sandbox(processes=1)
    yield sandbox
    sandbox.close()


def published(sandbox: Sandbox, answer: str):
    return sandbox.publish(png(40, 30), MERCHANT, answer=answer)


@pytest.mark.parametrize("name", [*UNSOUND, *(name for name in LINES if name != "trickle")])
def test_answer_that_cannot_be_is_an_interruption(sandbox, name):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SandboxInterrupted, match="answered nonsense"):
        published(sandbox, name)
    assert sandbox.pids() == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_answer_that_trickles_has_one_deadline(sandbox):
    sandbox.job_seconds = 0.05
    with pytest.raises(SandboxInterrupted, match="took"):
        published(sandbox, "trickle")
    assert sandbox.pids() == []


def test_sound_answer_is_taken(sandbox):
    with ExitStack() as files:
        made = published(sandbox, "sound")
        files.callback(made.stable.file.close)
        files.callback(made.thumbnail.file.close)
        assert (made.info.width_px, made.stable.byte_size, len(sandbox.pids())) == (40, 10, 1)
        with pytest.raises(OSError, match="Operation not permitted"):
            os.write(made.stable.file.fileno(), b"changed")


def test_children_of_this_machine_have_every_layer():
    sandbox = Sandbox(processes=1)
    made = sandbox.publish(png(40, 30), MERCHANT)
    made.stable.file.close()
    made.thumbnail.file.close()
    assert sandbox.missing_layers() == []
    sandbox.close()
