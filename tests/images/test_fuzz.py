"""Bytes that nobody meant: headers and the reducing of files answer, or refuse, and never fail.

make test runs some thousand examples, make fuzz as many as wanted.
"""

from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distribu.images.decoding import headers
from distribu.images.decoding.color_codes import png_profile
from distribu.images.decoding.normalizing import normalized
from distribu.images.decoding.policies import PUBLISHED, InvalidImage
from distribu.images.decoding.probe import probe
from tests.images.world_files import GROUPS, world_files

settings.register_profile("fuzz", max_examples=100_000, deadline=None)
QUIET = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
SEEDS = {
    group: [data for name, data in world_files().items() if name.startswith(f"{group}/")]
    for group in GROUPS
}


def edited(data: bytes, edits: list[tuple[int, bytes, int]]) -> bytes:
    """data, with bytes put in place of others at each position."""
    for place, new, gone in edits:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + gone :]
    return data


def examine(data: bytes) -> None:
    """All that runs over a file before a decoder does."""
    try:
        probe(BytesIO(data), PUBLISHED)
    except InvalidImage as error:
        assert error.message.endswith(".")
    format = headers.sniff(data[: headers.SIGNATURE_BYTES])
    if format in PUBLISHED.formats:
        assert isinstance(normalized(data, format), bytes)
    png_profile(data)


EDITS = st.tuples(st.integers(0, 1 << 20), st.binary(max_size=6), st.integers(0, 40))


@pytest.mark.parametrize("group", GROUPS)
@QUIET
@given(data=st.data())
def test_edited_files(group, data):
    seed = data.draw(st.sampled_from(SEEDS[group]))
    examine(edited(seed, data.draw(st.lists(EDITS, min_size=1, max_size=5))))


STARTS = [b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x1cftypavif"]


@pytest.mark.parametrize("start", STARTS)
@QUIET
@given(rest=st.binary(max_size=400))
def test_noise_behind_a_signature(start, rest):
    examine(start + rest)
