"""Company settings, one's own name and email, and the operator's way to a new password."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import AuditEntry, Company, Order, User
from distribu.models.currencies import CURRENCIES
from tests.conftest import PASSWORD, add_product

COMPANY = "/dashboard/settings/company"
PROFILE = "/dashboard/settings/profile"


def company(app, cast) -> tuple[str, str, str]:
    with app.app_context():
        found = db.session.get(Company, cast.acme)
        return found.name, found.slug, found.currency


def entries(app) -> list[tuple]:
    with app.app_context():
        found = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.action, entry.before, entry.after) for entry in found]


def test_a_company_changes_its_name_and_currency(app, cast, alice):
    with app.app_context():
        add_product(cast.acme, name="Widget", price_minor=1250)
    assert "$12.50" in alice.get("/dashboard/inventory").text
    answer = alice.post(COMPANY, data={"name": " Acme & Sons ", "currency": "EUR"})
    assert (answer.status_code, answer.location) == (303, COMPANY)
    assert company(app, cast) == ("Acme & Sons", "acme", "EUR")
    assert "€12.50" in alice.get("/dashboard/inventory").text
    assert "€12.50" in alice.get("/store/acme/catalog").text
    before = {"name": "Acme", "currency": "USD"}
    after = {"name": "Acme & Sons", "currency": "EUR"}
    assert entries(app) == [("company.updated", before, after)]


def test_an_order_keeps_its_currency_when_the_company_changes_its_own(app, cast, alice):
    with app.app_context():
        order = Order(company_id=cast.acme, number=1, submit_token="x", total_minor=1250)
        db.session.add(order)
        db.session.commit()
    alice.post(COMPANY, data={"name": "Acme", "currency": "EUR"})
    assert "$12.50" in alice.get("/dashboard/orders").text


def test_a_placed_order_has_the_currency_of_its_company(app, cast, alice):
    alice.post(COMPANY, data={"name": "Acme", "currency": "CHF"})
    with app.app_context():
        product_id = add_product(cast.acme, stock=5).id
    posted = {f"quantity-{product_id}": "1", "place": "1"}
    location = alice.post("/dashboard/orders/new", data=posted).location
    assert "CHF 9.99" in alice.get(location).text


def test_saving_what_is_saved_leaves_no_entry(app, alice):
    assert alice.post(COMPANY, data={"name": "Acme", "currency": "USD"}).status_code == 303
    assert entries(app) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "Enter your company&#39;s name."),
        ({"name": "n" * 201}, "Company name can have at most 200 characters."),
        ({"currency": "XXX"}, "Not a valid choice."),
        ({"currency": "KWD"}, "Not a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(app, cast, alice, changes, sentence):
    answer = alice.post(COMPANY, data={"name": "Acme", "currency": "EUR"} | changes)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert company(app, cast) == ("Acme", "acme", "USD")


def test_only_managers_change_the_company(app, cast, bob, nobody):
    posted = {"name": "Bob's", "currency": "EUR"}
    assert (bob.get(COMPANY).status_code, bob.post(COMPANY, data=posted).status_code) == (403, 403)
    assert nobody.post(COMPANY, data=posted).status_code == 401
    assert company(app, cast) == ("Acme", "acme", "USD")


def test_currencies_are_codes_of_three_letters_in_order():
    assert list(CURRENCIES) == sorted(CURRENCIES)
    assert all(re.fullmatch("[A-Z]{3}", code) for code in CURRENCIES)


def own(app, user_id) -> tuple[str, str]:
    with app.app_context():
        user = db.session.get(User, user_id)
        return user.name, user.email


def test_a_name_changes_without_the_password(app, cast, bob):
    answer = bob.post(PROFILE, data={"name": "Bob B.", "email": "BOB@acme.test"})
    assert answer.status_code == 303
    assert own(app, cast.bob) == ("Bob B.", "bob@acme.test")
    assert entries(app) == [("user.updated", {"name": "bob"}, {"name": "Bob B."})]


def test_an_email_changes_with_the_password(app, cast, bob, nobody):
    posted = {"name": "bob", "email": "New@acme.test", "password": PASSWORD}
    assert bob.post(PROFILE, data=posted).status_code == 303
    assert own(app, cast.bob) == ("bob", "new@acme.test")
    answer = nobody.post("/login", data={"email": "new@acme.test", "password": PASSWORD})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": "new@acme.test"}, "Enter your current password to change your email."),
        ({"email": "new@acme.test", "password": "wrong"}, "Enter your current password"),
        ({"email": "mallory@globex.test", "password": PASSWORD}, "An account with this"),
        ({"email": "nonsense", "password": PASSWORD}, "Enter an email address."),
        ({"name": ""}, "Enter your name."),
    ],
)
def test_a_refused_profile_keeps_what_was_typed(app, cast, bob, changes, sentence):
    typed = {"name": "Typed", "email": "bob@acme.test"} | changes
    answer = bob.post(PROFILE, data=typed)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert f'value="{typed["email"]}"' in answer.text
    assert own(app, cast.bob) == ("bob", "bob@acme.test")


def test_the_operator_makes_a_link_for_a_forgotten_password(app, cast, bob):
    result = app.test_cli_runner().invoke(args=["users", "reset", " Bob@acme.test"])
    assert result.exit_code == 0
    path = result.output.strip().removeprefix("http://shop.test")
    assert bob.get("/dashboard/inventory").status_code == 302
    client = app.test_client()
    assert client.post(path, data={"password": "bob's next password"}).status_code == 303
    with app.app_context():
        assert db.session.get(User, cast.bob).has_password("bob's next password")
    assert client.get(path).status_code == 410


def test_the_operator_is_told_of_an_unknown_email(app, cast):
    result = app.test_cli_runner().invoke(args=["users", "reset", "nobody@acme.test"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: No account has the email nobody@acme.test.\n",
    )


def test_the_sign_in_page_says_what_to_do_about_a_forgotten_password(nobody):
    shown = nobody.get("/login").text
    assert "Forgot your password?" in shown
    assert "flask users reset" in shown


def test_times_have_one_format_with_their_zone(app, cast, alice):
    at = datetime(2026, 3, 9, 8, 5, tzinfo=UTC)
    with app.app_context():
        values = {"number": 1, "submit_token": "x", "total_minor": 1, "created_at": at}
        db.session.add(Order(company_id=cast.acme, **values))
        values = {"actor_type": "SYSTEM", "actor_name": "x", "action": "order.created"}
        of_order = {"entity_type": "Order", "entity_id": "x", "created_at": at}
        db.session.add(AuditEntry(company_id=cast.acme, **values, **of_order))
        db.session.get(User, cast.bob).created_at = at
        db.session.commit()
    shown = '<time datetime="2026-03-09T08:05:00+00:00">9 Mar 2026, 08:05 UTC</time>'
    for path in ("orders", "settings/audit"):
        assert shown in alice.get(f"/dashboard/{path}").text
    assert ">9 Mar 2026</time>" in alice.get("/dashboard/settings/members").text
