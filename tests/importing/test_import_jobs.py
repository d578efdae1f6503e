"""An import ends whole or not at all, whatever fails, changes or dies meanwhile."""

import threading
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import func, select, update

from distribu.extensions import db, store
from distribu.images import attachment
from distribu.images.doctor import claim_store
from distribu.importing import jobs
from distribu.models import ImportJob, Installation, Product, utc_now
from distribu.worker import purge
from tests.conftest import add_product, cast_on_either
from tests.flaky_store import FlakyStore, store_of
from tests.imports import (
    HEADER,
    add_image,
    agree,
    entries,
    image_ids,
    new_job,
    product,
    run,
)
from tests.meanwhile import meanwhile

cast = cast_on_either
LATER = timedelta(minutes=5)


class TestAllOrNothing:
    @pytest.fixture
    def copying(self, cast):
        """An agreed job with two new products that take copies of one image."""
        image = add_image(add_product(cast.acme, sku="S", name="Source"))
        job = new_job(cast, f"{HEADER},image\nA,A,1,1,{image.url}\nB,B,1,1,{image.url}\n")
        agree(job)
        return job

    def test_a_store_that_fails_midway_leaves_nothing(self, copying):
        before = image_ids()
        # The first image is copied by then, and the second one under way.
        with store_of(current_app, FlakyStore(the_store(), at=5)):
            job = run(copying)
        assert job.status == "FAILED"
        assert job.result == {"problem": jobs.NO_STORE}
        assert image_ids() == before
        assert {row.sku for row in db.session.scalars(select(Product))} == {"S"}

    def test_a_product_that_changed_since_the_preview_stops_it(self, cast, copying):
        before = image_ids()
        add_product(cast.acme, sku="B", name="Typed meanwhile")
        job = run(copying)
        assert (job.status, job.result) == ("FAILED", {"problem": jobs.CHANGED})
        assert image_ids() == before
        assert product(cast, "B").name == "Typed meanwhile"

    def test_a_product_that_changes_while_images_are_copied_stops_it(self, cast, copying):
        before = image_ids()

        def change() -> None:
            add_product(cast.acme, sku="A", name="Typed meanwhile")

        with store_of(current_app, FlakyStore(the_store(), at=3, then=change)):
            job = run(copying)
        assert (job.status, job.result) == ("FAILED", {"problem": jobs.CHANGED})
        assert image_ids() == before
        assert product(cast, "A").name == "Typed meanwhile"
        assert entries("product.created") == []

    def test_images_that_are_held_midway_end_it(self, copying):
        claim_store()

        def freeze() -> None:
            db.session.execute(update(Installation).values(frozen_until=utc_now() + LATER))
            db.session.commit()

        with store_of(current_app, FlakyStore(the_store(), at=3, then=freeze)):
            job = run(copying)
        assert (job.status, job.result) == ("FAILED", {"problem": jobs.NO_STORE})

    def test_an_error_of_ours_discards_what_was_staged(self, copying):
        before = image_ids()

        def fail() -> None:
            raise ZeroDivisionError

        flaky = FlakyStore(the_store(), at=7, then=fail)
        with store_of(current_app, flaky), pytest.raises(ZeroDivisionError):
            run(copying)
        db.session.expire_all()
        assert copying.status == "FAILED"
        assert copying.result == {"problem": jobs.INTERRUPTED}
        # Only the copy that was being made is left, to be swept as every staged image is.
        assert len(image_ids() - before) == 1

    def test_a_second_run_changes_nothing(self, copying):
        run(copying)
        images, log = image_ids(), len(entries("product.created"))
        assert run(copying).status == "DONE"
        assert (image_ids(), len(entries("product.created"))) == (images, log)

    def test_is_agreed_to_once(self, copying):
        assert not jobs.agree(copying, "0" * 64)

    def test_keeps_its_columns_and_its_result_when_done(self, copying):
        job = run(copying)
        mapping, result = job.mapping, job.result
        jobs.map_columns(job, {"sku": 0}, {})
        db.session.expire_all()
        assert (copying.mapping, copying.result) == (mapping, result)

    def test_can_be_tried_again_after_a_failure(self, cast, copying):
        with store_of(current_app, FlakyStore(the_store(), at=0)):
            run(copying)
        agree(copying)
        assert run(copying).status == "DONE"
        assert product(cast, "A").image.copied_from

    def test_a_image_that_goes_while_it_is_copied_stops_it(self, cast, copying):
        def remove() -> None:
            saved = product(cast, "S")
            attachment.remove_all(attachment.lock_product(saved.id, cast.acme))
            db.session.commit()

        with store_of(current_app, FlakyStore(the_store(), at=4, moment="after", then=remove)):
            job = run(copying)
        assert (job.status, job.result) == ("FAILED", {"problem": jobs.CHANGED})
        assert image_ids() == set()

    def test_an_order_taken_meanwhile_stops_it(self, cast):
        add_product(cast.acme, sku="A", name="Anchor", stock=5)
        job = new_job(cast, f"{HEADER}\nA,Anchor,1,5\n")
        agree(job)
        product(cast, "A").stock -= 2
        db.session.commit()
        assert run(job).result == {"problem": jobs.CHANGED}
        assert product(cast, "A").stock == 3

    def test_of_two_files_with_one_new_sku_one_is_imported(self, cast):
        made = [new_job(cast, f"{HEADER}\nA,{name},1,5\n") for name in ("Anchor", "Apple")]
        for job in made:
            agree(job)
        at_once([job.id for job in made])
        db.session.expire_all()
        assert sorted(job.status for job in made) == ["DONE", "FAILED"]
        winner = next(job for job in made if job.status == "DONE")
        assert product(cast, "A").name in winner.content
        assert len(entries("product.created")) == 1


