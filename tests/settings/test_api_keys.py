"""API keys: told once, kept as a hash, revoked for good."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.models import ApiKey, AuditEntry, User, utc_now
from tests.api.conftest import add_key as add_usable_key
from tests.conftest import add_cast, signed_in

KEYS = "/dashboard/settings/api-keys"
NEW = {"name": "ERP", "scopes": ["products:read", "orders:write"], "expiry": "90"}


def key_in(answer) -> str:
    """The key that the page shows."""
    return re.search(r'value="(dk_[^"]+)"', answer.text).group(1)


def only_key() -> ApiKey:
    return db.session.scalars(select(ApiKey)).one()


def add_key(company_id: str, **values) -> str:
    """The id of a committed key of the company."""
    given = {"name": "ERP", "prefix": "dk_123456789", "key_sha256": "0" * 64, "scopes": []}
    key = ApiKey(company_id=company_id, **given | values)
    db.session.add(key)
    db.session.commit()
    return key.id


def test_key_is_shown_once(alice):
    answer = alice.post(f"{KEYS}/new", data=NEW)
    assert "API key created! Copy it now — you won&#39;t see it again." in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    secret = key_in(answer)
    assert secret not in alice.get(KEYS).text
    assert secret[:12] in alice.get(KEYS).text


def test_key_is_dk_and_32_random_bytes(alice):
    assert re.fullmatch(r"dk_[A-Za-z0-9_-]{43}", key_in(alice.post(f"{KEYS}/new", data=NEW)))


def test_only_the_hash_of_a_key_is_kept(app, cast, alice):
    secret = key_in(alice.post(f"{KEYS}/new", data=NEW))
    with app.app_context():
        key = only_key()
        assert key.key_sha256 == ApiKey.digest(secret)
        assert (key.prefix, key.company_id, key.created_by_id) == (
            secret[:12],
            cast.acme,
            cast.alice,
        )
        assert key.scopes == ["products:read", "orders:write"]


@pytest.mark.parametrize(("expiry", "days"), [("0", None), ("30", 30), ("90", 90), ("365", 365)])
def test_key_expires_as_chosen(app, alice, expiry, days):
    alice.post(f"{KEYS}/new", data=NEW | {"expiry": expiry})
    with app.app_context():
        key = only_key()
        lasts = key.expires_at and key.expires_at - key.created_at
        assert lasts == (timedelta(days=days) if days else None)


def test_only_products_read_is_preselected(alice):
    page = alice.get(f"{KEYS}/new").text
    checked = re.findall(r"<input checked[^>]*value=\"([^\"]+)\"", page)
    assert checked == ["products:read"]
    assert "Allows uploads of images through the commerce API." in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "Enter a name for the key."),
        ({"name": "x" * 101}, "Key name can have at most 100 characters."),
        ({"scopes": []}, "Choose at least one permission."),
        ({"scopes": ["everything"]}, "Choose from the list of permissions."),
        ({"expiry": "3650"}, "Not a valid choice"),
    ],
)
def test_refused_key_is_not_created(app, alice, wrong, sentence):
    answer = alice.post(f"{KEYS}/new", data=NEW | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ApiKey)) == 0


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "Active"),
        ({"expires_at": utc_now() - timedelta(days=1)}, "Expired"),
        ({"expires_at": utc_now() + timedelta(days=1)}, "Active"),
        ({"revoked_at": utc_now()}, "Revoked"),
    ],
)
def test_list_tells_the_status(app, cast, alice, values, status):
    with app.app_context():
        add_key(cast.acme, **values)
    assert re.findall(r'badge badge-\w+">(\w+)<', alice.get(KEYS).text) == [status]


def test_list_has_the_documented_columns(app, cast, alice):
    with app.app_context():
        add_key(cast.acme)
    columns = re.findall(r'<th scope="col">([A-Z][\w ]+)</th>', alice.get(KEYS).text)
    assert columns == ["Name", "Prefix", "Scopes", "Last used", "Created", "Status"]


def test_list_without_keys_leads_to_the_first(alice):
    assert "+ Create API key" in alice.get(KEYS).text


def test_list_shows_no_keys_of_others(app, cast, mallory):
    with app.app_context():
        add_key(cast.acme, name="Acme's own")
    assert "Acme&#39;s own" not in mallory.get(KEYS).text


def test_revoked_key_stays_revoked(app, cast, alice):
    with app.app_context():
        key_id = add_key(cast.acme)
    assert alice.post(f"{KEYS}/{key_id}/revoke").status_code == 303
    with app.app_context():
        revoked_at = only_key().revoked_at
        assert revoked_at is not None
    alice.post(f"{KEYS}/{key_id}/revoke")
    with app.app_context():
        assert only_key().revoked_at == revoked_at
        actions = db.session.scalars(select(AuditEntry.action)).all()
        assert actions == ["api_key.revoked"]


def test_revoking_asks_first(app, cast, alice):
    with app.app_context():
        key_id = add_key(cast.acme)
    page = alice.get(f"{KEYS}/{key_id}/revoke")
    assert f'action="{KEYS}/{key_id}/revoke"' in page.text
    with app.app_context():
        assert only_key().revoked_at is None


def test_audit_entry_of_a_key_does_not_tell_it(app, alice):
    secret = key_in(alice.post(f"{KEYS}/new", data=NEW))
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.after["name"]) == ("api_key.created", "ERP")
        assert secret not in str(entry.after)


def test_admin_creates_keys(app, cast):
    with app.app_context():
        db.session.get(User, cast.bob).role = "ADMIN"
        db.session.commit()
    assert "API key created!" in signed_in(app, cast.bob).post(f"{KEYS}/new", data=NEW).text


def test_member_creates_no_key(app, bob):
    assert bob.post(f"{KEYS}/new", data=NEW).status_code == 403
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ApiKey)) == 0


def test_key_needs_a_token_of_this_session(make_app):
    app = make_app(WTF_CSRF_ENABLED=True)
    with app.app_context():
        cast = add_cast()
    signed_in(app, cast.alice).post(f"{KEYS}/new", data=NEW)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ApiKey)) == 0


@pytest.mark.parametrize(
    ("scopes", "path"),
    [
        (["products:read", "images:write"], "/api/v1/products?limit=5"),
        (["orders:read", "orders:write"], "/api/v1/orders?limit=5"),
        (["images:write"], "/1.0/authorization/website"),
    ],
)
def test_new_key_comes_with_a_first_request_that_works(app, alice, nobody, scopes, path):
    page = alice.post(f"{KEYS}/new", data=NEW | {"scopes": scopes}).text
    found = re.search(r'curl -H "([^"]+): ([^"]+)" "http://shop.test([^"]+)"', unescape(page))
    assert found[3] == path
    assert nobody.get(found[3], headers={found[1]: found[2]}).status_code == 200


@pytest.mark.parametrize("page", ["/api/v1/docs", "/commerce/docs"])
def test_documents_are_linked_where_keys_are_made_and_lead_back(alice, page):
    made = alice.post(f"{KEYS}/new", data=NEW).text
    assert f'href="{page}"' in made
    assert f'href="{page}"' in alice.get(KEYS).text
    assert f'href="{KEYS}"' in alice.get(page).text


def test_list_shows_when_and_from_where_a_key_was_used(app, cast, alice):
    secret = add_usable_key(app, cast.acme, cast.alice)
    assert "Never" in alice.get(KEYS).text
    address = {"REMOTE_ADDR": "2001:db8::7"}
    headers = {"Authorization": f"Bearer {secret}"}
    app.test_client().get("/api/v1/products", headers=headers, environ_base=address)
    assert "from 2001:db8::7" in alice.get(KEYS).text
