"""Accounts: registering, signing in and out, one-time links, and what a session is."""

import re
import stat
from datetime import timedelta

import pytest
from flask import session
from sqlalchemy import func, select

from distribu import auth, worker
from distribu.extensions import db
from distribu.http.password_links import password_link, user_of_link
from distribu.http.sessions import load_user
from distribu.models import AuditEntry, Company, EndedSession, User, utc_now
from tests.conftest import PASSWORD, add_cast, password_hash, signed_in
from tests.meanwhile import meanwhile

INVENTORY = "/dashboard/inventory"
ALICE = {"email": "alice@acme.test", "password": PASSWORD}
NEW = {
    "company": "Initech & Söhne",
    "name": "Peter",
    "email": "peter@initech.test",
    "password": "a password of Peter",
}


def path_of_link(app, user_id: str) -> str:
    with app.test_request_context():
        return password_link(db.session.get(User, user_id)).removeprefix("http://shop.test")


def user_by_email(app, email: str) -> User | None:
    with app.app_context():
        return db.session.scalar(select(User).where(User.email == email))


def cookie(response) -> str:
    return next(
        header
        for header in response.headers.getlist("Set-Cookie")
        if header.startswith("distribu_session=")
    )


def test_register_makes_a_company_and_signs_its_owner_in(app, nobody):
    answer = nobody.post("/register", data=NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    user = user_by_email(app, "peter@initech.test")
    with app.app_context():
        company = db.session.get(Company, user.company_id)
        assert (user.role, company.name, company.slug) == (
            "OWNER",
            "Initech & Söhne",
            "initech-sohne",
        )
    assert nobody.get("/").headers["Location"] == INVENTORY


def test_register_is_audited(app, nobody):
    nobody.post("/register", data=NEW)
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.actor_name) == ("company.created", "peter@initech.test")


def test_second_company_of_a_name_gets_a_numbered_slug(app, cast):
    for number in (2, 3):
        changes = {"company": "Acme", "email": f"{number}@acme.test"}
        assert app.test_client().post("/register", data=NEW | changes).status_code == 303
    with app.app_context():
        assert set(db.session.scalars(select(Company.slug))) == {
            "acme",
            "acme-2",
            "acme-3",
            "globex",
        }


def test_company_whose_name_has_no_letters_gets_a_slug(app, nobody):
    nobody.post("/register", data=NEW | {"company": "!!!"})
    with app.app_context():
        assert db.session.scalar(select(Company.slug)) == "company"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("company", "  ", "Enter your company&#39;s name."),
        ("company", "x" * 201, "Company name can have at most 200 characters."),
        ("name", "", "Enter your name."),
        ("email", "peter", "Enter an email address."),
        ("email", "peter@initech.test\n", None),
        ("email", "ALICE@acme.test ", "An account with this email already exists."),
        ("password", "123456789", "Use 10 to 200 characters."),
        ("password", "x" * 201, "Use 10 to 200 characters."),
    ],
)
def test_register_names_what_is_wrong(app, cast, nobody, field, value, sentence):
    answer = nobody.post("/register", data=NEW | {field: value})
    assert (sentence or "") in answer.text
    assert answer.status_code == (422 if sentence else 303)


def test_register_raced_by_another_of_the_same_name_takes_the_next_slug(app, nobody):
    def register_first():
        other = NEW | {"email": "other@initech.test"}
        assert app.test_client().post("/register", data=other).status_code == 303

    with meanwhile(app, register_first, before="INSERT INTO company"):
        assert nobody.post("/register", data=NEW).status_code == 303
    user = user_by_email(app, "peter@initech.test")
    with app.app_context():
        assert db.session.get(Company, user.company_id).slug == "initech-sohne-2"


