"""The page that shows the audit log, which cannot be changed."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import g, render_template, request, url_for
from sqlalchemy import ColumnElement, and_, select

from ..forms.account import AuditFilterForm
from ..http.paging import Sort, page
from ..http.tenancy import managers_only
from ..models import AuditEntry
from .audit_sentences import sentences
from .blueprint import bp

PAGE_SIZE = 50
# Add every new type here; a test compares the list with the code.
ENTITY_TYPES = ("Product", "Order", "ApiKey", "User", "Company")
ACTOR_TYPES = ("USER", "CUSTOMER", "SYSTEM")

NEWEST_FIRST = Sort((AuditEntry.created_at, AuditEntry.id), is_descending=True)


@bp.get("/audit")
@managers_only
def list_audit():
    """Show a page of the log, newest first, filtered by the address."""
    form = AuditFilterForm(request.args)
    form.actor.choices = {"": "Everyone"} | {one: one.capitalize() for one in ACTOR_TYPES}
    form.entity.choices = {"": "Everything"} | {one: one for one in ENTITY_TYPES}
    form.validate()
    cursor = request.args.get("cursor")
    found = page(select(AuditEntry), _matching(form), NEWEST_FIRST, cursor, PAGE_SIZE)
    return render_template(
        "settings/audit.html",
        form=form,
        found=sentences(found.items),
        previous_url=_url(found.previous),
        next_url=_url(found.next),
        pretty=pretty,
    )


def pretty(entry: AuditEntry) -> str:
    """Format the values before and after as JSON for people."""
    sides = {"before": entry.before, "after": entry.after}
    known = {side: value for side, value in sides.items() if value is not None}
    return json.dumps(known, indent=2, ensure_ascii=False)


def _matching(form: AuditFilterForm) -> ColumnElement[bool]:
    where = [AuditEntry.company_id == g.company.id]
    if form.actor.data and not form.actor.errors:
        where.append(AuditEntry.actor_type == form.actor.data)
    if form.entity.data and not form.entity.errors:
        where.append(AuditEntry.entity_type == form.entity.data)
    if form.since.data:
        where.append(AuditEntry.created_at >= _start(form.since.data))
    if form.until.data and form.until.data < date.max:
        # Include the whole of the last day.
        where.append(AuditEntry.created_at < _start(form.until.data + timedelta(days=1)))
    return and_(*where)


def _url(cursor: str | None) -> str | None:
    filters = ("actor", "entity", "from", "to")
    kept: dict[str, Any] = {name: request.args[name] for name in filters if request.args.get(name)}
    return cursor and url_for("settings.list_audit", **kept, cursor=cursor)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
