"""The settings: own account and members, and what each role may do."""

import pytest
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.models import REMOVED, ApiKey, AuditEntry, Order, User
from tests.conftest import PASSWORD, signed_in
from tests.meanwhile import meanwhile

MEMBERS = "/dashboard/settings/members"
NEW = {"name": "Carol", "email": "carol@acme.test", "role": "MEMBER"}
OWN_PASSWORD = {"current_password": PASSWORD, "new_password": "alice's next password"}


@pytest.fixture
def carol_id(app, cast) -> str:
    """An ADMIN of Acme."""
    with app.app_context():
        carol = User(company_id=cast.acme, email="carol@acme.test", name="Carol", role="ADMIN")
        db.session.add(carol)
        db.session.commit()
        return carol.id


@pytest.fixture
def carol(app, carol_id):
    return signed_in(app, carol_id)


def roles(app, cast) -> dict[str, str]:
    """The role of everyone at Acme, by name."""
    with app.app_context():
        users = db.session.scalars(select(User).where(User.company_id == cast.acme))
        return {user.name: user.role for user in users}


def actions(app) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def link_in(answer) -> str:
    """The path of the one-time link that the page shows."""
    return answer.text.partition('value="http://shop.test')[2].partition('"')[0]


def is_signed_in(client) -> bool:
    return client.get("/").headers["Location"] == "/dashboard/inventory"


def test_settings_show_the_own_account(alice):
    page = alice.get("/dashboard/settings").text
    assert "alice@acme.test" in page
    assert "http://shop.test/store/acme/catalog" in page


@pytest.mark.parametrize("path", ["members", "api-keys", "audit"])
def test_member_is_refused_what_managers_see(bob, path):
    assert bob.get(f"/dashboard/settings/{path}").status_code == 403
    assert f'href="/dashboard/settings/{path}"' not in bob.get("/dashboard/settings").text


@pytest.mark.parametrize("path", ["", "/members", "/members/new", "/api-keys", "/audit"])
def test_nobody_is_sent_to_sign_in(nobody, path):
    answer = nobody.get(f"/dashboard/settings{path}")
    assert answer.headers["Location"].startswith("/login?next=")


def test_new_password_replaces_the_old_one(app, cast, alice):
    assert alice.post("/dashboard/settings/password", data=OWN_PASSWORD).status_code == 303
    with app.app_context():
        assert db.session.get(User, cast.alice).has_password("alice's next password")
    assert actions(app) == ["password.changed"]


def test_new_password_ends_every_other_session(app, cast, alice):
    elsewhere = signed_in(app, cast.alice)
    alice.post("/dashboard/settings/password", data=OWN_PASSWORD)
    assert is_signed_in(alice)
    assert not is_signed_in(elsewhere)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"current_password": "guess"}, "This is not your current password."),
        ({"new_password": "short"}, "Use 10 to 200 characters."),
    ],
)
def test_password_stays_when_the_form_is_refused(app, cast, alice, wrong, sentence):
    answer = alice.post("/dashboard/settings/password", data=OWN_PASSWORD | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    with app.app_context():
        assert db.session.get(User, cast.alice).has_password(PASSWORD)
    assert actions(app) == []


def test_guessing_the_current_password_is_refused_after_ten_attempts(make_app):
    app = make_app(RATELIMIT_ENABLED=True)
    client = app.test_client()
    data = {"company": "Hooli", "name": "Gavin", "email": "g@hooli.test", "password": PASSWORD}
    client.post("/register", data=data)
    guess = OWN_PASSWORD | {"current_password": "guess"}
    guesses = [client.post("/dashboard/settings/password", data=guess) for _ in range(11)]
    assert [answer.status_code for answer in guesses] == [422] * 10 + [429]
    assert "Too many attempts. Try again in" in guesses[-1].text


def test_signing_out_everywhere_ends_every_session(app, cast, alice):
    elsewhere = signed_in(app, cast.alice)
    assert alice.post("/dashboard/settings/sign-out-everywhere").status_code == 303
    assert not is_signed_in(alice)
    assert not is_signed_in(elsewhere)
    assert actions(app) == ["user.signed_out_everywhere"]


def test_signing_out_everywhere_asks_first(alice):
    page = alice.get("/dashboard/settings/sign-out-everywhere")
    assert "Sign out everywhere?" in page.text
    assert is_signed_in(alice)


def test_list_shows_the_members_of_the_own_company(alice):
    page = alice.get(MEMBERS).text
    assert "bob@acme.test" in page
    assert "mallory" not in page


def test_added_member_sets_a_password_by_the_link_and_signs_in(app, alice):
    link = link_in(alice.post(f"{MEMBERS}/new", data=NEW))
    carol = app.test_client()
    carol.post(link, data={"password": "carol's password"})
    assert is_signed_in(carol)
    assert actions(app) == ["member.added", "password.changed"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "Enter their name."),
        ({"email": "carol"}, "Enter an email address."),
        ({"email": "bob@acme.test"}, "A member with this email already exists."),
        ({"role": "OWNER"}, "Not a valid choice"),
    ],
)
def test_refused_member_is_not_added(app, cast, alice, wrong, sentence):
    answer = alice.post(f"{MEMBERS}/new", data=NEW | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert len(roles(app, cast)) == 2


@pytest.mark.parametrize("role", ["MEMBER", "ADMIN"])
def test_admin_adds_members_and_admins(app, cast, carol, role):
    dave = {"name": "Dave", "email": "d@acme.test", "role": role}
    assert carol.post(f"{MEMBERS}/new", data=dave).status_code == 200
    assert roles(app, cast)["Dave"] == role


def test_member_adds_nobody(app, cast, bob):
    assert bob.post(f"{MEMBERS}/new", data=NEW).status_code == 403
    assert len(roles(app, cast)) == 2


def test_added_member_joins_the_company_of_who_added_them(app, cast, alice):
    alice.post(f"{MEMBERS}/new", data=NEW | {"company_id": cast.globex})
    assert "Carol" in roles(app, cast)


def test_owner_changes_a_role(app, cast, alice):
    answer = alice.post(f"{MEMBERS}/{cast.bob}/role", data={"role": "ADMIN"})
    assert answer.status_code == 303
    assert roles(app, cast)["bob"] == "ADMIN"
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.before, entry.after) == (
            "member.role_changed",
            {"role": "MEMBER"},
            {"role": "ADMIN"},
        )


