"""The public address of an image: what it answers, to whom, and until when."""

import io
import logging

import pytest
from PIL import Image as Canvas
from werkzeug.datastructures import FileStorage

from distribu.extensions import db, store
from distribu.images import attachment, outbox, processing, staging
from distribu.models import Image
from tests.conftest import add_product

FOREVER = "public, max-age=31536000, immutable"


def image(format: str, size=(640, 480)) -> FileStorage:
    file = io.BytesIO()
    Canvas.effect_noise(size, 90).convert("RGB").save(file, format)
    file.seek(0)
    return FileStorage(file, filename=f"Blue Widget.{format.lower()}")


def stored_keys() -> set[str]:
    return store.keys()


@pytest.fixture
def publish(app, cast):
    """A function that gives a product of Acme an image and returns the image's path."""

    def publish(format="JPEG", is_complete=True) -> str:
        with app.app_context():
            product = add_product(cast.acme)
            image_id = staging.stage(cast.acme, image(format)).id
            attachment.attach(attachment.lock_product(product.id, cast.acme), image_id)
            db.session.commit()
            if is_complete:
                processing.process(image_id)
            return "/" + db.session.get(Image, image_id).key()

    return publish


@pytest.fixture
def path(publish) -> str:
    return publish()


@pytest.fixture
def staged_path(app, cast) -> str:
    with app.app_context():
        return "/" + staging.stage(cast.acme, image("PNG")).key()


@pytest.mark.parametrize(
    ("format", "content_type", "extension"),
    [
        ("JPEG", "image/jpeg", "jpg"),
        ("PNG", "image/png", "png"),
        ("WEBP", "image/webp", "webp"),
        ("AVIF", "image/avif", "avif"),
    ],
)
def test_image_keeps_its_format(publish, nobody, format, content_type, extension):
    path = publish(format)
    response = nobody.get(path)
    assert path.endswith(f"/blue-widget.{extension}")
    assert response.content_type == content_type
    assert Canvas.open(io.BytesIO(response.data)).format == format


def test_everyone_may_keep_a_image_for_ever(path, nobody):
    headers = nobody.get(path).headers
    assert headers["Cache-Control"] == FOREVER
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Accept-Ranges"] == "bytes"
    assert "Set-Cookie" not in headers


def test_caches_share_a_image_between_all_who_ask(path, alice):
    assert "Vary" not in alice.get(path).headers


def test_every_derivative_has_an_address(app, path, nobody):
    with app.app_context():
        image = db.session.query(Image).one()
        made = [(image.key(one["path"]), one["byte_size"]) for one in image.derivatives]
    assert len(made) > 5
    assert [len(nobody.get("/" + key).data) for key, _ in made] == [size for _, size in made]


@pytest.mark.parametrize(
    "asked", ["{etag}", "W/{etag}", '"other", {etag}', '"other", W/{etag}', "*"]
)
def test_a_image_that_is_known_is_not_sent_again(path, nobody, asked):
    etag = nobody.get(path).headers["ETag"]
    response = nobody.get(path, headers={"If-None-Match": asked.format(etag=etag)})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == etag
    assert response.headers["Cache-Control"] == FOREVER


def test_another_etag_gets_the_image(path, nobody):
    response = nobody.get(path, headers={"If-None-Match": '"other"'})
    assert response.status_code == 200


def test_head_tells_what_get_would_send(path, nobody):
    head, get = nobody.head(path), nobody.get(path)
    assert head.data == b""
    names = ("Content-Length", "Content-Type", "ETag", "Cache-Control", "Accept-Ranges")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=0-", slice(0, None)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=10-99999999", slice(10, None)),
        ("bytes=0-99999999", slice(0, None)),
        ("bytes=-99999999", slice(0, None)),
    ],
)
def test_one_range_is_answered_with_that_part(path, nobody, asked, part):
    whole = nobody.get(path).data
    response = nobody.get(path, headers={"Range": asked})
    assert (response.status_code, response.data) == (206, whole[part])
    start, stop, _ = part.indices(len(whole))
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
    assert response.content_length == len(whole[part])


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=" + ",".join(["0-"] * 500), "bytes=a-b", "bytes=9-1", "lines=1-2"],
)
def test_what_is_not_one_range_is_answered_with_the_whole(path, nobody, asked):
    response = nobody.get(path, headers={"Range": asked})
    assert (response.status_code, response.data) == (200, nobody.get(path).data)


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-999999999"])
def test_a_range_beyond_the_end_is_refused(path, nobody, asked):
    size = len(nobody.get(path).data)
    response = nobody.get(path, headers={"Range": asked})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{size}"
    assert response.headers.get("Cache-Control") != FOREVER


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{etag}", 206),
        ("W/{etag}", 200),
        ('"other"', 200),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 200),
        ("", 200),
    ],
)
def test_if_range_takes_only_the_very_etag(path, nobody, condition, status):
    condition = condition.format(etag=nobody.get(path).headers["ETag"])
    response = nobody.get(path, headers={"Range": "bytes=0-9", "If-Range": condition})
    assert response.status_code == status


