"""A decoding child that a file has taken over can do nothing with it."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from distribu.images.decoding import sandbox
from distribu.images.decoding.confinement import LAYERS
from distribu.images.decoding.policies import MERCHANT
from tests.images.hostile_child import actions
from tests.images.image_files import png

ROOT = Path(__file__).parents[2]
NAMES = sorted(actions(0, "", "", 0))

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the raw system calls are numbered for x86_64"
)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory) -> list:
    """The layers that held, and which actions were denied."""
    folder = tmp_path_factory.mktemp("hostile")
    secret = folder / "secret_key"
    secret.write_text("open sesame")
    upload = os.open(secret, os.O_RDONLY)
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.images.hostile_child",
                str(os.getpid()),
                str(secret),
                str(folder),
                str(upload),
            ],
            cwd=ROOT,
            pass_fds=[upload],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        os.close(upload)
    assert secret.read_text() == "open sesame"
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_hostile_action_is_denied(outcome, name):
    assert outcome[1][name]


def test_every_layer_holds_on_this_kernel(outcome):
    assert outcome[0] == list(LAYERS)


def publishes(children: sandbox.Sandbox) -> bool:
    publication = children.publish(png(20, 10), MERCHANT)
    with publication.stable.file, publication.thumbnail.file:
        return publication.info.width_px == 20


@pytest.mark.parametrize("is_required", [False, True])
def test_a_kernel_that_lacks_a_layer_decodes_nothing_where_all_are_required(
    monkeypatch, is_required
):
    # A layer that the kernel of no machine has.
    monkeypatch.setattr(sandbox, "LAYERS", (*LAYERS, "pledge"))
    children = sandbox.Sandbox(processes=1, is_confinement_required=is_required)
    try:
        assert children.missing_layers() == ["pledge"]
        if not is_required:
            assert publishes(children)
            return
        with pytest.raises(sandbox.SandboxError, match="does not confine decoding with pledge"):
            children.publish(png(20, 10), MERCHANT)
    finally:
        children.close()


def test_what_this_kernel_has_is_enough_where_all_are_required():
    children = sandbox.Sandbox(processes=1, is_confinement_required=True)
    if children.missing_layers():
        pytest.skip("this kernel lacks a layer")
    assert publishes(children)
    children.close()
