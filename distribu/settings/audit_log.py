"""The audit log: read here, and changed nowhere."""

import json
from datetime import UTC, date, datetime, time, timedelta

from flask import g, render_template, request, url_for
from sqlalchemy import Select, select, tuple_

from ..extensions import db
from ..forms.account import AuditFilterForm
from ..http.tenancy import managers_only
from ..models import AuditEntry
from .blueprint import bp

PAGE = 50
# Whoever records another type adds it here; a test reads the code for it.
ENTITY_TYPES = ("Product", "Order", "ApiKey", "User", "Company")
ACTOR_TYPES = ("USER", "CUSTOMER", "SYSTEM")

WHEN = (AuditEntry.created_at, AuditEntry.id)


@bp.get("/audit")
@managers_only
def list_audit():
    """One page of what was changed, the newest first, through the filters of the address."""
    form = AuditFilterForm(request.args)
    form.actor.choices = {"": "Everyone"} | {one: one.capitalize() for one in ACTOR_TYPES}
    form.entity.choices = {"": "Everything"} | {one: one for one in ENTITY_TYPES}
    form.validate()
    entries, has_newer, has_older = _page(_filtered(form))
    return render_template(
        "settings/audit.html",
        form=form,
        found=entries,
        previous_url=_url(after=entries[0].id) if entries and has_newer else None,
        next_url=_url(before=entries[-1].id) if entries and has_older else None,
        pretty=pretty,
    )


def pretty(entry: AuditEntry) -> str:
    """What was before and what is after, as JSON to be read by people."""
    sides = {"before": entry.before, "after": entry.after}
    known = {side: value for side, value in sides.items() if value is not None}
    return json.dumps(known, indent=2, ensure_ascii=False)


def _filtered(form: AuditFilterForm) -> Select:
    query = select(AuditEntry).where(AuditEntry.company_id == g.company.id)
    if form.actor.data and not form.actor.errors:
        query = query.where(AuditEntry.actor_type == form.actor.data)
    if form.entity.data and not form.entity.errors:
        query = query.where(AuditEntry.entity_type == form.entity.data)
    if form.since.data:
        query = query.where(AuditEntry.created_at >= _start(form.since.data))
    if form.until.data and form.until.data < date.max:
        # The day itself belongs to it, to its end.
        query = query.where(AuditEntry.created_at < _start(form.until.data + timedelta(days=1)))
    return query


def _page(query: Select) -> tuple[list[AuditEntry], bool, bool]:
    """The entries that the address asks for; whether there are newer, and older ones."""
    newest_first = [column.desc() for column in WHEN]
    if mark := _entry("after"):
        query = query.where(tuple_(*WHEN) > tuple_(mark.created_at, mark.id))
        entries = db.session.scalars(query.order_by(*WHEN).limit(PAGE + 1)).all()
        return list(reversed(entries[:PAGE])), len(entries) > PAGE, True
    if mark := _entry("before"):
        query = query.where(tuple_(*WHEN) < tuple_(mark.created_at, mark.id))
    entries = db.session.scalars(query.order_by(*newest_first).limit(PAGE + 1)).all()
    return entries[:PAGE], mark is not None, len(entries) > PAGE


def _entry(name: str) -> AuditEntry | None:
    """The company's entry that the address names as the edge of the page, or None."""
    entry = db.session.get(AuditEntry, request.args.get(name, ""))
    return entry if entry and entry.company_id == g.company.id else None


def _url(**edge: str) -> str:
    filters = ("actor", "entity", "from", "to")
    kept = {name: request.args[name] for name in filters if request.args.get(name)}
    return url_for("settings.list_audit", **kept, **edge)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