def test_a_change_of_role_is_told_in_a_sentence(cast, alice):
    answer = alice.post(f"{MEMBERS}/{cast.bob}/role", data={"role": "ADMIN"}, follow_redirects=True)
    assert "is now an admin." in answer.text


def test_same_role_again_leaves_no_entry(app, cast, alice):
    alice.post(f"{MEMBERS}/{cast.bob}/role", data={"role": "MEMBER"})
    assert actions(app) == []


@pytest.mark.parametrize("role", ["OWNER", "REMOVED", "ROOT", ""])
def test_form_that_was_tampered_with_gives_no_other_role(app, cast, alice, role):
    assert alice.post(f"{MEMBERS}/{cast.bob}/role", data={"role": role}).status_code == 403
    assert roles(app, cast)["bob"] == "MEMBER"


@pytest.mark.parametrize("change", ["role", "owner", "remove", "link"])
def test_member_manages_nobody(app, cast, bob, carol_id, change):
    data = {"role": "ADMIN"}
    before = roles(app, cast)
    for user_id in (cast.alice, cast.bob, carol_id):
        assert bob.post(f"{MEMBERS}/{user_id}/{change}", data=data).status_code == 403
    assert roles(app, cast) == before


@pytest.mark.parametrize("change", ["role", "owner", "remove", "link"])
def test_admin_manages_neither_the_owner_nor_an_admin(app, cast, carol, carol_id, change):
    data = {"role": "ADMIN"}
    before = roles(app, cast)
    for user_id in (cast.alice, carol_id):
        assert carol.post(f"{MEMBERS}/{user_id}/{change}", data=data).status_code == 403
    assert roles(app, cast) == before


def test_admin_changes_the_role_of_a_member(app, cast, carol):
    answer = carol.post(f"{MEMBERS}/{cast.bob}/role", data={"role": "ADMIN"})
    assert answer.status_code == 303
    assert roles(app, cast)["bob"] == "ADMIN"


def test_admin_does_not_pass_on_ownership(app, cast, carol):
    assert carol.post(f"{MEMBERS}/{cast.bob}/owner").status_code == 403
    assert roles(app, cast)["bob"] == "MEMBER"


def test_admin_removes_a_member(app, cast, carol):
    assert carol.post(f"{MEMBERS}/{cast.bob}/remove").status_code == 303
    assert roles(app, cast)["bob"] == REMOVED


def test_owner_cannot_be_removed_by_the_owner(app, cast, alice):
    assert alice.post(f"{MEMBERS}/{cast.alice}/remove").status_code == 403
    assert roles(app, cast)["alice"] == "OWNER"


def test_passing_on_ownership_leaves_exactly_one_owner(app, cast, alice):
    assert alice.post(f"{MEMBERS}/{cast.bob}/owner").status_code == 303
    assert roles(app, cast) == {"alice": "ADMIN", "bob": "OWNER"}
    assert actions(app) == ["member.role_changed", "member.role_changed"]


