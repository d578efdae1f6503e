"""Authentication by API key: the caller, the key's scopes, and its rate limit."""

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
# Last use is recorded at most this often, so that most reads cost no write.
USE_NOTED_EVERY = timedelta(minutes=1)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def init_key_blueprint(
    bp: Blueprint,
    on_breach: Callable[[RequestLimit], Response | None] | None = None,
    exempt_when: Callable[[], bool] | None = None,
) -> None:
    """Set up bp for callers with an API key: no CSRF token, and one shared rate limit.

    on_breach, exempt_when: as in Flask-Limiter's shared_limit().
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
    """Return a decorator for views that need an API key with this scope.

    scope: None accepts every key. The view gets g.company and g.api_key. A
    missing or invalid key is refused with 401, a key without the scope with 403.
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
    """Return the active API key with this text, or None."""
    key = db.session.scalar(select(ApiKey).where(ApiKey.key_sha256 == ApiKey.digest(token)))
    return key if key and key.status(now) == "Active" else None


def _token() -> str | None:
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer":
        return None
    return authorization.token


def _presented_key() -> ApiKey | None:
    # Cached, since both the limiter and the view ask for it.
    if "presented_key" not in g:
        token = _token()
        g.presented_key = find_key(token, utc_now()) if token else None
    key: ApiKey | None = g.presented_key
    return key


def _refuse() -> NoReturn:
    raise Unauthorized(INVALID if _token() else MISSING, www_authenticate=WWWAuthenticate("bearer"))


def rate_limit_key() -> str:
    """Return the name under which this caller's requests are counted."""
    # Callers without a valid key share one limit per address, so guessing keys is limited too.
    try:
        key = _presented_key()
    except SQLAlchemyError:
        # The limiter would mistake this for a failure of its storage. The view fails again and
        # reports it.
        db.session.rollback()
        key = None
    return key.id if key else get_remote_address()


def _actor(key: ApiKey) -> tuple[str, User | None, Company, str]:
    """Return the audit log's actor: the key's creator, with the name of the key."""
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
