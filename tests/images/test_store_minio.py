"""A bucket's own matters: its policy, its versions, and the network."""

import ast
import json
import random
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio
from minio.versioningconfig import ENABLED, SUSPENDED, VersioningConfig

from distribu.images.stores import bucket_policy, s3
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import ImageStore, StoreMisconfigured, StoreUnavailable
from tests.answering_server import Answer, answering, listing, s3_error, store_at
from tests.images.store_uses import UPLOAD, USES, WIDGET, put
from tests.servers import S3Server


@pytest.fixture
def store(minio_url) -> ImageStore:
    store = open_store(minio_url)
    store.prepare()
    return store


@pytest.fixture
def bucket(minio_url) -> str:
    return urlsplit(minio_url).path.strip("/")


def administrator(server: S3Server) -> Minio:
    """Return an administrator's client, past the store."""
    return Minio(
        endpoint=server.address,
        access_key=server.key,
        secret_key=server.secret,
        secure=False,
        region="us-east-1",
    )


@pytest.fixture
def client(minio_server) -> Minio:
    return administrator(minio_server)


@pytest.fixture
def read_by_anyone(minio_server, bucket):
    def read(key: str):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(f"http://{minio_server.address}/{bucket}/{key}", timeout=10)

    return read


# Who may read


def test_everyone_may_read_an_image_and_keep_it_for_ever(store, read_by_anyone):
    put(store, WIDGET, b"an image")
    with read_by_anyone(WIDGET) as answer:
        assert answer.read() == b"an image"
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", [UPLOAD, "installation-id", "", "?list-type=2", "?policy"])
def test_nobody_may_read_anything_else(store, read_by_anyone, path):
    put(store, UPLOAD)
    store.installation_id()
    with pytest.raises(urllib.error.HTTPError) as refused:
        read_by_anyone(path)
    refused.value.close()
    assert refused.value.code == 403


def test_an_upload_is_cached_by_nobody(store, client, bucket):
    put(store, UPLOAD)
    found = client.stat_object(bucket_name=bucket, object_name=UPLOAD)
    assert found.metadata["Cache-Control"] == "private, no-store"


# The policy


def policy_of(client: Minio, bucket: str) -> dict:
    return json.loads(client.get_bucket_policy(bucket_name=bucket))


def allow(*resources: str, who: str = "*") -> dict:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": [who]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{resource}" for resource in resources],
    }


def set_policy(client: Minio, bucket: str, *statements: dict) -> None:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    client.set_bucket_policy(bucket_name=bucket, policy=json.dumps(policy))


def test_prepare_writes_its_statement_once():
    policy = bucket_policy.publish({}, "bucket", "images/")
    with answering(listing(), Answer(200, json.dumps(policy).encode())) as server:
        store_at(server.address).prepare()
        assert [request.method for request in server.requests] == ["GET", "GET"]


def test_prepare_keeps_the_statements_of_others(minio_url, client, bucket):
    client.make_bucket(bucket_name=bucket)
    set_policy(client, bucket, allow(f"{bucket}/brochures/*"))
    open_store(minio_url).prepare()
    resources = [statement["Resource"] for statement in policy_of(client, bucket)["Statement"]]
    assert sorted(resources) == [
        [f"arn:aws:s3:::{bucket}/brochures/*"],
        [f"arn:aws:s3:::{bucket}/images/*"],
    ]


def test_prepare_is_content_with_an_equal_statement_of_others(minio_url, client, bucket):
    client.make_bucket(bucket_name=bucket)
    set_policy(client, bucket, allow(f"{bucket}/images/*"))
    before = policy_of(client, bucket)
    open_store(minio_url).prepare()
    assert policy_of(client, bucket) == before


def test_prepare_refuses_a_bucket_whose_uploads_everyone_may_read(minio_url, client, bucket):
    client.make_bucket(bucket_name=bucket)
    set_policy(client, bucket, allow(f"{bucket}/*"))
    with pytest.raises(StoreMisconfigured) as refused:
        open_store(minio_url).prepare()
    assert "images/*" in refused.value.hint


def test_prepare_leaves_the_policy_alone_where_told_to(minio_url, client, bucket):
    client.make_bucket(bucket_name=bucket)
    set_policy(client, bucket, allow(f"{bucket}/brochures/*"))
    before = policy_of(client, bucket)
    open_store(f"{minio_url}?policy=keep").prepare()
    assert policy_of(client, bucket) == before


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow("shop/images/*"), True),
        (allow("shop/*"), True),
        (allow("*"), True),
        (allow("shop/image?/*"), True),
        ({**allow("shop/images/*"), "Principal": "*"}, True),
        ({**allow("shop/images/*"), "Action": "s3:Get*"}, True),
        ({**allow("shop/images/*"), "Action": ["s3:PutObject", "s3:*"]}, True),
        ({**allow("shop/images/*"), "Resource": "arn:aws:s3:::shop/images/*"}, True),
        ({**allow("shop/images/*"), "Action": "s3:ListBucket"}, False),
        ({**allow("shop/images/*"), "Condition": {"IpAddress": {}}}, False),
        ({**allow("shop/images/*"), "Effect": "Deny"}, False),
        (allow("shop/images/*", who="arn:aws:iam::1:user/alice"), False),
        (allow("shop/brochures/*"), False),
        (allow("shop/image[s]/*"), False),
        (allow("other/images/*"), False),
    ],
)
def test_a_policy_is_read_as_s3_reads_it(statement, expected):
    # The language lets a single statement stand without its list.
    policies = [{"Statement": [statement]}, {"Statement": statement}]
    told = [bucket_policy.lets_everyone_read(policy, "shop", "images/") for policy in policies]
    assert told == [expected, expected]


