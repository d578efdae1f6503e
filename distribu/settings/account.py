"""Your account: name and email, password, signing out everywhere."""

from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import IntegrityError

from .. import audit
from ..extensions import db, limiter
from ..forms.account import ChangePasswordForm
from ..forms.company import ProfileForm
from ..http.rate_limits import is_refused, wait_sentence
from ..http.sessions import begin_session
from ..http.tenancy import signed_in
from .blueprint import bp


def _account() -> str:
    return f"password:{current_user.id if current_user.is_authenticated else 'nobody'}"


@bp.get("")
@signed_in
def index():
    """Show your account and links to the other settings."""
    return _page(ChangePasswordForm(formdata=None))


@bp.post("/password")
@limiter.limit("10 per 15 minutes", key_func=_account, deduct_when=is_refused)
@signed_in
def change_password():
    """Change your password and end every other session."""
    form = ChangePasswordForm()
    if form.validate() and not current_user.has_password(form.current_password.data):
        form.current_password.errors = ["This is not your current password."]
    if form.errors:
        return _page(form, 422)
    current_user.set_password(form.new_password.data)
    audit.record("password.changed", "User", current_user.id)
    db.session.commit()
    begin_session(current_user._get_current_object())
    flash("Your password is changed, and you are signed out everywhere else.", "success")
    return redirect(url_for("settings.index"), 303)


@bp.post("/profile")
@limiter.limit("10 per 15 minutes", key_func=_account, deduct_when=is_refused)
@signed_in
def change_profile():
    """Save your own name and email."""
    form = ProfileForm()
    if not form.validate():
        return _page(ChangePasswordForm(formdata=None), 422, profile=form)
    before = {"name": current_user.name, "email": current_user.email}
    after = {"name": form.name.data, "email": form.email.data}
    if before != after:
        current_user.name, current_user.email = after["name"], after["email"]
        audit.record("user.updated", "User", current_user.id, before, after)
        try:
            db.session.commit()
        except IntegrityError:
            # Another account has just taken the email, which validate() now reports.
            db.session.rollback()
            form.validate()
            return _page(ChangePasswordForm(formdata=None), 422, profile=form)
    flash("Your name and email are saved.", "success")
    return redirect(url_for("settings.index"), 303)


@bp.get("/sign-out-everywhere")
@signed_in
def confirm_sign_out_everywhere():
    """Ask for confirmation, for browsers without JavaScript."""
    return render_template(
        "confirm.html",
        title="Sign out everywhere?",
        text=SIGN_OUT_TEXT,
        action=url_for("settings.sign_out_everywhere"),
        confirm_label="Sign out everywhere",
        cancel_url=url_for("settings.index"),
    )


SIGN_OUT_TEXT = "You will be signed out in every browser, including this one."


@bp.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere():
    """End every session of this user."""
    current_user.end_sessions()
    audit.record("user.signed_out_everywhere", "User", current_user.id)
    db.session.commit()
    session.clear()
    flash("You are signed out everywhere.", "info")
    return redirect(url_for("auth.login"), 303)


def _page(
    form: ChangePasswordForm,
    status: int = 200,
    message: str = "",
    profile: ProfileForm | None = None,
) -> ResponseReturnValue:
    shown = {"name": current_user.name, "email": current_user.email}
    page = render_template(
        "settings/index.html",
        form=form,
        profile=profile or ProfileForm(formdata=None, **shown),
        message=message,
        sign_out_text=SIGN_OUT_TEXT,
    )
    return page, status


@bp.errorhandler(429)
def refuse_for_now(_error) -> ResponseReturnValue:
    """Show the page again after too many wrong passwords, and say when to try again."""
    return _page(ChangePasswordForm(formdata=None), 429, wait_sentence())
