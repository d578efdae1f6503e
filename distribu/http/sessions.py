"""Who is signed in: how a session begins and how it ends."""

from datetime import datetime

from flask import current_app, g, session
from flask_login import login_user

from ..extensions import db, login
from ..models import REMOVED, User, utc_now

# Nothing here asks how fresh a sign-in is, and an address may change on a train.
login.session_protection = None


def begin_session(user: User, now: datetime | None = None) -> None:
    """This browser is signed in as user, in a session that shares nothing with the one before."""
    session.clear()
    # Flask-WTF remembers the token of this request, which was the old session's.
    g.pop("csrf_token", None)
    login_user(user)
    session.permanent = True
    session["signed_in_at"] = int((now or utc_now()).timestamp())


@login.user_loader
def load_user(identity: str, now: datetime | None = None) -> User | None:
    """The user whom this session has signed in, unless that is over."""
    lasts = current_app.config["SIGN_IN_LASTS"].total_seconds()
    if (now or utc_now()).timestamp() >= session.get("signed_in_at", 0) + lasts:
        return None
    return user_with_identity(identity)


def user_of_ended_session() -> User | None:
    """Whom the session once signed in: enough to know whose form was left open, for no more."""
    user = db.session.get(User, session.get("_user_id", "").partition(".")[0])
    return user if user and user.role != REMOVED else None


def user_with_identity(identity: str) -> User | None:
    user = db.session.get(User, identity.partition(".")[0])
    return user if user and user.get_id() == identity else None