def test_sign_in_opens_the_dashboard(cast, nobody):
    answer = nobody.post("/login", data=ALICE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert nobody.get("/").headers["Location"] == INVENTORY


def test_email_is_matched_whatever_its_case(cast, nobody):
    assert nobody.post("/login", data=ALICE | {"email": " Alice@ACME.test"}).status_code == 303


@pytest.mark.parametrize("wrong", [{"password": "wrong password"}, {"email": "eve@acme.test"}])
def test_unknown_email_and_wrong_password_read_the_same(cast, nobody, wrong):
    answer = nobody.post("/login", data=ALICE | wrong)
    assert answer.status_code == 422
    assert "Invalid email or password." in answer.text
    assert nobody.get("/").headers["Location"] == "/login"


@pytest.mark.parametrize("email", ["alice@acme.test", "eve@acme.test", "invited@acme.test"])
def test_every_attempt_costs_one_comparison(app, cast, nobody, monkeypatch, email):
    with app.app_context():
        db.session.add(User(company_id=cast.acme, email="invited@acme.test"))
        db.session.commit()
    compared = []
    # Counted, since the time that it takes cannot be relied on.
    monkeypatch.setattr(auth, "check_password_hash", lambda *args: bool(compared.append(args)))
    nobody.post("/login", data={"email": email, "password": "wrong password"})
    assert len(compared) == 1


def test_member_without_a_password_cannot_sign_in(app, cast, nobody):
    with app.app_context():
        db.session.add(User(company_id=cast.acme, email="invited@acme.test"))
        db.session.commit()
    data = {"email": "invited@acme.test", "password": "the password of nobody"}
    assert nobody.post("/login", data=data).status_code == 422


def test_session_cookie_is_kept_from_scripts_and_other_sites(cast, nobody):
    header = cookie(nobody.post("/login", data=ALICE))
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_session_cookie_is_secure_where_the_site_is(make_app):
    app = make_app(SESSION_COOKIE_SECURE=True)
    answer = app.test_client().post("/register", data=NEW, base_url="https://shop.test")
    assert "; Secure" in cookie(answer)


def test_answers_that_change_no_session_carry_no_cookie(cast, nobody):
    nobody.post("/login", data=ALICE)
    assert "Set-Cookie" not in nobody.get("/").headers


def test_sign_in_starts_a_session_that_shares_nothing_with_the_one_before(cast, nobody):
    with nobody.session_transaction() as before:
        before["planted"] = "by someone else"
        before["csrf_token"] = "known to someone else"
    nobody.post("/login", data=ALICE)
    with nobody.session_transaction() as after:
        assert "planted" not in after
        assert after.get("csrf_token") != "known to someone else"


def test_sign_out_ends_the_session(alice):
    assert alice.post("/logout").status_code == 303
    assert alice.get(INVENTORY).status_code == 302


def test_sign_out_takes_a_post(alice):
    assert alice.get("/logout").status_code == 405


def test_sign_in_lasts_no_longer_than_it_should(app, cast, alice):
    lasts = app.config["SIGN_IN_LASTS"]
    with app.test_request_context():
        identity = db.session.get(User, cast.alice).get_id()
        now = utc_now()
        session["signed_in_at"] = int(now.timestamp())
        assert load_user(identity, now + lasts - timedelta(minutes=1)).id == cast.alice
        assert load_user(identity, now + lasts) is None


def test_ended_sign_in_asks_for_another(alice):
    with alice.session_transaction() as kept:
        kept["signed_in_at"] -= timedelta(days=15).total_seconds()
    assert alice.get(INVENTORY).headers["Location"].startswith("/login?next=")


def test_sign_in_leads_to_what_was_asked_for(cast, nobody):
    asked = nobody.get("/dashboard/inventory?q=blue")
    page = nobody.get(asked.headers["Location"])
    wanted = "/dashboard/inventory?q=blue"
    assert f'name="next" type="hidden" value="{wanted}"' in page.text
    answer = nobody.post("/login", data=ALICE | {"next": wanted})
    assert answer.headers["Location"] == wanted


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "///evil.test/",
        "/\\evil.test/",
        "/\t/evil.test/",
        "\\\\evil.test/",
        "javascript:alert(1)",
        "evil.test",
        " //evil.test",
        "/%0a/evil.test\n",
    ],
)
def test_sign_in_leads_nowhere_else(cast, nobody, alice, target):
    answer = nobody.post("/login", data=ALICE | {"next": target})
    assert answer.headers["Location"] == "/"
    assert alice.get("/login", query_string={"next": target}).headers["Location"] == "/"


@pytest.fixture
def limited(make_app):
    """Distribu with its limits, and the cast."""
    app = make_app(RATELIMIT_ENABLED=True)
    with app.app_context():
        add_cast()
    return app


def guess(app, number: int = 1, address: str = "192.0.2.1", client=None):
    return (client or app.test_client()).post(
        "/login",
        data=ALICE | {"password": f"guess {number}"},
        environ_base={"REMOTE_ADDR": address},
    )