@pytest.mark.parametrize("width", [100, 300, 500, 640])
def test_format_answers_the_width(path, nobody, width):
    response = nobody.get(path, query_string={"format": f"{width}w"})
    assert Canvas.open(io.BytesIO(response.data)).size[0] == width
    assert response.content_type == "image/webp"
    assert response.headers["Cache-Control"] == FOREVER


@pytest.mark.parametrize(
    "wanted", ["2500w", "w", "", "-1w", "0100w", "\u0661\u0660\u0660w", "500w.webp"]
)
def test_format_that_is_not_there_answers_the_image_for_now(path, nobody, wanted):
    response = nobody.get(path, query_string={"format": wanted})
    assert response.data == nobody.get(path).data
    assert response.headers["Cache-Control"] == "public, no-cache"


def test_format_that_is_not_made_yet_is_not_kept_for_ever(app, publish, nobody):
    path = publish(is_complete=False)
    early = nobody.get(path, query_string={"format": "500w"})
    with app.app_context():
        processing.process(db.session.query(Image).one().id)
    asked = {"If-None-Match": early.headers["ETag"]}
    late = nobody.get(path, query_string={"format": "500w"}, headers=asked)
    assert early.headers["Cache-Control"] == "public, no-cache"
    assert (late.status_code, late.content_type) == (200, "image/webp")


def test_staged_image_is_its_companys_alone(staged_path, alice, bob, mallory, nobody):
    answers = [client.get(staged_path).status_code for client in (alice, bob, mallory, nobody)]
    assert answers == [200, 200, 404, 404]


def test_staged_image_is_kept_by_no_cache(staged_path, alice):
    headers = alice.get(staged_path).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Vary"] == "Cookie"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_staged_image_keeps_its_address_when_it_is_saved(app, cast, staged_path, alice, nobody):
    with app.app_context():
        product = add_product(cast.acme)
        image_id = staged_path.split("/")[2]
        attachment.attach(attachment.lock_product(product.id, cast.acme), image_id)
        db.session.commit()
    assert nobody.get(staged_path).headers["Cache-Control"] == FOREVER


def test_removed_image_is_gone_from_the_commit_on(app, path, nobody):
    with app.app_context():
        attachment.discard(db.session.query(Image).one())
        db.session.commit()
        # Its objects are still there: nobody has drained yet.
        assert path[1:] in stored_keys()
    assert nobody.get(path).status_code == 404
    with app.app_context():
        outbox.drain()
        assert path[1:] not in stored_keys()


@pytest.mark.parametrize("status", ["PROCESSING", "ERROR"])
def test_image_that_is_not_ready_has_no_address(app, path, nobody, status):
    with app.app_context():
        db.session.query(Image).one().status = status
        db.session.commit()
    assert nobody.get(path).status_code == 404


@pytest.mark.parametrize("name", ["other.jpg", "v2/501w.webp", "v1", "../x", "%00", "upload"])
def test_other_names_below_a_image_are_404(path, nobody, name):
    assert nobody.get(path.rsplit("/", 1)[0] + "/" + name).status_code == 404


@pytest.mark.parametrize("image_id", ["none", "%00", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a" * 300])
def test_unknown_image_is_404(app, cast, nobody, image_id):
    assert nobody.get(f"/images/{image_id}/a.jpg").status_code == 404


def test_upload_as_it_came_has_no_address(app, staged_path, alice):
    image_id = staged_path.split("/")[2]
    with app.app_context():
        assert f"incoming/{image_id}/upload" in stored_keys()
    assert alice.get(f"/incoming/{image_id}/upload").status_code == 404
    assert alice.get(f"/images/{image_id}/../../incoming/{image_id}/upload").status_code == 404


def test_lost_object_is_404_and_logged_once(app, path, nobody, caplog):
    with app.app_context():
        store.delete_prefix(path[1:].rsplit("/", 1)[0] + "/")
    with caplog.at_level(logging.ERROR):
        responses = [nobody.get(path) for _ in range(3)]
    assert [response.status_code for response in responses] == [404] * 3
    assert [record.getMessage() for record in caplog.records] == [f"missing object: {path[1:]}"]
    assert path[1:] not in responses[0].text
    assert responses[0].headers["Cache-Control"] == "no-store"


def test_proxy_is_told_where_the_object_lies(make_app, app, path):
    proxied = make_app(ACCEL_REDIRECT_PREFIX="/_objects/")
    response = proxied.test_client().get(path, headers={"Range": "bytes=0-9"})
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["X-Accel-Redirect"] == "/_objects" + path
    assert response.headers["Cache-Control"] == FOREVER
    assert response.content_type == "image/jpeg"


def test_proxy_is_told_nothing_of_a_staged_image(make_app, app, staged_path):
    proxied = make_app(ACCEL_REDIRECT_PREFIX="/_objects/")
    response = proxied.test_client().get(staged_path)
    assert response.status_code == 404
    assert "X-Accel-Redirect" not in response.headers
