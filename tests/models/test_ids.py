"""Ids are ULIDs: unique, and in order of the time at which they were made."""

from datetime import timedelta

from ulid import ULID

from distribu.models import new_id, utc_now


def test_new_ids_are_different_ulids_of_this_moment():
    before = utc_now() - timedelta(milliseconds=1)
    made = [new_id() for _ in range(500)]
    assert {len(one) for one in made} == {26}
    assert len(set(made)) == 500
    assert all(before <= ULID.from_str(one).datetime <= utc_now() for one in made)
