"""The process that dies in the crash test of a move, at every point or at some.

Run by test_move_crash.py with the settings of an app as its argument. Each move starts from
where the one before has ended. A fork kills itself at the point, another
goes on once the freeze has lapsed; then the stores are compared.
"""

import json
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from flask import Flask

from distribu import create_app
from distribu.extensions import db
from distribu.images import doctor, moving, outbox, processing, store_identity
from distribu.images.moving import AlreadyMoved, Move
from distribu.images.stores.by_url import open_store
from distribu.models import Image, Installation, utc_now
from tests.faults.points import chosen
from tests.flaky_store import store_of
from tests.images.crash_child import Death, DecoderHere, Shop, in_fork, small
from tests.images.life import add_accepted, named_by_rows

LATER = utc_now() + moving.FREEZE * 2


def go_through(app: Flask, source_url: str, target_url: str, at: int | None) -> list[str]:
    """Move; return the points passed, unless the process dies at one."""
    death = Death(at)
    source = death.in_store(open_store(source_url))
    with app.app_context(), death.in_commits(), store_of(app, source):
        target = death.in_store(open_store(target_url))
        death.is_armed = True
        run = Move(target)
        run.copy(lambda: None)
        death.passes("before last pass")
        run.finish(lambda: None)
        death.is_armed = False
    return death.points


def go_on_and_compare(app: Flask, source_url: str, target_url: str) -> list[str]:
    """Move again, after the freeze; return what is wrong then."""
    moving.utc_now = store_identity.utc_now = lambda: LATER
    with app.app_context(), store_of(app, open_store(source_url)):
        target = open_store(target_url)
        with suppress(AlreadyMoved):
            Move(target).finish(lambda: None)
        keys, named = target.keys(), named_by_rows()
        known = db.session.get(Installation, 1)
        is_switched = known.store_id == target.installation_id()
        is_free = known.frozen_until is None
    return [
        *(f"nobody's: {key}" for key in sorted(keys - named)),
        *(f"missing: {key}" for key in sorted(named - keys)),
        *([] if is_switched else ["not switched"]),
        *([] if is_free else ["still frozen"]),
    ]


def set_up(app: Flask) -> list[str]:
    app.extensions["image_sandbox"] = DecoderHere()
    app.extensions["image_store"].prepare()
    with app.app_context():
        doctor.claim_store()
        shop = Shop()
        whole = shop.staged()
        shop.product_with(whole)
        processing.process(whole.id)
        outbox.drain_request()
        add_accepted(shop.company_id, None, small())
        return [image.id for image in db.session.query(Image)]


def main(settings: str) -> None:
    os.fsync = lambda descriptor: None
    config = json.loads(settings)
    folder = Path(config["INSTANCE"])
    # Only forks use it, so that they share no connection.
    app = create_app(config)
    in_fork(lambda: set_up(app))
    urls = [config["IMAGE_STORE_URL"], f"file://{folder / 'store-0'}"]
    points = in_fork(lambda: go_through(app, *urls, None))
    faults = {}
    tried = chosen(points, "move")
    for number in tried:
        urls = [urls[1], f"file://{folder / f'store-{number + 1}'}"]
        if in_fork(partial(go_through, app, *urls, number)) is not None:
            faults[f"{number} {points[number]}"] = ["it did not die"]
        elif found := in_fork(partial(go_on_and_compare, app, *urls)):
            faults[f"{number} {points[number]}"] = found
    print(json.dumps({"points": points, "tried": tried, "faults": faults}))


if __name__ == "__main__":
    main(sys.argv[1])
