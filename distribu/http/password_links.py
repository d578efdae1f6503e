"""The one-time link by which a person sets a password."""

from datetime import datetime, timedelta

from flask import current_app, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.security import generate_password_hash

from ..extensions import db
from ..models import User, new_token, utc_now
from ..models.compare_and_set import compare_and_set
from .sessions import user_with_identity

LINK_LASTS = timedelta(days=7)


def password_link(user: User) -> str:
    """An absolute URL to set user's password: good for seven days, for one use."""
    # The identity carries the session token, which a new password renews.
    token = _link_serializer().dumps(user.get_id())
    base: str = current_app.config["PUBLIC_URL"]
    return base + url_for("auth.set_password", token=token)


def user_of_link(token: str, now: datetime | None = None) -> User | None:
    """Return the user whose password the link sets; None if it is used, replaced or expired."""
    try:
        identity, made_at = _link_serializer().loads(token, return_timestamp=True)
    except BadData:
        return None
    return user_with_identity(identity) if (now or utc_now()) - made_at < LINK_LASTS else None


def use_link(user: User, password: str, email: str | None = None) -> bool:
    """Make password the only valid one; return False where the link was used meanwhile.

    email: to sign in with from now on, of a member who joins. Of several
    windows with the same link one wins: the UPDATE decides, by the token
    that the link carries. For the caller to commit. Raises IntegrityError
    where another account has the email.
    """
    joining = {"email": email, "invited_email": None} if email else {}
    is_changed = compare_and_set(
        User,
        user.id,
        User.session_token == user.session_token,
        password_hash=generate_password_hash(password),
        session_token=new_token(),
        **joining,
    )
    db.session.expire(user)
    return is_changed


def _link_serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="set-password")
