"""Begin and end sign-in sessions."""

import secrets
from datetime import datetime

from flask import current_app, g, session
from flask_login import login_user

from ..extensions import db, login
from ..models import REMOVED, EndedSession, User, utc_now

# No view depends on a fresh sign-in, and an IP address may change while traveling.
login.session_protection = None


def begin_session(user: User, now: datetime | None = None) -> None:
    """Sign this browser in as user, in a session that keeps nothing of the old one."""
    session.clear()
    # Flask-WTF caches this request's token, which belongs to the old session.
    g.pop("csrf_token", None)
    login_user(user)
    session.permanent = True
    session["id"] = secrets.token_urlsafe(32)
    session["signed_in_at"] = int((now or utc_now()).timestamp())


def end_session(now: datetime | None = None) -> None:
    """Sign this browser out and invalidate every copy of its cookie. Commits."""
    user = user_with_identity(session.get("_user_id", ""))
    if session_id := session.get("id"):
        lasts = current_app.config["PERMANENT_SESSION_LIFETIME"]
        # merge(), because two tabs may sign out at once.
        db.session.merge(EndedSession(id=session_id, expires_at=(now or utc_now()) + lasts))
    elif user:
        # A session of an earlier release has no id, so end all sessions of this user.
        user.end_sessions()
    db.session.commit()
    session.clear()


# Flask-Login has no types.
@login.user_loader  # type: ignore[untyped-decorator]
def load_user(identity: str, now: datetime | None = None) -> User | None:
    """Return the user of this session, or None if the session is over."""
    lasts = current_app.config["SIGN_IN_LASTS"].total_seconds()
    if (now or utc_now()).timestamp() >= session.get("signed_in_at", 0) + lasts:
        return None
    return None if _is_ended() else user_with_identity(identity)


def user_of_lapsed_session() -> User | None:
    """Return the user whose sign-in has merely expired, so that an open form can be kept.

    None if the session was ended: by signing out, here or everywhere, by a
    new password, or by removal of the member.
    """
    user = user_with_identity(session.get("_user_id", ""))
    return user if user and user.role != REMOVED and not _is_ended() else None


def user_with_identity(identity: str) -> User | None:
    user = db.session.get(User, identity.partition(".")[0])
    return user if user and user.get_id() == identity else None


def _is_ended() -> bool:
    session_id = session.get("id")
    return session_id is not None and db.session.get(EndedSession, session_id) is not None
