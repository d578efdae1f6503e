"""flask users: help people who cannot sign in."""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from .. import audit
from ..audit import set_actor
from ..extensions import db
from ..forms.account import normal_email
from ..http.password_links import password_link
from ..models import User


@click.group
def users() -> None:
    """Help people who cannot sign in."""


@users.command
@click.argument("email")
@with_appcontext
def reset(email: str) -> None:
    """Print a one-time link with which the person of EMAIL sets a new password.

    It is valid for seven days. Earlier links stop working, and the person
    is signed out everywhere.
    """
    named = normal_email(email)
    is_named = (User.email == named) | (User.invited_email == named)
    # Prefer a person who has joined over those who were only added with this email.
    found = select(User).where(is_named).order_by(User.invited_email.is_not(None), User.id)
    user = db.session.scalar(found.limit(1))
    if user is None:
        raise click.ClickException(f"No account has the email {email}.")
    user.end_sessions()
    set_actor("SYSTEM", None, user.company, "flask users reset")
    audit.record("member.link_renewed", "User", user.id)
    db.session.commit()
    # URLs can only be built in a request context.
    with current_app.test_request_context():
        click.echo(password_link(user))
