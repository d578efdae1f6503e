"""Members of a company: add, change roles, remove. Managers only edit members below them."""

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from .. import audit
from ..extensions import db
from ..forms.account import MemberForm, RoleForm
from ..forms.interrupted import is_resumed, resumable
from ..http.password_links import password_link
from ..http.rate_limits import is_within
from ..http.tenancy import company_row_or_404, managers_only
from ..models import REMOVED, ROLES, ApiKey, User, new_id
from ..models.compare_and_set import changed_rows
from .blueprint import bp

ADDING_LIMIT = "20 per hour"
TOO_MANY = "Too many members were added in the last hour. Try again later."
LABELS = {"OWNER": "Owner", "ADMIN": "Admin", "MEMBER": "Member"}


@bp.get("/members")
@managers_only
def list_members():
    """List everyone who works for the company, by role and name."""
    users = db.session.scalars(
        select(User).where(User.company_id == g.company.id, User.role != REMOVED)
    )
    members = sorted(users, key=lambda user: (ROLES.index(user.role), user.display_name.lower()))
    return render_template("settings/members.html", members=members, labels=LABELS)


@bp.route("/members/new", methods=["GET", "POST"])
@resumable
@managers_only
def add_member():
    """Add a colleague, and show the link with which they set their password."""
    form = MemberForm()
    if is_resumed() or not form.is_submitted():
        return _form_page(form)
    if not is_within(ADDING_LIMIT, "members", g.company.id):
        form.email.errors = [TOO_MANY]
        return _form_page(form, 429)
    if not form.validate():
        return _form_page(form, 422)
    # Treat every email the same, whether or not it has an account elsewhere.
    member_id, company_id = new_id(), g.company.id
    member = User(
        id=member_id,
        company_id=company_id,
        name=form.name.data,
        email=member_id,
        invited_email=form.email.data,
        role=form.role.data,
    )
    db.session.add(member)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        form.validate()
        return _form_page(form, 422)
    audit.record("member.added", "User", member.id, after=_described(member))
    db.session.commit()
    return _link_page(member)


@bp.get("/members/<user_id>")
@managers_only
def show_member(user_id: str):
    """Show one member, and the changes that you may make."""
    member = _member_or_404(user_id)
    return render_template(
        "settings/member.html",
        member=member,
        labels=LABELS,
        form=RoleForm(formdata=None, role=member.role),
        is_managed=_is_below(member),
        questions=_questions(member) if _is_below(member) else {},
    )


@bp.post("/members/<user_id>/role")
@managers_only
def change_role(user_id: str):
    """Make the member an admin, or an ordinary member again."""
    member = _managed_or_403(user_id)
    form = RoleForm()
    if not form.validate():
        abort(403)
    if form.role.data != member.role:
        before = {"role": member.role}
        _set_role(member, form.role.data)
        audit.record("member.role_changed", "User", member.id, before, {"role": member.role})
        db.session.commit()
        role = "an admin" if member.role == "ADMIN" else "a member"
        flash(f"{member.display_name} is now {role}.", "success")
    return redirect(url_for("settings.show_member", user_id=member.id), 303)


@bp.get("/members/<user_id>/<any(owner, remove, link):change>")
@managers_only
def confirm_member_change(user_id: str, change: str):
    """Ask for confirmation of a change that cannot be undone, for browsers without JavaScript."""
    member = _managed_or_403(user_id)
    questions = _questions(member)
    if change not in questions:
        abort(403)
    back = url_for("settings.show_member", user_id=member.id)
    return render_template("confirm.html", **questions[change], cancel_url=back)


