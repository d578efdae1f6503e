"""A sign-in that ended while a form was open: nothing is done, and nothing typed is lost."""

import json
import re
from html import unescape
from io import BytesIO

import pytest
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.forms import interrupted
from distribu.forms.interrupted import MOST_CHARACTERS, InterruptedForm
from distribu.images.decoding.sandbox import SandboxBusy
from distribu.models import ApiKey, Image, Product, User
from tests.conftest import PASSWORD, Cast, add_cast, add_product, signed_in
from tests.flaky_sandbox import make_flaky
from tests.images.image_files import png

NEW = "/dashboard/inventory/new"
ALICE = {"email": "alice@acme.test", "password": PASSWORD}
TYPED = {
    "name": 'Blue "widget" & co',
    "description": "First line\nSecond line",
    "category": "Widgets",
    "unit": "case",
    "price": "12.50",
    "stock": "7",
}


@pytest.fixture
def app(make_app):
    """Distribu as it runs: every form needs a token of its session."""
    return make_app(WTF_CSRF_ENABLED=True)


def token(page) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)


def hidden(page) -> dict[str, str]:
    """The hidden fields of a page, by name."""
    inputs = re.findall(r'<input[^>]*type="hidden"[^>]*>', page.text)
    pairs = (
        (re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs
    )
    return {name.group(1): unescape(value.group(1)) for name, value in pairs}


def posted(client, path: str, values: dict, **kwargs):
    """The answer to a form whose page this client has just opened."""
    return client.post(path, data=values | {"csrf_token": token(client.get(path))}, **kwargs)


def let_sign_in_end(client) -> None:
    with client.session_transaction() as session:
        session["signed_in_at"] = 0


def answer_after_end(client, values: dict, path: str = NEW, **kwargs):
    """Return the response to a form whose sign-in has ended since it was opened."""
    values = values | {"csrf_token": token(client.get(path))}
    let_sign_in_end(client)
    return client.post(path, data=values, **kwargs)


def sign_in_again(client, page, who: dict = ALICE):
    return client.post("/login", data=hidden(page) | who)


def back(client, page):
    """Press "Back to your form"."""
    action = unescape(re.search(r'method="post" action="([^"]+)"', page.text).group(1))
    return client.post(action, data=hidden(page))


def count(app, model) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model))


def test_form_of_an_ended_sign_in_comes_back_as_it_was(app, cast, alice):
    asked = answer_after_end(alice, TYPED)
    assert asked.status_code == 401
    assert "what you filled in is there again" in asked.text
    again = sign_in_again(alice, asked)
    assert "You are signed in again" in again.text
    form = back(alice, again)
    assert form.status_code == 200
    for text in ("Blue &#34;widget&#34; &amp; co", "First line\nSecond line", "Widgets", "12.50"):
        assert text in form.text.replace("\r\n", "\n")
    assert count(app, Product) == 0


def test_form_that_came_back_can_be_saved(app, cast, alice):
    form = back(alice, sign_in_again(alice, answer_after_end(alice, TYPED)))
    answer = alice.post(NEW, data=TYPED | {"csrf_token": token(form)})
    assert answer.status_code == 303
    assert count(app, Product) == 1


def test_form_survives_a_wrong_password(cast, alice):
    asked = answer_after_end(alice, TYPED)
    refused = sign_in_again(alice, asked, ALICE | {"password": "wrong"})
    assert "Back to your form" in sign_in_again(alice, refused).text


def test_form_of_a_product_comes_back_to_its_own_address(app, cast, alice):
    with app.app_context():
        product_id = add_product(cast.acme, name="Old name").id
    path = f"/dashboard/inventory/{product_id}/edit"
    asked = answer_after_end(alice, TYPED, path)
    form = back(alice, sign_in_again(alice, asked))
    assert "Blue &#34;widget&#34; &amp; co" in form.text
    with app.app_context():
        assert db.session.get(Product, product_id).name == "Old name"


def test_password_fields_are_not_kept(cast, alice):
    asked = answer_after_end(alice, TYPED | {"new_password": "secret of alice"})
    assert "secret of alice" not in asked.text


def test_form_too_large_to_keep_is_not_kept(cast, alice):
    asked = answer_after_end(alice, TYPED | {"description": "x" * MOST_CHARACTERS})
    assert asked.status_code == 401
    assert hidden(asked)["kept"] == ""


def test_image_of_that_very_post_is_kept(app, cast, alice):
    image = {"image": (png(64, 48), "blue.png")}
    asked = answer_after_end(alice, TYPED | image, content_type="multipart/form-data")
    with app.app_context():
        image = db.session.scalars(select(Image)).one()
        assert (image.company_id, image.is_staged) == (cast.acme, True)
        image_id = image.id
    form = back(alice, sign_in_again(alice, asked))
    assert f'value="{image_id}"' in form.text
    assert f"/images/{image_id}/" in form.text


