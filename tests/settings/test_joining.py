"""Adding a member tells nothing of who has an account, and takes no email from its holder."""

import re

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import REMOVED, User
from tests.conftest import PASSWORD, signed_in
from tests.meanwhile import meanwhile
from tests.settings.test_settings import MEMBERS, is_signed_in, link_in
from tests.test_auth import NEW as REGISTRATION

KNOWN, UNKNOWN = "mallory@globex.test", "stranger@globex.test"
TAKEN = "An account with this email already exists."


def add(client, email: str):
    return client.post(f"{MEMBERS}/new", data={"name": "Carol", "email": email, "role": "MEMBER"})


def without_tokens(page: str) -> str:
    """The page without what is another one each second."""
    return re.sub(r"set-password/[\w.-]+|value=\"\w+(\.[\w-]+){2}\"", "", page)


def user(app, **values) -> User:
    with app.app_context():
        return db.session.scalars(select(User).filter_by(**values)).one()


def test_every_page_of_a_new_member_is_the_same_for_a_known_and_an_unknown_email(
    app, cast, alice, nobody
):
    pages = {}
    for email in (KNOWN, UNKNOWN):
        added = add(alice, email)
        member = user(app, invited_email=email)
        shown = [
            added,
            nobody.get(link_in(added)),
            alice.get(f"{MEMBERS}/{member.id}"),
            alice.get(MEMBERS),
            add(alice, email),
            alice.post(f"{MEMBERS}/{member.id}/remove", follow_redirects=True),
        ]
        pages[email] = [
            (one.status_code, without_tokens(one.text).replace(email, "").replace(member.id, ""))
            for one in shown
        ]
    assert pages[KNOWN] == pages[UNKNOWN]
    assert [status for status, _ in pages[KNOWN]] == [200, 200, 200, 200, 422, 200]


def test_a_colleague_is_not_added_twice(cast, alice):
    for email in ("bob@acme.test", UNKNOWN, UNKNOWN):
        answer = add(alice, email)
    assert answer.status_code == 422
    assert "A member with this email already exists." in answer.text
    assert add(alice, "bob@acme.test").status_code == 422


def test_the_list_shows_the_email_of_a_member_who_has_not_joined(cast, alice):
    add(alice, KNOWN)
    page = alice.get(MEMBERS).text
    assert KNOWN in page
    assert "No password yet" in page


def test_an_email_that_somebody_was_added_with_is_free_for_its_holder(app, cast, mallory, nobody):
    link = link_in(add(mallory, REGISTRATION["email"]))
    assert nobody.post("/register", data=REGISTRATION).status_code == 303
    assert user(app, email=REGISTRATION["email"]).role == "OWNER"
    # The added person can still join, and signs in with another email.
    joining = app.test_client()
    refused = joining.post(link, data={"email": REGISTRATION["email"], "password": PASSWORD})
    assert (refused.status_code, TAKEN in refused.text) == (422, True)
    other = {"email": "Peter@globex.test ", "password": PASSWORD}
    assert joining.post(link, data=other).status_code == 303
    assert is_signed_in(joining)
    joined = user(app, email="peter@globex.test")
    assert (joined.company_id, joined.invited_email) == (cast.globex, None)


def test_who_joins_signs_in_with_the_email_that_they_chose(app, cast, alice, nobody):
    link = link_in(add(alice, UNKNOWN))
    page = nobody.get(link).text
    assert f'value="{UNKNOWN}"' in page
    nobody.post(link, data={"email": "carol@acme.test", "password": PASSWORD})
    for email, status in (("carol@acme.test", 303), (UNKNOWN, 422)):
        sign_in = {"email": email, "password": PASSWORD}
        assert app.test_client().post("/login", data=sign_in).status_code == status


def test_an_email_taken_at_the_last_moment_is_told_and_the_link_stays_good(
    app, cast, alice, nobody
):
    link = link_in(add(alice, UNKNOWN))

    def take_it_first():
        answer = app.test_client().post("/register", data=REGISTRATION | {"email": UNKNOWN})
        assert answer.status_code == 303

    with meanwhile(app, take_it_first, before="UPDATE user"):
        answer = nobody.post(link, data={"password": PASSWORD})
    assert (answer.status_code, TAKEN in answer.text) == (422, True)
    other = {"email": "carol@acme.test", "password": PASSWORD}
    assert nobody.post(link, data=other).status_code == 303


def test_a_link_tells_of_no_more_than_twenty_emails(make_app, cast):
    app = make_app(RATELIMIT_ENABLED=True)
    link = link_in(add(signed_in(app, cast.alice), UNKNOWN))
    tries = [
        app.test_client().post(link, data={"email": KNOWN, "password": PASSWORD}) for _ in range(21)
    ]
    assert [one.status_code for one in tries] == [422] * 20 + [429]
    assert TAKEN not in tries[-1].text


@pytest.mark.parametrize("joins", [False, True])
def test_an_operator_finds_who_was_added_by_their_email(app, cast, alice, joins):
    link = link_in(add(alice, UNKNOWN))
    if joins:
        app.test_client().post(link, data={"password": PASSWORD})
    result = app.test_cli_runner().invoke(args=["users", "reset", UNKNOWN])
    path = result.output.strip().removeprefix("http://shop.test")
    assert app.test_client().post(path, data={"password": "a new password"}).status_code == 303
    sign_in = {"email": UNKNOWN, "password": "a new password"}
    assert app.test_client().post("/login", data=sign_in).status_code == 303


def test_a_member_who_is_removed_before_joining_can_be_added_again(app, cast, alice):
    add(alice, UNKNOWN)
    removed = user(app, invited_email=UNKNOWN).id
    alice.post(f"{MEMBERS}/{removed}/remove")
    assert user(app, id=removed).role == REMOVED
    assert add(alice, UNKNOWN).status_code == 200
