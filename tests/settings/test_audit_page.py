"""The audit log as it is read: filters in the address, pages by keysets, and nothing to change."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import distribu
from distribu.extensions import db
from distribu.models import AuditEntry
from distribu.settings.audit_log import ENTITY_TYPES

AUDIT = "/dashboard/settings/audit"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def add_entries(company_id: str, count: int = 1, **values) -> None:
    """Committed entries named e1, e2 …, each a minute after the one before."""
    given = {
        "actor_type": "USER",
        "actor_name": "alice@acme.test",
        "action": "product.updated",
        "entity_type": "Product",
        "created_at": NOON,
    } | values
    for number in range(1, count + 1):
        at = given["created_at"] + timedelta(minutes=number)
        entry = given | {"created_at": at, "entity_id": f"e{number}"}
        db.session.add(AuditEntry(company_id=company_id, **entry))
    db.session.commit()


def shown(answer) -> list[str]:
    return re.findall(r'<span class="soft">(e\d+)</span>', answer.text)


def link(answer, rel: str) -> str:
    return re.search(rf'rel="{rel}" href="([^"]+)"', answer.text).group(1).replace("&amp;", "&")


def test_entries_tell_when_who_what_and_the_difference(app, cast, alice):
    with app.app_context():
        add_entries(cast.acme, before={"price_minor": 1}, after={"price_minor": 2})
    page = alice.get(AUDIT).text
    for text in ("20 Nov 2026, 12:01 UTC", "alice@acme.test", "product.updated", "e1", "View"):
        assert text in page
    assert "&#34;price_minor&#34;: 2" in page
    columns = re.findall(r'<th scope="col">(\w+)</th>', page)
    assert columns == ["When", "What", "Images", "Details"]


def test_markup_in_an_entry_is_shown_and_not_obeyed(app, cast, alice):
    with app.app_context():
        add_entries(cast.acme, after={"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in alice.get(AUDIT).text


def test_log_shows_no_entries_of_others(app, cast, mallory):
    with app.app_context():
        add_entries(cast.acme)
    assert shown(mallory.get(AUDIT)) == []


def test_cursor_of_another_company_shows_nothing_of_theirs(app, cast, alice, mallory):
    with app.app_context():
        add_entries(cast.globex, count=60)
        add_entries(cast.acme, count=1)
    theirs = link(mallory.get(AUDIT), "next")
    assert shown(mallory.get(theirs)) == [f"e{number}" for number in range(10, 0, -1)]
    assert shown(alice.get(theirs)) == ["e1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "SYSTEM"}, ["e2"]),
        ({"entity": "Order"}, ["e1"]),
        ({"actor": "USER", "entity": "Product"}, []),
        ({"actor": "", "entity": ""}, ["e2", "e1"]),
        ({"entity": "Nonsense"}, ["e2", "e1"]),
    ],
)
def test_filters_of_the_address_choose_entries(app, cast, alice, query, found):
    with app.app_context():
        add_entries(cast.acme, count=2, entity_type="Order")
        first, second = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.created_at))
        second.actor_type, second.entity_type = "SYSTEM", "Product"
        db.session.commit()
        assert first.entity_type == "Order"
    assert shown(alice.get(AUDIT, query_string=query)) == found


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"from": "2026-11-20"}, 2),
        ({"from": "2026-11-21"}, 1),
        ({"from": "2026-11-22"}, 0),
        # To is inclusive: to the end of its day.
        ({"to": "2026-11-20"}, 1),
        ({"to": "2026-11-21"}, 2),
        ({"to": "2026-11-19"}, 0),
        ({"to": "9999-12-31"}, 2),
        ({"from": "nonsense"}, 2),
    ],
)
def test_dates_of_the_address_are_whole_days(app, cast, alice, query, count):
    with app.app_context():
        last_minute = datetime(2026, 11, 20, 23, 58, tzinfo=UTC)
        add_entries(cast.acme, created_at=last_minute)
        add_entries(cast.acme, created_at=last_minute + timedelta(days=1))
    assert len(shown(alice.get(AUDIT, query_string=query))) == count


def test_date_that_is_none_is_told(alice):
    assert "Not a valid date value." in alice.get(f"{AUDIT}?from=nonsense").text


def test_pages_lead_through_every_entry_and_back(app, cast, alice):
    with app.app_context():
        # Many in the same moment: the id decides.
        add_entries(cast.acme, count=120)
        db.session.execute(db.update(AuditEntry).values(created_at=NOON))
        db.session.commit()
    first = alice.get(f"{AUDIT}?actor=USER")
    second = alice.get(link(first, "next"))
    third = alice.get(link(second, "next"))
    assert [len(shown(page)) for page in (first, second, third)] == [50, 50, 20]
    assert len({*shown(first), *shown(second), *shown(third)}) == 120
    assert 'rel="next"' not in third.text
    assert shown(alice.get(link(third, "prev"))) == shown(second)
    back = alice.get(link(second, "prev"))
    assert shown(back) == shown(first)
    assert 'rel="prev"' not in back.text
    assert "actor=USER" in link(second, "next")


def test_empty_log_says_so(alice):
    assert "Nothing here" in alice.get(AUDIT).text


def test_no_route_changes_the_log(app):
    rules = [rule for rule in app.url_map.iter_rules() if "audit" in rule.rule]
    assert [rule.methods for rule in rules] == [{"GET", "HEAD", "OPTIONS"}]


def recorded_types() -> set[str]:
    """Every entity type that the code passes to audit.record()."""
    calls = [
        node
        for path in Path(distribu.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record"
    ]
    return {ast.literal_eval(call.args[1]) for call in calls}


def test_every_type_that_is_recorded_can_be_filtered_by():
    assert recorded_types() == set(ENTITY_TYPES)
