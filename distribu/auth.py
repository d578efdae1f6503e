"""Blueprint auth: register, sign in, sign out, set a password by a one-time link."""

import logging
from functools import cache

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from slugify import slugify
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from . import audit
from .audit import set_actor
from .extensions import db, limiter
from .forms.account import (
    EMAIL_MAX,
    PASSWORD_MAX,
    JoinForm,
    RegisterForm,
    SetPasswordForm,
    SignInForm,
    normal_email,
)
from .forms.interrupted import InterruptedForm, back_page, sign_in_page
from .http import known_browsers
from .http.password_links import use_link, user_of_link
from .http.rate_limits import is_refused, wait_sentence
from .http.redirects import local_path
from .http.sessions import begin_session, end_session
from .models import Company, User

bp = Blueprint("auth", __name__)
log = logging.getLogger(__name__)

WRONG = "Invalid email or password."


def account_named() -> str:
    """Return the name under which failed sign-ins to this account are counted."""
    # Limit the length, so that no arbitrarily long text is stored as a key.
    return f"account:{normal_email(request.form.get('email'))[:EMAIL_MAX]}"


def account_and_address() -> str:
    """Return the name under which failed sign-ins to this account from one address are counted."""
    return f"{account_named()} {get_remote_address()}"


def is_known_browser() -> bool:
    """Return whether this browser recently signed in to the account, so it is not locked out."""
    return known_browsers.is_known(normal_email(request.form.get("email"))[:EMAIL_MAX])


@bp.get("/dashboard")
@bp.get("/")
def start():
    """Redirect to the inventory, or to the sign-in page."""
    return redirect(
        url_for("inventory.list_products" if current_user.is_authenticated else "auth.login")
    )


@bp.route("/login", methods=["GET", "POST"])
@limiter.limit(
    "30 per 5 minutes", methods=["POST"], deduct_when=is_refused, exempt_when=is_known_browser
)
@limiter.limit(
    "10 per 15 minutes",
    key_func=account_and_address,
    methods=["POST"],
    deduct_when=is_refused,
    exempt_when=is_known_browser,
)
@limiter.limit(
    "100 per hour",
    key_func=account_named,
    methods=["POST"],
    deduct_when=is_refused,
    exempt_when=is_known_browser,
)
def login():
    """Sign in, and continue to the requested page."""
    form = SignInForm()
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(local_path(request.args.get("next")) or url_for("auth.start"))
        form.next.data = request.args.get("next", "")
        return sign_in_page(form)
    user = _user_with_password(form) if form.validate() else None
    if user is None:
        if not form.errors:
            form.form_errors.append(WRONG)
            log.warning("sign-in failed: %r from %s", form.email.data, request.remote_addr)
        return sign_in_page(form, 422)
    begin_session(user)
    log.info("signed in: %s from %s", user.id, request.remote_addr)
    if kept := InterruptedForm.loads(form.kept.data):
        answer = make_response(back_page(kept))
    else:
        answer = make_response(redirect(local_path(form.next.data) or url_for("auth.start"), 303))
    known_browsers.remember(answer, user.email)
    return answer


@bp.post("/logout")
def logout():
    """Sign this browser out."""
    end_session()
    flash("You are signed out.", "info")
    answer = redirect(url_for("auth.login"), 303)
    # Browsers cache form pages for Back; the next person at this computer must not see them.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@bp.route("/register", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def register():
    """Register a company and sign in its owner."""
    if current_user.is_authenticated:
        return redirect(url_for("auth.start"))
    form = RegisterForm()
    while form.validate_on_submit():
        try:
            user = _add_company(form)
        except IntegrityError:
            # Someone has just taken the slug or the email: validate again.
            db.session.rollback()
            continue
        begin_session(user)
        flash(f"Welcome to Distribu, {user.name}. Add your first product.", "success")
        return redirect(url_for("auth.start"), 303)
    return _register_page(form, 422 if form.is_submitted() else 200)


