"""Many ids at once are ids like every other."""

from datetime import timedelta

from ulid import ULID

from distribu.models import new_id, new_ids, utc_now


def test_new_ids_are_different_ulids_of_this_moment_in_ascending_order():
    before = utc_now() - timedelta(milliseconds=1)
    made = new_ids(500)
    assert len(set(made)) == 500
    assert made == sorted(made)
    assert all(before <= ULID.from_str(one).datetime <= utc_now() for one in made)


def test_new_ids_are_as_random_as_a_single_one():
    letters = [set(column) for column in zip(*new_ids(2000), strict=True)][-16:]
    assert all(len(found) == 32 for found in letters)
    assert {len(one) for one in new_ids(3)} == {len(new_id())}


def test_no_ids_are_no_ids():
    assert new_ids(0) == []
