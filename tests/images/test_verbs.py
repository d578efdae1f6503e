"""The examples of docs/architecture.md: each verb of the images with its result."""

import doctest
import re
from datetime import timedelta
from pathlib import Path

from distribu.extensions import db
from distribu.extensions import store as image_store
from distribu.images import attachment, outbox, processing, staging
from distribu.models import Image, utc_now
from tests.images.life import upload

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def objects() -> list[str]:
    """Return the keys in the store, each id written as ID."""
    keys = image_store.keys()
    return sorted(re.sub("/[^/]+/", "/ID/", key) for key in keys)


def test_the_examples_of_the_verbs_hold(acme, product):
    text = PAGE.read_text(encoding="utf-8").replace("\n```\n", "\n\n")
    names = {
        "attachment": attachment,
        "company_id": acme,
        "db": db,
        "Image": Image,
        "objects": objects,
        "outbox": outbox,
        "photo": lambda filename="photo.png": upload(filename=filename),
        "processing": processing,
        "staging": staging,
        "timedelta": timedelta,
        "utc_now": utc_now,
        "vinegar": product,
    }
    examples = doctest.DocTestParser().get_doctest(text, names, PAGE.name, str(PAGE), 0)
    said = []
    outcome = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert outcome.attempted > 15
    assert outcome.failed == 0, "".join(said)
