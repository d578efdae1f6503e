"""Create, list and revoke API keys; a key is shown only once."""

import secrets
from datetime import timedelta

from flask import current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from .. import audit
from ..extensions import db
from ..forms.account import ApiKeyForm
from ..forms.interrupted import is_resumed, resumable
from ..http.tenancy import company_row_or_404, managers_only
from ..models import PREFIX_LENGTH, ApiKey, utc_now
from .blueprint import bp

_READING = {
    "products:read": "/api/v1/products?limit=5",
    "orders:read": "/api/v1/orders?limit=5",
}
CREATED = "API key created! Copy it now — you won't see it again."


@bp.get("/api-keys")
@managers_only
def list_api_keys():
    """List the company's keys, newest first."""
    keys = db.session.scalars(
        select(ApiKey)
        .where(ApiKey.company_id == g.company.id)
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    ).all()
    return render_template("settings/api_keys.html", keys=keys, now=utc_now(), question=_question)


@bp.route("/api-keys/new", methods=["GET", "POST"])
@resumable
@managers_only
def create_api_key():
    """Create a key and show its text, which is never shown again."""
    form = ApiKeyForm()
    if is_resumed() or not form.is_submitted():
        return _form_page(form)
    if not form.validate():
        return _form_page(form, 422)
    secret = f"dk_{secrets.token_urlsafe(32)}"
    key = _add_key(form, secret)
    after = {"name": key.name, "prefix": key.prefix, "scopes": key.scopes}
    if key.expires_at:
        after["expires_at"] = key.expires_at.isoformat()
    audit.record("api_key.created", "ApiKey", key.id, after=after)
    db.session.commit()
    command = _first_request(key, secret)
    return render_template(
        "settings/new_api_key.html", key=key, secret=secret, sentence=CREATED, command=command
    )


@bp.get("/api-keys/<key_id>/revoke")
@managers_only
def confirm_revoke(key_id: str):
    """Ask for confirmation, for browsers without JavaScript."""
    key = company_row_or_404(ApiKey, key_id)
    back = url_for("settings.list_api_keys")
    return render_template("confirm.html", **_question(key), cancel_url=back)


@bp.post("/api-keys/<key_id>/revoke")
@managers_only
def revoke_api_key(key_id: str):
    """Revoke the key, so that it no longer works."""
    key = company_row_or_404(ApiKey, key_id)
    if key.revoked_at is None:
        key.revoked_at = utc_now()
        about = {"name": key.name, "prefix": key.prefix}
        audit.record("api_key.revoked", "ApiKey", key.id, before=about)
        db.session.commit()
        flash(f"{key.name} is revoked.", "success")
    return redirect(url_for("settings.list_api_keys"), 303)


def _add_key(form: ApiKeyForm, secret: str) -> ApiKey:
    now = utc_now()
    days = int(form.expiry.data)
    key = ApiKey(
        company_id=g.company.id,
        created_by_id=current_user.id,
        name=form.name.data,
        prefix=secret[:PREFIX_LENGTH],
        key_sha256=ApiKey.digest(secret),
        scopes=form.scopes.data,
        expires_at=now + timedelta(days=days) if days else None,
        created_at=now,
    )
    db.session.add(key)
    db.session.flush()
    return key


def _first_request(key: ApiKey, secret: str) -> str:
    """Return a curl command that this key is allowed to run, and that changes nothing."""
    readable = (path for scope, path in _READING.items() if scope in key.scopes)
    # Any key may read its own company.
    path = next(readable, "/1.0/authorization/website")
    url = current_app.config["PUBLIC_URL"] + path
    return f'curl -H "Authorization: Bearer {secret}" "{url}"'


def _question(key: ApiKey) -> dict:
    return {
        "title": f"Revoke {key.name}?",
        "text": "Anything using this key will stop working. This cannot be undone.",
        "action": url_for("settings.revoke_api_key", key_id=key.id),
        "confirm_label": "Revoke",
    }


def _form_page(form: ApiKeyForm, status: int = 200) -> ResponseReturnValue:
    return render_template("settings/create_api_key.html", form=form), status