def test_strangers_elsewhere_do_not_lock_the_owner_out(limited):
    for number in range(11):
        guess(limited, number)
    answer = limited.test_client().post("/login", data=ALICE)
    assert answer.status_code == 303


def test_nobody_adds_more_than_twenty_members_an_hour(limited):
    with limited.app_context():
        alice_id = db.session.scalar(db.select(User.id).where(User.name == "alice"))
    alice = signed_in(limited, alice_id)
    data = {"name": "", "email": "mallory@globex.test", "role": "MEMBER"}
    answers = [alice.post("/dashboard/settings/members/new", data=data) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {422}
    unknown = data | {"name": "Carol", "email": "carol@acme.test"}
    for one in (data, unknown):
        answer = alice.post("/dashboard/settings/members/new", data=one)
        assert answer.status_code == 429
        assert "already" not in answer.text


def test_many_strangers_are_slowed_down_together(limited):
    answers = [guess(limited, number, f"192.0.2.{number}") for number in range(101)]
    assert [answer.status_code for answer in answers] == [422] * 100 + [429]


def test_a_browser_that_has_signed_in_lately_is_never_locked_out(limited):
    known = limited.test_client()
    known.post("/login", data=ALICE)
    known.post("/logout")
    for number in range(101):
        guess(limited, number, f"192.0.2.{number}")
    assert limited.test_client().post("/login", data=ALICE).status_code == 429
    assert known.post("/login", data=ALICE).status_code == 303


def test_a_made_up_browser_is_not_known(limited):
    client = limited.test_client()
    client.set_cookie("distribu_known", "WyJhIl0.made.up", path="/login")
    assert [guess(limited, client=client).status_code for _ in range(11)][-1] == 429


def test_a_browser_is_known_to_its_own_accounts_alone(limited):
    client = limited.test_client()
    client.post("/login", data=ALICE | {"email": "mallory@globex.test"})
    client.post("/logout")
    assert [guess(limited, client=client).status_code for _ in range(11)][-1] == 429


def test_sign_ins_failures_and_lockouts_are_logged(limited, caplog):
    caplog.set_level("INFO")
    limited.test_client().post("/login", data=ALICE)
    for _ in range(11):
        guess(limited)
    assert "signed in: " in caplog.text
    assert caplog.text.count("sign-in failed: 'alice@acme.test' from 192.0.2.1") == 10
    assert caplog.text.count("sign-in locked: 'alice@acme.test' from 192.0.2.1") == 1
    assert "guess" not in caplog.text


def test_a_copied_cookie_is_worthless_after_sign_out(cast, nobody, app):
    nobody.post("/login", data=ALICE)
    thief = app.test_client()
    thief.set_cookie("distribu_session", nobody.get_cookie("distribu_session").value)
    assert thief.get("/").headers["Location"] == INVENTORY
    nobody.post("/logout")
    assert thief.get("/").headers["Location"] == "/login"


def test_sign_out_ends_this_browser_alone(cast, nobody, app):
    other = app.test_client()
    for client in (nobody, other):
        client.post("/login", data=ALICE)
    nobody.post("/logout")
    assert other.get("/").headers["Location"] == INVENTORY


def test_an_ended_session_is_remembered_until_it_would_have_expired(cast, nobody, app):
    nobody.post("/login", data=ALICE)
    nobody.post("/logout")
    with app.app_context():
        worker.purge(utc_now() + timedelta(days=89))
        assert db.session.scalar(select(func.count()).select_from(EndedSession)) == 1
        worker.purge(utc_now() + timedelta(days=91))
        assert db.session.scalar(select(func.count()).select_from(EndedSession)) == 0


def test_a_link_used_twice_at_once_sets_one_password(app, cast, nobody):
    path = path_of_link(app, cast.bob)

    def use_it_elsewhere_first():
        answer = app.test_client().post(path, data={"password": "the faster one"})
        assert answer.status_code == 303

    with meanwhile(app, use_it_elsewhere_first, before="UPDATE user"):
        assert nobody.post(path, data={"password": "the slower one"}).status_code == 410
    assert user_by_email(app, "bob@acme.test").has_password("the faster one")


def test_the_database_file_is_its_owners_alone(app, tmp_path):
    assert stat.S_IMODE((tmp_path / "distribu.db").stat().st_mode) == 0o600


def test_one_address_is_refused_an_account_after_ten_wrong_passwords(limited):
    guesses = [guess(limited, number) for number in range(11)]
    assert [guess.status_code for guess in guesses] == [422] * 10 + [429]
    assert re.search(r"Too many attempts\. Try again in 1[45] minutes\.", guesses[-1].text)
    assert 'value="alice@acme.test"' in guesses[-1].text
    assert int(guesses[-1].headers["Retry-After"]) > 60


def test_one_address_is_refused_after_thirty_wrong_passwords(limited):
    emails = [f"{number}@acme.test" for number in range(31)]
    with limited.app_context():
        acme_id = db.session.scalar(select(Company.id).where(Company.slug == "acme"))
        # Without these accounts each guess would cost the full time of a comparison.
        values = {"company_id": acme_id, "password_hash": password_hash()}
        db.session.add_all(User(email=email, **values) for email in emails)
        db.session.commit()
    client = limited.test_client()
    guesses = [client.post("/login", data={"email": one, "password": "guess"}) for one in emails]
    assert [guess.status_code for guess in guesses] == [422] * 30 + [429]


def test_one_time_link_sets_the_password_and_signs_in(app, cast, nobody):
    path = path_of_link(app, cast.bob)
    assert "bob@acme.test" in nobody.get(path).text
    assert nobody.post(path, data={"password": "bob's own password"}).status_code == 303
    assert nobody.get("/").headers["Location"] == INVENTORY
    assert user_by_email(app, "bob@acme.test").has_password("bob's own password")


def test_one_time_link_works_once(app, cast, nobody):
    path = path_of_link(app, cast.bob)
    nobody.post(path, data={"password": "bob's own password"})
    again = app.test_client().post(path, data={"password": "somebody else's"})
    assert again.status_code == 410
    assert user_by_email(app, "bob@acme.test").has_password("bob's own password")


def test_one_time_link_survives_a_password_that_is_too_short(app, cast, nobody):
    path = path_of_link(app, cast.bob)
    assert nobody.post(path, data={"password": "short"}).status_code == 422
    assert nobody.post(path, data={"password": "long enough now"}).status_code == 303


def test_one_time_link_expires_after_seven_days(app, cast):
    token = path_of_link(app, cast.bob).rpartition("/")[2]
    with app.test_request_context():
        assert user_of_link(token, utc_now() + timedelta(days=6)).id == cast.bob
        assert user_of_link(token, utc_now() + timedelta(days=8)) is None


def test_one_time_link_cannot_be_made_up(app, cast, nobody):
    token = path_of_link(app, cast.bob).rpartition("/")[2]
    assert nobody.get(f"/set-password/{token[:-1]}").status_code == 410


def test_new_password_ends_every_session(app, cast, bob, nobody):
    nobody.post(path_of_link(app, cast.bob), data={"password": "bob's own password"})
    assert bob.get("/").headers["Location"] == "/login"


def test_link_names_the_public_address_not_the_host_header(app, cast):
    with app.test_request_context(base_url="http://evil.test"):
        assert password_link(db.session.get(User, cast.bob)).startswith("http://shop.test/")


@pytest.mark.parametrize("path", ["/login", "/register", "/logout"])
def test_post_without_a_token_is_not_carried_out(make_app, path):
    app = make_app(WTF_CSRF_ENABLED=True)
    with app.app_context():
        add_cast()
    client = app.test_client()
    assert client.post(path, data=ALICE | NEW).status_code == 400
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Company)) == 2
    assert client.get("/").headers["Location"] == "/login"


def test_sign_out_without_a_token_changes_nothing(make_app):
    app = make_app(WTF_CSRF_ENABLED=True)
    with app.app_context():
        cast = add_cast()
    alice = signed_in(app, cast.alice)
    alice.post("/logout")
    assert alice.get("/").headers["Location"] == INVENTORY


def test_sign_in_page_of_another_tab_leads_on_once_signed_in(make_app):
    app = make_app(WTF_CSRF_ENABLED=True)
    with app.app_context():
        cast = add_cast()
    answer = signed_in(app, cast.alice).post("/login", data=ALICE | {"next": "/dashboard/orders"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/orders")


def test_a_sign_in_is_counted_under_a_short_name(app):
    with app.test_request_context(method="POST", data={"email": "a" * 100_000}):
        assert len(auth.account_named()) < 300
