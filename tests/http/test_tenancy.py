"""Nobody sees, changes or learns of another company's records: every route that takes an id."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from distribu.extensions import db
from distribu.models import (
    ApiKey,
    BulkChange,
    DownloadJob,
    Image,
    ImportJob,
    Order,
    OrderDraft,
    new_id,
    utc_now,
)
from tests.conftest import add_product
from tests.images.life import image_row

WRITES = ("POST", "PUT", "PATCH", "DELETE")
# Fillings that are the same for everyone, for arguments that name no record.
WORDS = {"change": "remove", "number": 1}


@pytest.fixture
def acme_ids(app, cast) -> dict[str, str]:
    """A record of Acme for every argument by which a route of the dashboard finds one."""
    with app.app_context():
        product = add_product(cast.acme)
        rows = {
            "image_id": image_row(cast.acme, policy="merchant", public_name="a.png"),
            "order_id": Order(company_id=cast.acme, number=1, submit_token="1", total_minor=0),
            "key_id": ApiKey(
                company_id=cast.acme, name="ERP", prefix="dk_", key_sha256="0", scopes=[]
            ),
            "download_id": DownloadJob(
                company_id=cast.acme,
                status="DONE",
                files=[{"byte_size": 0, "parts": 0}],
                expires_at=utc_now() + timedelta(days=1),
            ),
            "job_id": ImportJob(
                company_id=cast.acme,
                filename="a.csv",
                status="PREVIEW",
                content="sku,name,price,stock\nA,Anchor,1,1\n",
                mapping={"sku": 0, "name": 1, "price": 2, "stock": 3},
                expires_at=utc_now() + timedelta(days=1),
            ),
        }
        rows["change_id"] = BulkChange(
            company_id=cast.acme,
            action="activate",
            product_ids=[product.id],
            status="DONE",
            expires_at=utc_now() + timedelta(days=1),
        )
        draft = OrderDraft(user_id=cast.alice, token=new_id(), content={})
        db.session.add_all([*rows.values(), draft])
        db.session.commit()
        ids = {argument: row.id for argument, row in rows.items()}
        return ids | {"product_id": product.id, "user_id": cast.bob, "token": draft.token}


def dashboard_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/dashboard")]


def rules_with_an_id(app: Flask) -> list[Rule]:
    return [rule for rule in dashboard_rules(app) if rule.arguments]


def requests_of(app: Flask, ids: dict[str, str]) -> list[tuple[str, str]]:
    """Method and path of everything that the dashboard's routes answer for these records."""
    adapter = app.url_map.bind("localhost")
    return [
        (
            method,
            adapter.build(rule.endpoint, {name: (WORDS | ids)[name] for name in rule.arguments}),
        )
        for rule in rules_with_an_id(app)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def asked(client: FlaskClient, method: str, path: str) -> tuple[int, str, str | None]:
    """Status, body and target; ids in a body, and tokens, which tell the second, are made equal."""
    answer = client.open(path, method=method)
    body = re.sub(r"[0-9A-HJKMNP-TV-Z]{26}", "ID", answer.text)
    body = re.sub(r'(name="(csrf_token|reserved_id)"[^>]* value=)"[^"]+"', r"\1TOKEN", body)
    return answer.status_code, body, answer.headers.get("Location")


def test_every_argument_of_the_dashboard_can_be_filled(app, acme_ids):
    arguments = set().union(*(rule.arguments for rule in dashboard_rules(app)))
    unknown = arguments - set(acme_ids) - set(WORDS)
    assert not unknown, f"add a record of Acme for {unknown} to acme_ids"


def test_records_of_the_walk_are_found_by_their_own_company(app, acme_ids, alice):
    pages = [path for method, path in requests_of(app, acme_ids) if method == "GET"]
    assert pages
    assert [path for path in pages if alice.get(path).status_code != 200] == []


def test_another_company_is_answered_as_if_there_were_nothing(app, acme_ids, mallory):
    unknown_ids = dict.fromkeys(acme_ids, new_id())
    theirs = [asked(mallory, *request) for request in requests_of(app, acme_ids)]
    nothing = [asked(mallory, *request) for request in requests_of(app, unknown_ids)]
    assert {status for status, _, _ in theirs} == {404}
    assert theirs == nothing


def test_nobody_is_asked_to_sign_in_before_anything_is_looked_up(app, acme_ids, nobody):
    unknown_ids = dict.fromkeys(acme_ids, new_id())
    for ids in (acme_ids, unknown_ids):
        answers = [asked(nobody, *request) for request in requests_of(app, ids)]
        assert {status for status, _, _ in answers} <= {302, 401}


def test_no_page_of_the_dashboard_opens_without_a_sign_in(app, nobody):
    open_pages = [
        (method, rule.rule)
        for rule in dashboard_rules(app)
        if not rule.arguments and rule.endpoint != "auth.start"
        for method in rule.methods & {"GET", *WRITES}
        if nobody.open(rule.rule, method=method).status_code not in (302, 401)
    ]
    assert open_pages == []


def test_staged_image_is_shown_to_its_company_alone(app, acme_ids, cast, mallory, nobody):
    path = f"/images/{acme_ids['image_id']}/a.png"
    with app.app_context():
        image = db.session.get(Image, acme_ids["image_id"])
        image.status = "READY"
        db.session.commit()
    assert mallory.get(path).status_code == 404
    assert nobody.get(path).status_code == 404