class TestRecovery:
    @pytest.fixture
    def job(self, cast) -> ImportJob:
        job = new_job(cast, f"{HEADER}\nA,A,1,1\n")
        agree(job)
        return job

    def test_a_job_whose_worker_died_ends_as_failed(self, job):
        job.status, job.working_until = "RUNNING", utc_now()
        db.session.commit()
        jobs.recover(utc_now() + timedelta(seconds=1))
        db.session.refresh(job)
        assert (job.status, job.result) == ("FAILED", {"problem": jobs.INTERRUPTED})

    def test_a_job_that_is_worked_on_is_left_alone(self, job):
        job.status, job.working_until = "RUNNING", utc_now() + jobs.WORKING_WINDOW
        db.session.commit()
        jobs.recover()
        db.session.refresh(job)
        assert job.status == "RUNNING"

    def test_a_worker_that_was_given_up_writes_nothing(self, job):
        app = current_app._get_current_object()

        def give_it_up():
            with app.app_context():
                jobs.recover(utc_now() + 2 * jobs.WORKING_WINDOW)

        with meanwhile(app, give_it_up, before="UPDATE import_job", value="DONE"):
            assert run(job).status == "FAILED"
        assert db.session.scalar(select(func.count(Product.id))) == 0

    def test_a_lost_task_is_in_the_queue_again(self, job, cast):
        huey = current_app.extensions["huey"]
        huey.flush()
        jobs.recover(utc_now() + jobs.PATIENCE + timedelta(seconds=1))
        assert huey.dequeue().args == ("import_products", job.id)

    def test_a_job_is_kept_for_a_day(self, job):
        job_id = job.id
        purge(utc_now() + timedelta(hours=23))
        assert db.session.get(ImportJob, job_id)
        purge(utc_now() + timedelta(hours=25))
        assert db.session.get(ImportJob, job_id) is None


def the_store():
    return store._get_current_object()


def at_once(job_ids: list[str]) -> None:
    """Each job is run by a worker of its own, all at the same moment."""
    app, start = current_app._get_current_object(), threading.Barrier(len(job_ids))

    def work(job_id: str) -> None:
        with app.app_context():
            start.wait()
            jobs.run(job_id)

    threads = [threading.Thread(target=work, args=[job_id]) for job_id in job_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
