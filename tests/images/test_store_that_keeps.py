"""A key of a real MinIO that may list, read and write, and not delete: everything says so."""

import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from minio.credentials import StaticProvider
from minio.minioadmin import MinioAdmin

from distribu.extensions import db
from distribu.images import attachment, staging
from distribu.images.stores.by_url import open_store
from distribu.models import OutboxEntry
from tests.images.life import add_company, upload

ALLOWED = (
    *("GetObject", "PutObject", "ListBucket", "GetBucketLocation", "ListBucketVersions"),
    *("GetBucketPolicy", "PutBucketPolicy", "CreateBucket", "GetObjectVersion"),
    "GetBucketVersioning",
)


@pytest.fixture
def keeping_url(minio_server, minio_url) -> str:
    """The address of a bucket, with a key that may not delete."""
    open_store(minio_url).prepare()
    name = urlsplit(minio_url).path.strip("/")
    bucket = f"arn:aws:s3:::{name}"
    statement = {
        "Effect": "Allow",
        "Action": [f"s3:{action}" for action in ALLOWED],
        "Resource": [bucket, f"{bucket}/*"],
    }
    admin = MinioAdmin(
        endpoint=minio_server.address,
        credentials=StaticProvider(minio_server.key, minio_server.secret),
        secure=False,
    )
    made = admin.add_service_account(policy={"Version": "2012-10-17", "Statement": [statement]})
    key = json.loads(made)["credentials"]
    return replace(minio_server, key=key["accessKey"], secret=key["secretKey"]).url(name)


@pytest.fixture
def run(make_app, keeping_url):
    """A function that runs flask images and others, and returns exit status and output."""
    app = make_app(IMAGE_STORE_URL=keeping_url)
    with app.app_context():
        image = staging.stage(add_company(), upload())
        attachment.discard(image)
        db.session.commit()

    def run_command(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=arguments)
        return result.exit_code, result.output

    run_command.app = app
    return run_command


def test_check_sweep_and_doctor_all_say_so(run):
    status, said = run("check")
    assert status == 1
    assert said.startswith("store-misconfigured: ")
    assert "delete" in said
    status, said = run("images", "sweep")
    assert (status, "2 could not be deleted yet" in said) == (1, True)
    status, said = run("images", "doctor")
    assert (status, said.count("not deleted: ")) == (1, 2)
    with run.app.app_context():
        assert [entry.attempts for entry in db.session.scalars(db.select(OutboxEntry))] == [1, 1]
