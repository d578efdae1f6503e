"""Every generated file against Chromium: pytest tests/browser/differential.py, or make browsers."""

import pytest

from tests.browser.drawing import EXCEPTIONS, disagreement
from tests.browser.test_published_as_shown import canvas  # noqa: F401 (a fixture)
from tests.images.world_files import world_files


@pytest.mark.parametrize("name", sorted(world_files()))
def test_published_as_shown(canvas, name):  # noqa: F811
    # An exception that is over is a failure too: its line goes.
    assert bool(disagreement(canvas, name)) == (name in EXCEPTIONS)
