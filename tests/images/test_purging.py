"""Purge requests to the cache in front of the images."""

import json
from datetime import timedelta

import pytest

from distribu.extensions import db
from distribu.images import attachment, outbox, processing
from distribu.models import Image, OutboxEntry, utc_now
from tests.answering_server import DROPPED, Answer, answering
from tests.images.life import outbox_prefixes
from tests.servers import free_port

LATER = timedelta(hours=1)


@pytest.fixture
def image(stage) -> Image:
    image = stage()
    processing.process(image.id)
    outbox.drain_request()
    return image


@pytest.fixture
def cache(app):
    """A cache that takes everything it is told."""
    with answering(Answer(200)) as server:
        app.config["PURGE_URL"] = f"http://{server.address}/purge"
        yield server


def discard(image: Image) -> None:
    attachment.discard(image)
    db.session.commit()


def told(cache) -> list[list[str]]:
    return [json.loads(request.body)["files"] for request in cache.requests]


def test_every_public_address_is_told_once(image, cache):
    addresses = [f"http://shop.test/{image.key(made['path'])}" for made in image.derivatives]
    discard(image)
    assert outbox.drain() == 0
    assert told(cache) == [addresses]
    request = cache.requests[0]
    assert (request.method, request.path) == ("POST", "/purge")
    assert "Authorization" not in request.headers


def test_addresses_are_those_of_the_cdn_and_the_token_is_sent(image, cache, app):
    app.config |= {"IMAGE_BASE_URL": "https://cdn.test", "PURGE_TOKEN": "secret"}
    address = image.url
    discard(image)
    outbox.drain()
    assert address.startswith("https://cdn.test/")
    assert address in told(cache)[0]
    assert cache.requests[0].headers["Authorization"] == "Bearer secret"


def test_the_object_is_gone_before_the_cache_is_told(image, store, cache):
    seen = []
    discard(image)
    store.at, store.moment = "delete_prefix", "before"
    store.then = lambda: seen.append(len(cache.requests))
    outbox.drain()
    # The image, then the upload, of which no cache knows.
    assert seen in ([0, 0], [0, 1])
    assert len(cache.requests) == 1


@pytest.mark.parametrize("refusal", [Answer(500), Answer(403), Answer(302), DROPPED])
def test_a_cache_that_refuses_is_told_again(image, store, cache, refusal):
    cache.answers = [refusal]
    discard(image)
    now = utc_now()
    assert outbox.drain(now=now) == 1
    assert [entry.attempts for entry in db.session.query(OutboxEntry)] == [1]
    assert store.keys() == set()
    cache.answers = [Answer(204)]
    assert outbox.drain(now=now + LATER) == 0
    assert outbox_prefixes() == []
    assert told(cache)[0] == told(cache)[-1]


def test_a_cache_that_does_not_answer_keeps_the_entry_and_no_secret(image, app):
    app.config["PURGE_URL"] = f"http://127.0.0.1:{free_port()}/?key=secret"
    discard(image)
    assert outbox.drain() == 1
    entry = db.session.query(OutboxEntry).one()
    assert "could not be told" in entry.last_error
    assert "secret" not in entry.last_error


def test_an_older_ladder_is_told_as_well(stage, cache):
    image = stage()
    old = image.derivatives[1] | {"path": "v0/140w.webp"}
    image.derivatives = [image.derivatives[0], old]
    db.session.commit()
    key = image.key("v0/140w.webp")
    processing.process(image.id)
    outbox.drain()
    assert told(cache) == [[f"http://shop.test/{key}"]]


def test_without_a_cache_nobody_is_told(image, app, cache):
    app.config["PURGE_URL"] = ""
    discard(image)
    assert outbox.drain() == 0
    assert cache.requests == []
