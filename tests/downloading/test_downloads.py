"""Downloading many images: the names, the job, and the way back into the shop."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from distribu.downloading import jobs
from distribu.downloading.names import NamedProduct, image_names
from distribu.extensions import db, queue
from distribu.images import attachment, doctor, outbox, staging
from distribu.inventory.downloads import begin
from distribu.matching.batch import MATCHED, match
from distribu.models import DownloadJob, Image, Product, utc_now
from distribu.models.download_jobs import part_key
from tests.conftest import add_product, run_queue, signed_in
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png
from tests.images.life import upload
from tests.inventory.test_many_images import plan

DOWNLOADS = "/dashboard/inventory/images/downloads"


def named(*skus: str | None, images: int = 1) -> list[str]:
    """The names of the images of products with these SKUs."""
    products = [
        NamedProduct(
            f"P{index}", sku, "Oak board", tuple((f"I{index}{n}", "jpg") for n in range(images))
        )
        for index, sku in enumerate(skus)
    ]
    return [name for _, name in image_names(products)]


def add_images(company_id: str, sku: str | None, *widths: int) -> str:
    """The id of a new product that has an image of each width."""
    product_id = add_product(company_id, sku=sku, name="Oak board").id
    for width in widths:
        image = staging.stage(company_id, upload(png(width, 9), "x.png"))
        product = attachment.lock_product(product_id, company_id)
        attachment.attach(product, image.id)
        db.session.commit()
    return product_id


def downloaded(app, client, company_id, product_ids=None) -> dict[str, bytes]:
    """The files of a download by their names, as its ZIPs hold them."""
    with app.app_context():
        job_id = begin(company_id, product_ids).id
    run_queue(app)
    with app.app_context():
        job = db.session.get(DownloadJob, job_id)
        assert job.status == jobs.DONE
        count = len(job.files)
    found = {}
    for number in range(1, count + 1):
        answer = client.get(f"{DOWNLOADS}/{job_id}/{number}.zip")
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


@pytest.mark.parametrize(
    ("skus", "names"),
    [
        (["AB-1"], ["AB-1.jpg"]),
        (["A/1", "A-1"], ["A_1_P0.jpg", "A-1.jpg"]),
        ([None], ["Oak board_P0.jpg"]),
        (["ab", "AB"], ["ab.jpg", "AB_P1.jpg"]),
        ([".hidden", "con", "x."], ["hidden_P0.jpg", "con_P1.jpg", "x_P2.jpg"]),
    ],
)
def test_name_is_the_sku_or_has_the_id(skus, names):
    assert named(*skus) == names


def test_gallery_is_numbered_and_takes_no_name_of_another_product():
    assert named("AB-1", "AB-1_2", images=2) == [
        "AB-1.jpg",
        "AB-1_P0_2.jpg",
        "AB-1_2.jpg",
        "AB-1_2_2.jpg",
    ]


@given(st.lists(st.one_of(st.none(), st.text(min_size=1, max_size=120)), max_size=8))
def test_names_are_unique_and_fit_every_file_system(skus):
    names = named(*skus, images=3)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name.encode()) <= 255 and "/" not in name for name in names)


@given(st.lists(st.text("aB1-_. ", min_size=1, max_size=8), max_size=6, unique=True))
def test_no_name_is_matched_to_another_product(skus):
    catalog = [(f"P{index}", sku) for index, sku in enumerate(skus) if sku.strip()]
    names = [
        (f"P{index}", name)
        for index, sku in enumerate(skus)
        for name in named(*[None] * index, sku)[index:]
    ]
    found = match([name for _, name in names], catalog)
    for (product_id, _), outcome in zip(names, found, strict=True):
        assert outcome.kind != MATCHED or outcome.product_ids == (product_id,)


def test_download_dropped_again_is_the_same_in_every_row(app, alice, cast):
    with app.app_context():
        for sku, widths in (("AB-1", (9, 10, 11)), ("A/1", (12,)), ("A-1", (13,)), (None, (14,))):
            add_images(cast.acme, sku, *widths)
        add_images(cast.globex, "GX", 15)
        # As of an older release, which kept no digest of what it published.
        db.session.query(Image).update({"published_sha256": None})
        db.session.commit()
    files = downloaded(app, alice, cast.acme)
    assert len(files) == 6
    assert {"AB-1.png", "AB-1_2.png", "AB-1_3.png", "A-1.png"} <= files.keys()
    told = [
        (name, len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()
    ]
    asked = plan(alice, *[(name, size) for name, size, _ in told]).headers["Files-To-Hash"]
    assert json.loads(asked) == list(range(6))
    assert "0 of 6 images find their product. 6 are the same already." in plan(alice, *told).text


def test_download_of_chosen_products(app, alice, cast):
    with app.app_context():
        chosen = add_images(cast.acme, "AB-1", 9)
        theirs = add_images(cast.globex, "GX", 10)
        add_images(cast.acme, "AB-2", 11)
    assert list(downloaded(app, alice, cast.acme, [chosen, theirs])) == ["AB-1.png"]


@pytest.mark.parametrize("chosen", [{"id": "AB-1"}, {"all": "1", "q": "AB-1"}])
def test_rows_of_the_list_are_downloaded(app, alice, cast, chosen):
    with app.app_context():
        ids = {sku: add_images(cast.acme, sku, 9) for sku in ("AB-1", "AB-2")}
    chosen = {
        name: ids.get(value, value) if name == "id" else value for name, value in chosen.items()
    }
    answer = alice.post(f"{DOWNLOADS}/chosen", data=chosen)
    job_id = answer.location.rpartition("/")[2]
    with app.app_context():
        assert db.session.get(DownloadJob, job_id).product_ids == [ids["AB-1"]]


def test_a_download_of_no_rows_is_none(app, alice, cast):
    answer = alice.post(f"{DOWNLOADS}/chosen", data={"return_to": "/dashboard/inventory?q=a"})
    assert (answer.status_code, answer.location) == (303, "/dashboard/inventory?q=a")
    with app.app_context():
        assert db.session.scalar(select(DownloadJob.id)) is None


def test_large_download_is_several_zips_in_parts(app, alice, cast, monkeypatch):
    # A limit that the test can reach.
    monkeypatch.setattr(jobs, "ZIP_MAX_BYTES", 700)
    monkeypatch.setattr(jobs, "PART_BYTES", 100)
    with app.app_context():
        for number in range(4):
            add_images(cast.acme, f"AB-{number}", 9 + number)
    files = downloaded(app, alice, cast.acme)
    assert sorted(files) == [f"AB-{number}.png" for number in range(4)]
    with app.app_context():
        job = db.session.query(DownloadJob).one()
        assert len(job.files) > 1
        assert all(PurePosixPath(key).parent.name == job.id for key in _parts(app))
        assert all(file["byte_size"] <= 700 for file in job.files)


def _parts(app) -> list[str]:
    keys = app.extensions["image_store"].keys()
    return [key for key in keys if key.startswith("incoming/") and "upload" not in key]


def test_page_leads_from_the_button_to_the_zip(app, alice, cast):
    with app.app_context():
        add_images(cast.acme, "AB-1", 9)
    begun = alice.post(DOWNLOADS)
    assert begun.status_code == 303
    assert "Waiting to start" in alice.get(begun.headers["Location"]).text
    run_queue(app)
    page = alice.get(begun.headers["Location"])
    assert "ZIP 1 of 1" in page.text
    assert alice.get(f"{begun.headers['Location']}/2.zip").status_code == 404


def test_zip_that_a_move_left_behind_is_not_there(app, alice, cast):
    with app.app_context():
        add_images(cast.acme, "AB-1", 40)
    address = alice.post(DOWNLOADS).headers["Location"]
    run_queue(app)
    assert alice.get(f"{address}/1.zip").status_code == 200
    app.extensions["image_store"].delete(_parts(app)[0])
    assert alice.get(f"{address}/1.zip").status_code == 404


def test_company_without_images_is_told_so(app, alice, cast):
    begun = alice.post(DOWNLOADS)
    run_queue(app)
    assert "Nothing to download" in alice.get(begun.headers["Location"]).text


def test_download_belongs_to_its_row_and_goes_with_it(app, alice, cast):
    with app.app_context():
        add_images(cast.acme, "AB-1", 9)
    downloaded(app, alice, cast.acme)
    with app.app_context():
        assert list(doctor.examine()) == []
        assert _parts(app) != []
        later = utc_now() + timedelta(days=1, minutes=1)
        jobs.recover(later)
        outbox.sweep(later)
        assert db.session.query(DownloadJob).all() == []
        assert _parts(app) == []


def test_download_that_is_over_is_not_there(app, alice, cast):
    begun = alice.post(DOWNLOADS)
    with app.app_context():
        db.session.query(DownloadJob).update({"expires_at": utc_now() - timedelta(minutes=1)})
        db.session.commit()
    assert alice.get(begun.headers["Location"]).status_code == 404


@pytest.mark.parametrize("at", ["open", "put"])
def test_store_that_fails_leaves_a_job_that_says_so_and_no_parts(app, alice, cast, at):
    with app.app_context():
        add_images(cast.acme, "AB-1", 9)
        run_queue(app)
    begun = alice.post(DOWNLOADS)
    with store_of(app, FlakyStore(app.extensions["image_store"], at)):
        run_queue(app)
    assert "could not be collected" in alice.get(begun.headers["Location"]).text
    assert _parts(app) == []


def test_worker_that_died_leaves_nothing(app, alice, cast):
    begun = alice.post(DOWNLOADS)
    with app.app_context():
        job = db.session.query(DownloadJob).one()
        job.status, job.working_until = jobs.RUNNING, utc_now()
        db.session.commit()
        app.extensions["image_store"].put(part_key(job.id, 1, 1), io.BytesIO(b"half"), "text/plain")
        jobs.recover(utc_now() + timedelta(seconds=1))
        outbox.drain()
    assert "could not be collected" in alice.get(begun.headers["Location"]).text
    assert _parts(app) == []


def test_lost_task_is_asked_for_again(app, alice, cast):
    begun = alice.post(DOWNLOADS)
    app.extensions["huey"].flush()
    with app.app_context():
        jobs.recover(utc_now() + jobs.PATIENCE + timedelta(seconds=1))
    run_queue(app)
    assert "Nothing to download" in alice.get(begun.headers["Location"]).text


def test_task_that_waits_is_not_asked_for_again(app, alice, cast):
    alice.post(DOWNLOADS)
    with app.app_context():
        for _ in range(3):
            jobs.recover(utc_now() + jobs.PATIENCE + timedelta(seconds=1))
        assert queue.size() == 1


def test_image_removed_meanwhile_is_left_out(app, alice, cast):
    with app.app_context():
        product_id = add_images(cast.acme, "AB-1", 9, 10)
        product = db.session.get(Product, product_id)
        assert len(product.images) == 2
        attachment.discard(product.images[0])
        db.session.commit()
    assert list(downloaded(app, alice, cast.acme)) == ["AB-1.png"]


def test_download_of_another_company_is_not_there(app, alice, cast):
    begun = alice.post(DOWNLOADS)
    address = begun.headers["Location"]
    theirs = signed_in(app, cast.mallory)
    assert theirs.get(address).status_code == 404
    assert theirs.get(f"{address}/1.zip").status_code == 404


def test_either_database_makes_a_download(cast_on_either):
    chosen = add_images(cast_on_either.acme, "AB-1", 9)
    job = begin(cast_on_either.acme, [chosen])
    jobs.run(job.id)
    db.session.refresh(job)
    assert (job.status, job.done_images, len(job.files)) == (jobs.DONE, 1, 1)
