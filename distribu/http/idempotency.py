"""Carry out a request only once, even if it is repeated under its Idempotency-Key.

The key's row is committed first, without a response, so a repetition in
the meantime is told to wait. The view's changes and its response are
then committed together, so a crash leaves either both or neither.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec

from flask import Response, current_app, g, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest, Conflict, HTTPException, UnprocessableEntity

from ..extensions import db
from ..models import IdempotencyKey, new_id, utc_now
from ..models.compare_and_set import changed_rows

KEPT_FOR = timedelta(hours=24)
# No request takes longer; a key without a response after that is free again.
WORKING_FOR = timedelta(minutes=6)
KEY_MAX = 255
Parameters = ParamSpec("Parameters")

NO_KEY = f"Idempotency-Key must have 1 to {KEY_MAX} characters."
OTHER_REQUEST = "This Idempotency-Key was used for another request."
IN_FLIGHT = "A request with this Idempotency-Key is still being worked on."

# Statuses that the same request may not get again; nothing was changed.
_TRANSIENT = (408, 409, 412, 423, 425, 429)
_KEPT_HEADERS = ("Content-Type", "ETag", "Location")


def _fingerprint() -> str:
    """Return a hash, in hex, of everything that must match in a repeated request."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(request.get_data())
    condition = request.headers.get("If-Match")
    if condition is None:
        return digest.hexdigest()
    return hashlib.sha256(f"{digest.hexdigest()}\nIf-Match: {condition}".encode()).hexdigest()


def _is_final(response: Response) -> bool:
    return response.status_code < 500 and response.status_code not in _TRANSIENT


def committed(
    view: Callable[Parameters, ResponseReturnValue],
) -> Callable[Parameters, Response]:
    """Decorate a view: commit its changes with its response, or roll them back.

    Under an Idempotency-Key the first final response is kept for a day and
    returned again; a conflict, a failed If-Match, a limit or a failure is
    not final.
    """

    @wraps(view)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
        name = request.headers.get("Idempotency-Key")
        if name is None:
            return _carry_out(lambda: view(*args, **kwargs), None)
        if not 1 <= len(name) <= KEY_MAX:
            raise BadRequest(NO_KEY)
        claim = _claim(name, _fingerprint(), utc_now())
        if isinstance(claim, Response):
            return claim
        return _carry_out(lambda: view(*args, **kwargs), claim)

    return guarded


@dataclass(frozen=True)
class _Claim:
    """An Idempotency-Key that this request is using: the id and time of its row."""

    id: str
    created_at: datetime

    @property
    def row(self) -> ColumnElement[bool]:
        """The condition that the row still belongs to this request."""
        return (
            (IdempotencyKey.id == self.id)
            & (IdempotencyKey.created_at == self.created_at)
            & IdempotencyKey.status.is_(None)
        )


def _claim(name: str, fingerprint: str, now: datetime) -> _Claim | Response:
    """Reserve the key and commit that, or return the response that was given before.

    Raises UnprocessableEntity if the key was used for a different request,
    and Conflict if the same request is still running.
    """
    mine = (IdempotencyKey.api_key_id == g.api_key.id) & (IdempotencyKey.key == name)
    # It has expired, or the process that worked on it died without changing anything.
    is_over = (IdempotencyKey.expires_at <= now) | (
        IdempotencyKey.status.is_(None) & (IdempotencyKey.created_at <= now - WORKING_FOR)
    )
    api_key_id = g.api_key.id
    db.session.execute(delete(IdempotencyKey).where(mine, is_over))
    row = IdempotencyKey(
        id=new_id(),
        api_key_id=api_key_id,
        key=name,
        request_sha256=fingerprint,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    claim = _Claim(row.id, now)
    try:
        db.session.add(row)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return _earlier_answer(db.session.scalar(select(IdempotencyKey).where(mine)), fingerprint)
    return claim


def _earlier_answer(row: IdempotencyKey | None, fingerprint: str) -> Response:
    if row and row.request_sha256 != fingerprint:
        raise UnprocessableEntity(OTHER_REQUEST)
    if row is None or row.status is None:
        raise Conflict(IN_FLIGHT)
    headers = (row.headers or {}) | {"Idempotent-Replayed": "true"}
    return Response(row.body, row.status, headers)


def _carry_out(call: Callable[[], ResponseReturnValue], claim: _Claim | None) -> Response:
    """Call the view and commit its changes with its response; roll back unless that is final."""
    response = None
    try:
        response = _answer_of(call)
    finally:
        if response is None or not _is_final(response):
            _give_back(claim)
            claim = None
    if claim:
        _keep(claim, response)
    db.session.commit()
    return response


def _give_back(claim: _Claim | None) -> None:
    db.session.rollback()
    if claim:
        db.session.execute(delete(IdempotencyKey).where(claim.row))
        db.session.commit()


def _answer_of(call: Callable[[], ResponseReturnValue]) -> Response:
    try:
        return make_response(call())
    except HTTPException as error:
        db.session.rollback()
        return make_response(current_app.handle_user_exception(error))


def _keep(claim: _Claim, response: Response) -> None:
    """Store the response with the changes. Raises Conflict if another request took the key over."""
    kept = (
        update(IdempotencyKey)
        .where(claim.row)
        .values(
            status=response.status_code,
            headers={
                name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
            },
            body=response.get_data(as_text=True),
        )
    )
    if changed_rows(kept) != 1:
        db.session.rollback()
        raise Conflict(IN_FLIGHT)
