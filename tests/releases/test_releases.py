"""The published images of a release stay as they are when its instance is migrated."""

from datetime import timedelta
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from flask_migrate import check
from sqlalchemy import select

from distribu.extensions import db
from distribu.images import outbox
from distribu.models import ERROR, PROCESSING, READY, Company, Image, OutboxEntry, Product
from distribu.models.sku_keys import OWN_KEY, sku_key
from distribu.products.filters import FilteredCatalog
from tests.conftest import run_queue
from tests.releases.instances import ReleasedInstance

KEY_STARTS = ("images/", "incoming/")


@pytest.fixture
def instance(migrated_instance) -> ReleasedInstance:
    return migrated_instance


def status_of(instance: ReleasedInstance, name: str) -> str | None:
    """The status of the image that the facts know by this name; None if it is gone."""
    image_id = instance.facts["special"][name]["image_id"]
    return db.session.scalar(select(Image.status).where(Image.id == image_id))


def image_answer(client: FlaskClient, path: str) -> tuple[int, dict]:
    """The status of an answer, and what the facts record of one."""
    response = client.get(path, buffered=True)
    digest = sha256(response.data).hexdigest()
    answer = {"path": path, "content_type": response.content_type, "sha256": digest}
    return response.status_code, answer


def known(now: object, released: object) -> object:
    """Return today's answer without the keys that the release did not have."""
    if isinstance(released, dict):
        return {name: known(now[name], released[name]) for name in released if name in now}
    if isinstance(released, list) and len(released) == len(now):
        return [known(*pair) for pair in zip(now, released, strict=True)]
    return now


def test_models_describe_the_migrated_tables(instance):
    with instance.app.app_context():
        check()


def test_every_image_answers_as_it_did(instance):
    client = instance.app.test_client()
    answers = instance.facts["answers"]
    assert [(200, answer) for answer in answers] == [
        image_answer(client, answer["path"]) for answer in answers
    ]


def test_current_images_lead_where_they_did(instance):
    client = instance.app.test_client()
    redirects = instance.facts["redirects"]
    assert {path: client.get(path).location for path in redirects} == redirects


def test_removed_images_stay_gone(instance):
    client = instance.app.test_client()
    gone = instance.facts["gone"]
    assert [client.get(path).status_code for path in gone] == [404] * len(gone)


def test_lists_answer_as_they_did(instance):
    client = instance.app.test_client(use_cookies=False)
    lists = instance.facts["lists"]
    now = [
        client.get(one["path"], headers={"Authorization": f"Bearer {one['key']}"}).json
        for one in lists
    ]
    released = [one["json"] for one in lists]
    assert known(now, released) == released


def test_skus_that_look_alike_are_kept_and_listed(instance):
    # Each line of COLLIDING_SKUS in contents.py but the first: the oldest one has the key.
    alike = {"A\u00ad 1", "A\u200b 1", "A 1\u00a0\u200b", "E\u0301-1"}
    with instance.app.app_context():
        products = db.session.scalars(select(Product)).all()
        own = {product.sku for product in products if is_own_key(product.sku_key)}
        others = [product for product in products if product.sku and product.sku not in own]
        assert own == alike
        assert [product.sku_key for product in others] == [sku_key(one.sku) for one in others]


def is_own_key(key: str | None) -> bool:
    return bool(key) and key.startswith(OWN_KEY)


def test_every_user_signs_in(instance):
    users = instance.facts["users"]
    answers = [instance.app.test_client().post("/login", data=user) for user in users]
    assert [answer.status_code for answer in answers] == [303] * len(users)


def test_a_revoked_key_opens_nothing(instance):
    headers = {"Authorization": f"Bearer {instance.key('Revoked')}"}
    assert instance.app.test_client().get("/api/v1/products", headers=headers).status_code == 401


def test_doctor_finds_what_the_facts_name(instance):
    doctor = instance.app.test_cli_runner().invoke(
        args=["images", "doctor"], catch_exceptions=False
    )
    found = [line for line in doctor.output.splitlines() if any(map(line.count, KEY_STARTS))]
    with instance.app.app_context():
        failing = [prefix for prefix, _ in outbox.failing()]
    # What the release could not delete is news only since.
    named = [line for line in found if not line.startswith("not deleted: ")]
    assert named == instance.facts["doctor"]
    assert [line.split()[2] for line in found if line not in named] == failing
    assert doctor.exit_code == bool(found)


# By the name that the facts have for them: what the rows of 0.1.0 tell of what it destroyed.
NEEDING_UPLOAD = ("transparent_gif", "gif_on_larger_screen", "payload")


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_what_only_a_new_upload_mends_is_listed_by_product(instance, is_rebuilt):
    runner = instance.app.test_cli_runner()
    if is_rebuilt:
        runner.invoke(args=["images", "rebuild"], catch_exceptions=False)
    doctor = runner.invoke(args=["images", "doctor"], catch_exceptions=False)
    lines = [line for line in doctor.output.splitlines() if line.startswith("upload it again: ")]
    with instance.app.app_context():
        special = instance.facts["special"]
        ids = [special[name]["image_id"] for name in NEEDING_UPLOAD]
        names = {db.session.get_one(Image, one).product.name for one in ids}
        acme = db.session.scalars(select(Company).where(Company.name == "Acme")).one()
        catalog = FilteredCatalog(acme)
        own = (Product.company_id == acme.id) & catalog.condition("needs-upload")
        found = set(db.session.scalars(select(Product.name).where(own)))
    assert names <= found
    assert found - names == {"Still GIF", "Animated GIF"}
    assert all(any(f"Acme: {name} (" in line for line in lines) for name in found)
    assert len(lines) == len(found)


def test_check_finds_no_problem(instance):
    result = instance.app.test_cli_runner().invoke(args=["check"], catch_exceptions=False)
    assert (result.exit_code, result.output.count("\n")) == (0, 1), result.output


def test_unfinished_work_is_where_the_release_left_it(instance):
    with instance.app.app_context():
        names = ("processing", "without_ladder", "error", "staged", "copy")
        statuses = [status_of(instance, name) for name in names]
        prefixes = set(db.session.scalars(select(OutboxEntry.prefix)))
    assert statuses == [PROCESSING, READY, ERROR, READY, READY]
    assert prefixes == set(instance.facts["special"]["outbox"]["prefixes"])


def test_sweep_and_worker_finish_what_the_release_left(instance):
    with instance.app.app_context():
        staged = db.session.get_one(Image, instance.facts["special"]["staged"]["image_id"])
        outbox.sweep(now=staged.kept_until + timedelta(days=1))
    run_queue(instance.app)
    with instance.app.app_context():
        names = ("processing", "without_ladder", "staged")
        statuses = [status_of(instance, name) for name in names]
        left = list(db.session.scalars(select(OutboxEntry.prefix)))
        unfinished = list(
            db.session.scalars(select(Image.id).where(Image.ladder_version.is_(None)))
        )
    assert (statuses, left, unfinished) == ([READY, READY, None], [], [])