@pytest.mark.parametrize("change", ["end_sessions", "set_password"])
def test_who_was_signed_out_everywhere_stages_nothing(app, cast, alice, change):
    csrf_token = token(alice.get(NEW))
    with app.app_context():
        user = db.session.get(User, cast.alice)
        {"end_sessions": user.end_sessions, "set_password": lambda: user.set_password(PASSWORD)}[
            change
        ]()
        db.session.commit()
    values = TYPED | {"csrf_token": csrf_token, "image": (png(64, 48), "blue.png")}
    asked = alice.post(NEW, data=values)
    # What was typed comes back to whoever signs in; the image has to be chosen again.
    kept = json.loads(unescape(hidden(asked)["kept"]))
    assert (["name", TYPED["name"]] in kept["fields"], kept["is_image_lost"]) == (True, True)
    assert count(app, Image) == 0


def test_who_was_signed_out_long_ago_stages_no_more_than_an_hours_worth(make_app, monkeypatch):
    # A limit that the test can reach.
    monkeypatch.setattr(interrupted, "LAPSED_LIMIT", "1 per hour")
    app = make_app(WTF_CSRF_ENABLED=True, RATELIMIT_ENABLED=True)
    with app.app_context():
        cast = add_cast()
    for _ in range(2):
        alice = signed_in(app, cast.alice)
        answer_after_end(alice, TYPED | {"image": (png(64, 48), "blue.png")})
    assert count(app, Image) == 1


def test_image_of_a_removed_member_is_not_kept(app, cast, bob):
    csrf_token = token(bob.get(NEW))
    with app.app_context():
        db.session.get(User, cast.bob).leave()
        db.session.commit()
    bob.post(NEW, data=TYPED | {"csrf_token": csrf_token, "image": (png(64, 48), "blue.png")})
    assert count(app, Image) == 0


@pytest.mark.parametrize("content", [b"no image at all", png(640, 480).read()[:-200]])
def test_image_that_is_no_good_has_to_be_chosen_again(app, cast, alice, content):
    asked = answer_after_end(alice, TYPED | {"image": (BytesIO(content), "blue.png")})
    again = sign_in_again(alice, asked)
    assert "The image could not be kept: please choose it again." in again.text
    assert count(app, Image) == 0


def test_image_that_no_child_has_time_for_has_to_be_chosen_again(app, cast, alice):
    make_flaky(app, "publish", SandboxBusy("no decoding process was free"))
    asked = answer_after_end(alice, TYPED | {"image": (png(8, 8), "new.png")})
    again = sign_in_again(alice, asked)
    assert "The image could not be kept: please choose it again." in again.text


def test_image_of_nobody_known_has_to_be_chosen_again(app, cast, nobody):
    asked = nobody.post(NEW, data=TYPED | {"image": (png(64, 48), "blue.png")})
    assert asked.status_code == 401
    again = sign_in_again(nobody, asked)
    assert "The image could not be kept: please choose it again." in again.text
    assert count(app, Image) == 0


def test_empty_file_part_is_no_lost_image(cast, alice):
    asked = answer_after_end(alice, TYPED | {"image": (BytesIO(), "")})
    assert "could not be kept" not in sign_in_again(alice, asked).text


def test_form_comes_back_after_another_tab_signed_in_again(app, cast, alice):
    values = TYPED | {"csrf_token": token(alice.get(NEW)), "image": (png(64, 48), "blue.png")}
    alice.post("/logout", data={"csrf_token": values["csrf_token"]})
    alice.post("/login", data=ALICE | {"csrf_token": token(alice.get("/login"))})
    page = alice.post(NEW, data=values)
    assert page.status_code == 400
    assert count(app, Product) == 0
    form = back(alice, page)
    assert "Widgets" in form.text
    with app.app_context():
        assert db.session.scalars(select(Image.id)).one() in form.text


def test_image_of_another_company_is_not_found_by_the_form(app, cast, alice):
    asked = answer_after_end(alice, TYPED | {"image": (png(64, 48), "blue.png")})
    mallory = {"email": "mallory@globex.test", "password": PASSWORD}
    form = back(alice, sign_in_again(alice, asked, mallory))
    with app.app_context():
        image_id = db.session.scalars(select(Image.id)).one()
    assert f"/images/{image_id}/" not in form.text


