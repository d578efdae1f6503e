"""The trial of a store by flask check, which tells a healthy store from an incomplete one."""

import json
from urllib.parse import urlsplit

import pytest

from distribu.cli.checks import find_problems
from distribu.extensions import db
from distribu.images import doctor
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import StoreMisconfigured, StoreUnavailable
from distribu.images.stores.trial import TRIAL_ID, try_out
from tests.answering_server import Answer, answering, listing, s3_error, store_at
from tests.flaky_store import FlakyStore, store_of
from tests.images.test_store_minio import administrator


class KeepingStore(FlakyStore):
    """Says that it deletes, and does not."""

    def delete_prefix(self, prefix: str) -> None:
        pass


def test_a_healthy_store_is_left_as_it_was(app_context):
    store = app_context.extensions["image_store"]
    try_out(store)
    assert store.keys() == set()


@pytest.mark.parametrize("method", ["put", "open", "objects", "delete_prefix"])
def test_each_thing_that_a_store_has_to_do_is_tried(app_context, method):
    with pytest.raises(StoreUnavailable):
        try_out(FlakyStore(app_context.extensions["image_store"], at=method))


def test_a_store_that_only_says_it_deletes_is_found(app_context):
    with pytest.raises(StoreMisconfigured, match="does not"):
        try_out(KeepingStore(app_context.extensions["image_store"]))


def test_what_a_trial_could_not_delete_is_known_to_doctor(app_context):
    with store_of(app_context, KeepingStore(app_context.extensions["image_store"])) as store:
        assert [problem.id for problem in find_problems()] == ["store-misconfigured"]
        assert store.keys() == {f"images/{TRIAL_ID}/trial"}
        assert list(doctor.examine()) == []
        db.session.rollback()


def test_a_bucket_that_everyone_may_read_as_it_should_passes(minio_url):
    store = open_store(minio_url)
    store.prepare()
    try_out(store)
    assert store.keys() == set()


@pytest.mark.parametrize(
    ("readable", "sentence"), [("", "Not everyone"), ("*", "Everyone can read uploads")]
)
def test_a_bucket_that_is_too_open_or_too_closed_is_found(
    minio_server, minio_url, readable, sentence
):
    store = open_store(minio_url)
    store.prepare()
    client, bucket = administrator(minio_server), urlsplit(minio_url).path[1:]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/{readable}"],
    }
    if readable:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        client.set_bucket_policy(bucket_name=bucket, policy=policy)
    else:
        client.delete_bucket_policy(bucket_name=bucket)
    with pytest.raises(StoreMisconfigured, match=sentence):
        try_out(store)


def test_a_key_that_may_not_delete_is_misconfigured():
    key = f"images/{TRIAL_ID}/trial"
    refused = Answer(
        200,
        b"<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code>"
        b"<Message>Access Denied.</Message></Error></DeleteResult>",
    )
    with (
        answering(s3_error(501, "NotImplemented"), listing(key), refused) as server,
        pytest.raises(StoreMisconfigured, match="let the key list, read, write and delete"),
    ):
        store_at(server.address).delete_prefix(f"images/{TRIAL_ID}/")