# What lies in the bucket


def test_a_large_upload_is_one_put(minio_server, store, client, bucket):
    put(store, UPLOAD, random.Random(19).randbytes(19 * 1024 * 1024))
    # The ETag of an object in parts ends in their number.
    assert "-" not in client.stat_object(bucket_name=bucket, object_name=UPLOAD).etag
    unfinished = minio_server.directory / ".minio.sys" / "multipart"
    assert list(unfinished.glob("*/*/*")) == []


@pytest.mark.parametrize("status", [ENABLED, SUSPENDED])
def test_delete_prefix_takes_every_version(store, client, bucket, status):
    put(store, WIDGET, b"before")
    client.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(ENABLED))
    put(store, WIDGET, b"first")
    put(store, WIDGET, b"second")
    client.remove_object(bucket_name=bucket, object_name=WIDGET)
    client.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status))
    store.delete_prefix("images/01JD/")
    left = client.list_objects(bucket_name=bucket, recursive=True, include_version=True)
    assert list(left) == []


def test_delete_prefix_says_what_it_could_not_delete(minio_url, client, bucket):
    client.make_bucket(bucket_name=bucket, object_lock=True)
    store = open_store(minio_url)
    put(store, WIDGET)
    client.enable_object_legal_hold(bucket_name=bucket, object_name=WIDGET)
    with pytest.raises(StoreUnavailable, match=WIDGET):
        store.delete_prefix("images/01JD/")
    client.disable_object_legal_hold(bucket_name=bucket, object_name=WIDGET)
    store.delete_prefix("images/01JD/")
    assert store.keys() == set()


def test_delete_prefix_deletes_more_objects_than_one_request_may_name():
    keys = [f"images/01JD/v1/{number}" for number in range(1001)]
    deleted = Answer(200, b"<DeleteResult/>")
    with answering(s3_error(501, "NotImplemented"), listing(*keys), deleted) as server:
        store_at(server.address).delete_prefix("images/01JD/")
        assert [request.method for request in server.requests] == ["GET", "GET", "POST", "POST"]


# What somebody has to change


def test_a_wrong_secret_is_told(minio_server, store, bucket):
    with pytest.raises(StoreMisconfigured) as refused:
        put(open_store(minio_server.url(bucket, secret="wrong-secret")), WIDGET)
    assert "secret" in refused.value.hint
    assert "wrong-secret" not in str(refused.value)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_wrong_secret_is_a_matter_of_settings_everywhere(minio_server, store, bucket, use):
    with pytest.raises(StoreMisconfigured):
        use(open_store(minio_server.url(bucket, secret="wrong-secret")))


def test_an_unknown_key_is_told(minio_server, bucket):
    url = f"s3+http://nobody:some-secret@{minio_server.address}/{bucket}"
    with pytest.raises(StoreMisconfigured) as refused:
        open_store(url).prepare()
    assert "key" in refused.value.hint


def test_a_server_without_tls_is_told(minio_server, bucket):
    url = f"s3+https://key:secret@{minio_server.address}/{bucket}"
    with pytest.raises(StoreMisconfigured) as refused:
        open_store(url).prepare()
    assert "s3+http" in refused.value.hint


def test_a_bucket_that_cannot_be_made_is_told():
    answers = s3_error(404, "NoSuchBucket"), s3_error(403, "AccessDenied")
    with answering(*answers) as server, pytest.raises(StoreMisconfigured) as refused:
        store_at(server.address).prepare()
    assert "cannot be made" in str(refused.value)


def test_a_bucket_that_another_process_made_meanwhile_is_taken():
    answers = s3_error(404, "NoSuchBucket"), s3_error(409, "BucketAlreadyOwnedByYou")
    with answering(*answers) as server:
        store_at(server.address, "?policy=keep").prepare()
        assert [request.method for request in server.requests] == ["GET", "PUT"]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("AuthorizationHeaderMalformed", "?region="),
        ("RequestTimeTooSkewed", "clock"),
        ("NotImplemented", "?policy=keep"),
    ],
)
def test_other_refusals_say_what_to_change(code, word):
    answers = listing(), s3_error(400, code)
    with answering(*answers) as server, pytest.raises(StoreMisconfigured) as refused:
        store_at(server.address).prepare()
    assert word in refused.value.hint


def test_a_server_without_versions_deletes_all_the_same():
    no_versions = s3_error(501, "NotImplemented")
    with answering(no_versions, listing(WIDGET), Answer(200, b"<DeleteResult/>")) as server:
        store_at(server.address).delete_prefix("images/01JD/")
        assert [request.method for request in server.requests] == ["GET", "GET", "POST"]


def test_the_region_is_the_one_that_was_named():
    with answering(Answer(200)) as server:
        put(store_at(server.address, "?region=eu-west-1"), WIDGET)
        assert "/eu-west-1/s3/" in server.requests[0].headers["Authorization"]


def test_the_client_is_called_by_keyword_as_its_version_8_will_demand():
    tree = ast.parse(Path(s3.__file__).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(ast.unparse(call.func), call.args) for call in calls]
    args = [args for name, args in named if name.startswith(("self._client.", "Minio"))]
    assert len(args) > 10
    assert not any(args)
