"""A few rounds with a delete among them; make faults plays 1,000 on each database."""

import os

from tests.faults.races import begin_races

ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "6"))


def test_no_delete_makes_another_request_fail(make_app, database):
    races = begin_races(make_app(**database))
    races.play(ROUNDS)
    print(f"{ROUNDS} rounds, {dict(sorted(races.answers.items(), key=str))}")
    assert races.wrong == []
