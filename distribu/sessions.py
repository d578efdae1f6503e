"""Who is signed in: how a session begins and ends, and the one-time link to a password."""

from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Request, Response, current_app, g, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import login_user
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict

from .extensions import db, login
from .models import REMOVED, User, utc_now

LINK_LASTS = timedelta(days=7)

# Nothing here asks how fresh a sign-in is, and an address may change on a train.
login.session_protection = None


class Sessions(SecureCookieSessionInterface):
    """Flask's signed cookies; a page for everyone waits neither for the signer nor for a cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SecureCookieSession, response: Response) -> None:
        if session.accessed or session.modified:
            super().save_session(app, session, response)


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
    return _user_of(identity)


def user_of_ended_session() -> User | None:
    """Whom the session once signed in: enough to know whose form was left open, for no more."""
    user = db.session.get(User, session.get("_user_id", "").partition(".")[0])
    return user if user and user.role != REMOVED else None


def password_link(user: User) -> str:
    """An absolute URL to set user's password: good for seven days, for one use."""
    # The identity carries the session token, which a new password renews.
    token = _link_serializer().dumps(user.get_id())
    return current_app.config["PUBLIC_URL"] + url_for("auth.set_password", token=token)


def user_of_link(token: str, now: datetime | None = None) -> User | None:
    """Whose password the link sets; None once it was used, renewed or is too old."""
    try:
        identity, made_at = _link_serializer().loads(token, return_timestamp=True)
    except BadData:
        return None
    return _user_of(identity) if (now or utc_now()) - made_at < LINK_LASTS else None


def local_path(target: str | None) -> str | None:
    """The target if it is a path on this site, whatever a browser makes of odd characters."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and skip tabs and line ends.
    if "\\" in target or any(ord(character) <= 32 for character in target):
        return None
    return target


def referring_path(headers: MultiDict, host: str) -> str | None:
    """The path of the page that a request came from, if that page is ours."""
    referrer = address_parts(headers.get("Referer", ""))
    return local_path(referrer.path) if referrer.netloc == host else None


def address_parts(address: str) -> SplitResult:
    """The parts of an address that a client sent, all of them empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _user_of(identity: str) -> User | None:
    user = db.session.get(User, identity.partition(".")[0])
    return user if user and user.get_id() == identity else None


def _link_serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="set-password")