def test_ownership_passed_on_in_another_tab_is_not_passed_on_twice(app, cast, alice, carol_id):
    def pass_it_on_first():
        other_tab = signed_in(app, cast.alice)
        assert other_tab.post(f"{MEMBERS}/{carol_id}/owner").status_code == 303

    with meanwhile(app, pass_it_on_first, before="UPDATE user"):
        assert alice.post(f"{MEMBERS}/{cast.bob}/owner").status_code == 409
    assert roles(app, cast) == {"alice": "ADMIN", "bob": "MEMBER", "Carol": "OWNER"}


def test_removed_member_is_signed_out_at_once(cast, alice, bob):
    alice.post(f"{MEMBERS}/{cast.bob}/remove")
    assert not is_signed_in(bob)


def test_removed_member_cannot_sign_in(app, cast, alice, nobody):
    alice.post(f"{MEMBERS}/{cast.bob}/remove")
    for email in ("bob@acme.test", cast.bob.lower(), cast.bob):
        answer = nobody.post("/login", data={"email": email, "password": PASSWORD})
        assert answer.status_code == 422


def test_removed_member_is_on_no_page_of_members(cast, alice):
    alice.post(f"{MEMBERS}/{cast.bob}/remove")
    alice.get(MEMBERS)  # the page that says so
    assert "bob" not in alice.get(MEMBERS).text
    assert alice.get(f"{MEMBERS}/{cast.bob}").status_code == 404
    assert alice.post(f"{MEMBERS}/{cast.bob}/link").status_code == 404


def test_link_of_a_removed_member_is_worthless(app, cast, alice, nobody):
    link = link_in(alice.post(f"{MEMBERS}/{cast.bob}/link"))
    alice.post(f"{MEMBERS}/{cast.bob}/remove")
    assert nobody.post(link, data={"password": "bob is back again"}).status_code == 410


def test_orders_and_audit_entries_keep_the_name_of_a_removed_member(app, cast, alice):
    with app.app_context():
        order = Order(
            company_id=cast.acme,
            number=1,
            submit_token="1",
            total_minor=0,
            created_by_id=cast.bob,
        )
        db.session.add(order)
        db.session.commit()
    alice.post(f"{MEMBERS}/{cast.bob}/remove")
    with app.app_context():
        assert db.session.scalars(select(Order)).one().created_by.display_name == "bob"
        entry = db.session.scalars(select(AuditEntry)).one()
        assert entry.before["email"] == "bob@acme.test"


def test_removed_member_without_a_name_is_remembered_by_email(app, cast):
    with app.app_context():
        bob = db.session.get(User, cast.bob)
        bob.name = ""
        bob.leave()
        assert bob.display_name == "bob@acme.test"


def test_email_of_a_removed_member_is_free_again(app, cast, alice):
    alice.post(f"{MEMBERS}/{cast.bob}/remove")
    assert alice.post(f"{MEMBERS}/new", data=NEW | {"email": "bob@acme.test"}).status_code == 200


def test_removal_names_the_keys_that_go_on_working(app, cast, alice):
    with app.app_context():
        key = {"company_id": cast.acme, "prefix": "dk_", "scopes": [], "created_by_id": cast.bob}
        db.session.add(ApiKey(name="ERP", key_sha256="0", **key))
        db.session.commit()
    page = alice.get(f"{MEMBERS}/{cast.bob}/remove").text
    assert "1 API key that they created will go on working until revoked." in page


def test_new_link_makes_the_one_before_worthless(app, cast, alice, nobody):
    first = link_in(alice.post(f"{MEMBERS}/{cast.bob}/link"))
    second = link_in(alice.post(f"{MEMBERS}/{cast.bob}/link"))
    assert nobody.get(first).status_code == 410
    assert nobody.get(second).status_code == 200
    assert actions(app) == ["member.link_renewed", "member.link_renewed"]


@pytest.mark.parametrize("change", ["owner", "remove", "link"])
def test_changes_of_a_member_ask_first(app, cast, alice, change):
    page = alice.get(f"{MEMBERS}/{cast.bob}/{change}")
    assert page.status_code == 200
    assert f'action="{MEMBERS}/{cast.bob}/{change}"' in page.text
    assert roles(app, cast)["bob"] == "MEMBER"


def test_admin_is_not_asked_about_ownership(cast, carol):
    assert carol.get(f"{MEMBERS}/{cast.bob}/owner").status_code == 403
    assert "Make owner" not in carol.get(f"{MEMBERS}/{cast.bob}").text


def test_every_company_has_one_owner(app, cast):
    with app.app_context():
        owners = select(func.count()).where(User.role == "OWNER").group_by(User.company_id)
        assert db.session.scalars(owners).all() == [1, 1]