def test_change_that_was_only_pressed_is_not_repeated_by_itself(app, cast, alice):
    with app.app_context():
        product_id = add_product(cast.acme).id
    delete = f"/dashboard/inventory/{product_id}/delete"
    csrf_token = token(alice.get(delete))
    let_sign_in_end(alice)
    origin = {"Referer": f"http://localhost{delete}"}
    asked = alice.post(delete, data={"csrf_token": csrf_token}, headers=origin)
    assert asked.status_code == 401
    assert "nothing was changed" in asked.text
    assert sign_in_again(alice, asked).headers["Location"] == delete
    assert count(app, Product) == 1


def test_form_of_another_site_is_not_shown_again(app, cast, alice):
    headers = {"Origin": "https://evil.test"}
    unsigned = app.test_client().post(NEW, data=TYPED, headers=headers)
    assert (unsigned.status_code, unsigned.headers["Location"]) == (303, "/login")
    assert "Set-Cookie" not in unsigned.headers
    signed = alice.post(NEW, data=TYPED, headers=headers)
    assert signed.status_code == 400
    assert "Widgets" not in signed.text


@pytest.mark.parametrize(("header", "status"), [("Origin", 303), ("Referer", 401)])
def test_what_is_no_address_is_no_page_of_ours(nobody, header, status):
    asked = nobody.post(NEW, data=TYPED, headers={header: "http://["})
    assert asked.status_code == status


@pytest.mark.parametrize(
    "kept",
    [
        "nonsense",
        "[]",
        json.dumps({"action": "https://evil.test/", "fields": []}),
        json.dumps({"action": "//evil.test/dashboard/inventory/new", "fields": []}),
        json.dumps({"action": "/dashboard/inventory/1/delete", "fields": []}),
        json.dumps({"action": "/nowhere", "fields": []}),
        json.dumps({"action": NEW, "fields": [["one"]]}),
        json.dumps({"action": 7, "fields": []}),
        json.dumps({"action": NEW}),
        json.dumps({"action": NEW, "fields": [["name", "\ud800"]]}),
        "[" * 200_000,
    ],
)
def test_what_was_not_kept_here_is_no_form(app, kept):
    with app.test_request_context():
        assert InterruptedForm.loads(kept) is None


def test_kept_form_is_read_as_it_was_written(app):
    kept = InterruptedForm(f"{NEW}?category=a", [["name", "x"], ["name", "y"]], True)
    with app.test_request_context():
        assert InterruptedForm.loads(kept.dumps()) == kept


def test_kept_form_brings_no_token_of_its_own(app):
    kept = InterruptedForm(NEW, [["csrf_token", "x"], ["resume", "0"], ["name", "y"]])
    with app.test_request_context():
        assert InterruptedForm.loads(kept.dumps()).fields == [["name", "y"]]


def test_api_key_form_comes_back_without_a_key(app, cast, alice):
    path = "/dashboard/settings/api-keys/new"
    values = {"name": "ERP", "scopes": ["orders:read"], "expiry": "30"}
    form = back(alice, sign_in_again(alice, answer_after_end(alice, values, path)))
    assert 'value="ERP"' in form.text
    assert re.search(r'<input checked[^>]*value="orders:read"', form.text)
    assert count(app, ApiKey) == 0


def test_member_form_comes_back_without_a_member(app, cast, alice):
    path = "/dashboard/settings/members/new"
    values = {"name": "Carol", "email": "carol@acme.test", "role": "ADMIN"}
    form = back(alice, sign_in_again(alice, answer_after_end(alice, values, path)))
    assert 'value="carol@acme.test"' in form.text
    assert count(app, User) == 3


def test_htmx_is_told_to_sign_in_elsewhere(app, cast, alice):
    page = alice.get(NEW)
    let_sign_in_end(alice)
    answer = alice.post(
        "/dashboard/inventory/image/preview",
        data={"csrf_token": token(page)},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 401
    assert "You were signed out." in answer.text
    assert 'target="_blank"' in answer.text
    # What was chosen stays where it is.
    assert answer.headers["HX-Retarget"] == "#toasts"
    assert "<html" not in answer.text


def test_htmx_gets_the_token_that_its_page_lacks(app, cast, alice):
    preview = "/dashboard/inventory/image/preview"
    old = {"csrf_token": "of an earlier sign-in", "image": (png(64, 48), "blue.png")}
    answer = alice.post(preview, data=old, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert count(app, Image) == 0
    renewed = json.loads(answer.headers["HX-Trigger"])["csrf-renewed"]["token"]
    values = {"csrf_token": renewed, "image": (png(64, 48), "blue.png")}
    assert alice.post(preview, data=values, headers={"HX-Request": "true"}).status_code == 200


@pytest.fixture
def cast(app) -> Cast:
    with app.app_context():
        return add_cast()


def test_every_form_of_the_dashboard_needs_a_token(app, cast):
    client = signed_in(app, cast.alice)
    answer = client.post(NEW, data=TYPED)
    assert answer.status_code == 400
    assert count(app, Product) == 0
