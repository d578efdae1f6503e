"""Browsers that recently signed in to an account, and are exempt from its limit on failures."""

import hashlib
from datetime import timedelta

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "distribu_known"
KNOWN_FOR = timedelta(days=90)
# Per browser; the oldest is forgotten first.
_MOST_ACCOUNTS = 5


def is_known(email: str) -> bool:
    """Return whether this browser signed in to the account within KNOWN_FOR."""
    return _digest(email) in _known()


def remember(response: Response, email: str) -> None:
    """Set a cookie that proves that this browser has signed in to the account."""
    others = [digest for digest in _known() if digest != _digest(email)]
    response.set_cookie(
        COOKIE,
        _serializer().dumps([_digest(email), *others][:_MOST_ACCOUNTS]),
        max_age=KNOWN_FOR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/login",
    )


def _known() -> list[str]:
    try:
        known: list[str] = _serializer().loads(
            request.cookies.get(COOKIE, ""), max_age=int(KNOWN_FOR.total_seconds())
        )
    except BadData:
        return []
    return known


def _digest(email: str) -> str:
    # Keyed, so that the cookie does not reveal the account.
    key = current_app.config["SECRET_KEY"].encode()
    return hashlib.blake2s(email.encode(), key=hashlib.sha256(key).digest()).hexdigest()[:32]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="known-browser")
