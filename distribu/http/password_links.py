"""One-time links with which people set their password."""

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
    """Return an absolute URL to set the user's password: valid for seven days and one use."""
    # The identity contains the session token, which a new password renews.
    token = _link_serializer().dumps(user.get_id())
    base: str = current_app.config["PUBLIC_URL"]
    return base + url_for("auth.set_password", token=token)


def user_of_link(token: str, now: datetime | None = None) -> User | None:
    """Return the user whose password the link sets; None if it was used, replaced or expired."""
    try:
        identity, made_at = _link_serializer().loads(token, return_timestamp=True)
    except BadData:
        return None
    return user_with_identity(identity) if (now or utc_now()) - made_at < LINK_LASTS else None


def use_link(user: User, password: str, email: str | None = None) -> bool:
    """Set the password and end all sessions; return False if the link was used meanwhile.

    email: the sign-in email of a member who is joining. If several windows
    use the same link, the UPDATE decides by the token in it. The caller
    commits. Raises IntegrityError if another account has the email.
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
