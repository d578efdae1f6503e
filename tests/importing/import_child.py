"""The process that dies in the crash test of an import, at every point or at some.

Run with the settings of an app as its argument. Each import is of a
company of its own: one product is new and takes a copy of an image,
another is changed and loses its image. A fork kills itself at the
point, another recovers, looks at what there is and at the page, and
tries again what has failed.
"""

import gc
import json
import os
import sys
from functools import partial

from flask import Flask
from sqlalchemy import func, select

from distribu import create_app, worker
from distribu.extensions import db
from distribu.importing import jobs
from distribu.models import AuditEntry, ImportJob, Product, User, utc_now
from tests.conftest import Cast, add_product, run_queue, signed_in
from tests.faults.points import chosen
from tests.flaky_store import store_of
from tests.images.crash_child import (
    LATER,
    Death,
    DecoderHere,
    disconnect,
    in_fork,
    sweep_and_compare,
)
from tests.images.life import add_company
from tests.imports import HEADER, add_image, agree, new_job

UNTOUCHED = {"B": ["Bolt", 1], "S": ["Source", 1]}
WHOLE = {"A": ["Anchor", 1], "B": ["Big bolt", 0], "S": ["Source", 1]}
LOGGED = {"FAILED": 0, "DONE": 2}


def set_up(app: Flask, number: int) -> str:
    """A job is agreed to, and a worker has just taken it from the queue; returns its id."""
    with app.app_context():
        company_id = add_company(f"shop-{number}")
        user = User(company_id=company_id, email=f"{number}@shop.test")
        db.session.add(user)
        source = add_image(add_product(company_id, sku="S", name="Source", stock=1))
        add_image(add_product(company_id, sku="B", name="Bolt", stock=1))
        url, user_id = source.url, user.id
    run_queue(app)
    with app.app_context():
        cast = Cast(acme=company_id, alice=user_id, globex="", bob="", mallory="")
        job = new_job(cast, f"{HEADER},image\nA,Anchor,1,1,{url}\nB,Big bolt,1,1,\n")
        agree(job)
        app.extensions["huey"].flush()
        return job.id


def go_through(app: Flask, job_id: str, at: int | None) -> list[str]:
    """Import; return the points passed, unless the process dies at one."""
    death = Death(at)
    watched = death.in_store(app.extensions["image_store"])
    with app.app_context(), death.in_commits(), store_of(app, watched):
        death.is_armed = True
        worker.import_products(job_id)
        death.is_armed = False
    return death.points


def recover(app: Flask, job_id: str) -> dict:
    """Recover everything; return the rows that are left, and any contradictions."""
    with app.app_context():
        jobs.recover(utc_now() + LATER)
    run_queue(app)
    status, faults = look(app, job_id)
    if status == "FAILED":
        with app.app_context():
            agree(db.session.get_one(ImportJob, job_id))
        run_queue(app)
        again, more = look(app, job_id)
        faults += [*more, *([] if again == "DONE" else [f"then {again}"])]
    return {"status": status, "faults": faults}


def look(app: Flask, job_id: str) -> tuple[str, list[str]]:
    """Return the end of the job, and anything that contradicts it."""
    orphans = sweep_and_compare(app)
    with app.app_context():
        job = db.session.get_one(ImportJob, job_id)
        status, user_id = job.status, job.created_by_id
        found = catalog(job.company_id)
        logged = entry_count(job.company_id)
    told = page(app, user_id, job_id)
    expected = {
        "FAILED": (UNTOUCHED, [jobs.INTERRUPTED]),
        "DONE": (WHOLE, ["<dt>Created</dt><dd>1</dd>", "<dt>Updated</dt><dd>1</dd>"]),
    }
    is_there, is_said = expected[status]
    return status, [
        *orphans,
        *([] if found == is_there else [f"{status}, and there is {found}"]),
        *([] if logged == LOGGED[status] else [f"{status}, and {logged} entries"]),
        *(f"{status}, and the page does not say {text}" for text in is_said if text not in told),
    ]


def catalog(company_id: str) -> dict[str, list]:
    """Name and number of images of each product, by SKU."""
    products = db.session.scalars(select(Product).where(Product.company_id == company_id))
    return {product.sku: [product.name, len(product.images)] for product in products}


def entry_count(company_id: str) -> int:
    asked = select(func.count(AuditEntry.id)).where(AuditEntry.company_id == company_id)
    return db.session.scalar(asked)


def page(app: Flask, user_id: str, job_id: str) -> str:
    return signed_in(app, user_id).get(f"/dashboard/inventory/import/{job_id}").text


def main(settings: str) -> None:
    os.fsync = lambda descriptor: None
    app = create_app(json.loads(settings))
    app.extensions["image_sandbox"] = DecoderHere()
    app.extensions["image_store"].prepare()
    # Here, so that what is compiled and loaded for it is there in every fork; no connection is.
    job_id = set_up(app, -1)
    points = go_through(app, job_id, None)
    unharmed = recover(app, job_id)
    disconnect(app)
    gc.freeze()
    statuses, faults = [], {"unharmed": unharmed["faults"]} if unharmed["faults"] else {}
    tried = chosen(points, "import")
    for number in tried:
        job_id = in_fork(partial(set_up, app, number))
        if in_fork(partial(go_through, app, job_id, number)) is not None:
            faults[f"{number} {points[number]}"] = ["it did not die"]
            continue
        found = in_fork(partial(recover, app, job_id))
        if not isinstance(found, dict) or found["faults"]:
            faults[f"{number} {points[number]}"] = found
        else:
            statuses.append(found["status"])
    found = {"points": points, "tried": tried, "statuses": statuses, "faults": faults}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