@bp.post("/members/<user_id>/owner")
@managers_only
def make_owner(user_id: str):
    """Make the member the owner; the previous owner becomes an admin."""
    member = _managed_or_403(user_id)
    if not _may_pass_on_ownership():
        abort(403)
    before, owner = member.role, current_user._get_current_object()
    # Change the old owner first, so that of two simultaneous transfers the second fails.
    for user, role in ((owner, "ADMIN"), (member, "OWNER")):
        _set_role(user, role)
    audit.record("member.role_changed", "User", member.id, {"role": before}, {"role": "OWNER"})
    audit.record("member.role_changed", "User", owner.id, {"role": "OWNER"}, {"role": "ADMIN"})
    db.session.commit()
    flash(f"{member.display_name} is now the owner, and you are an admin.", "success")
    return redirect(url_for("settings.list_members"), 303)


@bp.post("/members/<user_id>/remove")
@managers_only
def remove_member(user_id: str):
    """Remove the member and end their sessions; records keep their name."""
    member = _managed_or_403(user_id)
    name, before = member.display_name, _described(member)
    _set_role(member, REMOVED)
    member.leave()
    audit.record("member.removed", "User", member.id, before=before)
    db.session.commit()
    flash(f"{name} was removed, and is signed out everywhere.", "success")
    return redirect(url_for("settings.list_members"), 303)


@bp.post("/members/<user_id>/link")
@managers_only
def renew_link(user_id: str):
    """Make a new link to set a password; earlier links and all sessions end."""
    member = _managed_or_403(user_id)
    member.end_sessions()
    audit.record("member.link_renewed", "User", member.id)
    db.session.commit()
    return _link_page(member)


def _member_or_404(user_id: str) -> User:
    member = company_row_or_404(User, user_id)
    return member if member.role != REMOVED else abort(404)


def _managed_or_403(user_id: str) -> User:
    member = _member_or_404(user_id)
    return member if _is_below(member) else abort(403)


def _is_below(member: User) -> bool:
    """Return whether the member's role is lower than yours, so not an equal's or your own."""
    return ROLES.index(member.role) > ROLES.index(current_user.role)


def _may_pass_on_ownership() -> bool:
    return current_user.role == "OWNER"


def _set_role(user: User, role: str) -> None:
    """Change the role, or respond with 409 if someone else has changed it meanwhile."""
    is_same = (User.id == user.id) & (User.role == user.role)
    if changed_rows(update(User).where(is_same).values(role=role)) != 1:
        db.session.rollback()
        abort(409)
    db.session.refresh(user)


def _described(member: User) -> dict:
    return {"name": member.name, "email": member.shown_email, "role": member.role}


def _questions(member: User) -> dict[str, dict]:
    """Return the confirmation of each change that you may make to the member."""
    name = member.display_name
    questions = {
        "link": {
            "title": f"Make a new link for {name}?",
            "text": f"Earlier links stop working. If {name} is signed in, they will be signed out.",
            "confirm_label": "Make a new link",
            "danger": False,
        },
        "remove": {
            "title": f"Remove {name}?",
            "text": _removal_text(member),
            "confirm_label": "Remove",
            "danger": True,
        },
    }
    if _may_pass_on_ownership():
        questions["owner"] = {
            "title": f"Make {name} the owner?",
            "text": f"A company has one owner. You become an admin, and only {name} "
            "can change that again.",
            "confirm_label": "Pass on ownership",
            "danger": True,
        }
    endpoints = {"link": "renew_link", "remove": "remove_member", "owner": "make_owner"}
    for change, question in questions.items():
        question["action"] = url_for(f"settings.{endpoints[change]}", user_id=member.id)
    return questions


def _removal_text(member: User) -> str:
    text = "They are signed out at once and cannot sign in again. Their orders and the "
    text += "audit log keep their name."
    active = db.session.scalar(
        select(func.count()).where(ApiKey.created_by_id == member.id, ApiKey.revoked_at.is_(None))
    )
    if active:
        keys = "1 API key" if active == 1 else f"{active} API keys"
        text += f" {keys} that they created will go on working until revoked."
    return text


def _form_page(form: MemberForm, status: int = 200) -> ResponseReturnValue:
    return render_template("settings/new_member.html", form=form), status


def _link_page(member: User) -> ResponseReturnValue:
    return render_template("settings/member_link.html", member=member, link=password_link(member))
