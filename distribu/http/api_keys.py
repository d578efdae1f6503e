"""API keys: the caller of a request, the scopes of its key, and its rate limit."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

from flask import Blueprint, Response, g, request
from flask_limiter import RequestLimit
from flask_limiter.util import get_remote_address
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from ..audit import set_actor
from ..extensions import csrf, db, limiter
from ..models import ApiKey, Company, User, utc_now

MISSING = "Missing or invalid Authorization header. Use: Bearer <api_key>"
INVALID = "Invalid, expired, or revoked API key."
LACKS_SCOPE = 'Insufficient permissions. This key lacks the "{}" scope.'

RATE_LIMIT = "300 per minute"
# Noted no more often than this, so that reading costs no write.
USE_NOTED_EVERY = timedelta(minutes=1)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def init_key_blueprint(
    bp: Blueprint,
    on_breach: Callable[[RequestLimit], Response | None] | None = None,
    exempt_when: Callable[[], bool] | None = None,
) -> None:
    """Views of bp know their caller by key alone: no cookie, no CSRF token, one pace for all.

    on_breach, exempt_when: as of Flask-Limiter's shared_limit().
    """
    csrf.exempt(bp)
    limiter.shared_limit(
        RATE_LIMIT,
        scope="keys",
        key_func=rate_limit_key,
        on_breach=on_breach,
        exempt_when=exempt_when,
    )(bp)


def with_key(
    scope: str | None,
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """A view for keys that have scope; g.company is the key's, g.api_key the key.

    scope: None lets every key in. Anyone else is refused with 401, a key
    without the scope with 403.
    """

    def guard(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(view)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            key = _presented_key() or _refuse()
            if scope and scope not in key.scopes:
                raise Forbidden(LACKS_SCOPE.format(scope))
            _note_use(key, utc_now())
            g.api_key = key
            set_actor(*_actor(key))
            return view(*args, **kwargs)

        return guarded

    return guard


def find_key(token: str, now: datetime) -> ApiKey | None:
    """The key of this text, if it still opens anything."""
    key = db.session.scalar(select(ApiKey).where(ApiKey.key_sha256 == ApiKey.digest(token)))
    return key if key and key.status(now) == "Active" else None


def _token() -> str | None:
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer":
        return None
    return authorization.token


def _presented_key() -> ApiKey | None:
    # Asked twice in a request, by the limiter and by the view.
    if "presented_key" not in g:
        token = _token()
        g.presented_key = find_key(token, utc_now()) if token else None
    key: ApiKey | None = g.presented_key
    return key


def _refuse() -> NoReturn:
    raise Unauthorized(INVALID if _token() else MISSING, www_authenticate=WWWAuthenticate("bearer"))


def rate_limit_key() -> str:
    """Return the key that counts this caller's requests."""
    # Whoever guesses keys shares one pace with all else that comes from the same address.
    try:
        key = _presented_key()
    except SQLAlchemyError:
        # The limiter would take it for a failure of its storage. The view asks again, and answers.
        db.session.rollback()
        key = None
    return key.id if key else get_remote_address()


def _actor(key: ApiKey) -> tuple[str, User | None, Company, str]:
    """The key's creator, under whose name the log also says which key it was."""
    creator = key.created_by
    name = f"{creator.logged_name if creator else 'API key'} ({key.name})"
    return "USER" if creator else "SYSTEM", creator, key.company, name[:254]


def _note_use(key: ApiKey, now: datetime) -> None:
    earlier = now - USE_NOTED_EVERY
    if key.last_used_at and key.last_used_at > earlier:
        return
    is_older = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= earlier)
    use = {"last_used_at": now, "last_used_from": get_remote_address()}
    db.session.execute(update(ApiKey).where(ApiKey.id == key.id, is_older).values(use))
    db.session.commit()