@bp.route("/set-password/<token>", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"], deduct_when=is_refused)
def set_password(token: str):
    """Let the holder of a valid link set the password, once."""
    user = user_of_link(token)
    if user is None:
        return render_template("auth/dead_link.html"), 410
    form = _password_form(user)
    if not form.validate_on_submit():
        return _password_page(form, user, 422 if form.is_submitted() else 200)
    try:
        is_used = use_link(
            user, form.password.data or "", form.email.data if "email" in form else None
        )
    except IntegrityError:
        # Another account has just taken the email, which validate() now reports.
        db.session.rollback()
        form.validate()
        return _password_page(form, user, 422)
    if not is_used:
        # The same link was used in another window at the same time.
        return render_template("auth/dead_link.html"), 410
    set_actor("USER", user, user.company, user.email)
    audit.record("password.changed", "User", user.id)
    db.session.commit()
    begin_session(user)
    flash("Your password is set, and you are signed in.", "success")
    return redirect(url_for("auth.start"), 303)


@bp.errorhandler(429)
def refuse_for_now(_error) -> ResponseReturnValue:
    """Show the form again after too many attempts, and say when to try again."""
    if request.endpoint == "auth.register":
        return _register_page(RegisterForm(), 429, wait_sentence())
    if request.endpoint == "auth.set_password":
        if (user := user_of_link((request.view_args or {})["token"])) is None:
            return render_template("auth/dead_link.html"), 410
        return _password_page(_password_form(user), user, 429, wait_sentence())
    named = normal_email(request.form.get("email"))[:EMAIL_MAX]
    log.warning("sign-in locked: %r from %s", named, request.remote_addr)
    return sign_in_page(SignInForm(), 429, wait_sentence())


@bp.errorhandler(CSRFError)
def show_form_again(_error) -> ResponseReturnValue:
    """Show a form with an old CSRF token again, without carrying it out."""
    if current_user.is_authenticated:
        return redirect(local_path(request.form.get("next")) or url_for("auth.start"), 303)
    message = "This page was open for a long time. Please try again."
    if request.endpoint == "auth.register":
        return _register_page(RegisterForm(), 400, message)
    if request.endpoint == "auth.set_password":
        flash(message, "info")
        return redirect(request.path, 303)
    return sign_in_page(SignInForm(), 400, message)


def _user_with_password(form: SignInForm) -> User | None:
    """Return the user if the password is right; takes the same time for unknown emails."""
    user = db.session.scalar(select(User).where(User.email == form.email.data))
    expected = user.password_hash if user and user.password_hash else _nobodys_hash()
    is_right = check_password_hash(expected, (form.password.data or "")[: PASSWORD_MAX + 1])
    return user if is_right and user and user.password_hash else None


@cache
def _nobodys_hash() -> str:
    return generate_password_hash("the password of nobody")


def _add_company(form: RegisterForm) -> User:
    """Create the company and its owner and commit. Raises IntegrityError if a name is taken."""
    company = Company(name=form.company.data, slug=_free_slug(form.company.data or ""))
    db.session.add(company)
    db.session.flush()
    user = User(company_id=company.id, email=form.email.data, name=form.name.data, role="OWNER")
    user.set_password(form.password.data or "")
    db.session.add(user)
    db.session.flush()
    set_actor("USER", user, company, user.email)
    after = {"name": company.name, "slug": company.slug, "owner": user.email}
    audit.record("company.created", "Company", company.id, after=after)
    db.session.commit()
    return user


def _free_slug(name: str) -> str:
    """Return the name as part of an address, with -2, -3 … appended if it is taken."""
    slug = slugify(name, max_length=70) or "company"
    taken = set(db.session.scalars(select(Company.slug).where(Company.slug.startswith(slug))))
    number = 1
    free = slug
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


def _register_page(form: RegisterForm, status: int, message: str = "") -> ResponseReturnValue:
    return render_template("auth/register.html", form=form, message=message), status


def _password_form(user: User) -> SetPasswordForm | JoinForm:
    """Return the form of a link: a password, and for a new member also the sign-in email."""
    if not user.invited_email:
        return SetPasswordForm()
    form = JoinForm()
    if not form.email.raw_data:
        form.email.process(None, user.invited_email)
    return form


def _password_page(
    form: SetPasswordForm | JoinForm, user: User, status: int, message: str = ""
) -> ResponseReturnValue:
    page = render_template("auth/set_password.html", form=form, user=user, message=message)
    return page, status
