"""Forms for accounts: sign-in, registration, members, passwords, API keys, the audit log."""

from flask import g
from flask_wtf import FlaskForm
from sqlalchemy import exists, select
from wtforms import (
    DateField,
    EmailField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from ..extensions import db
from ..models import SCOPES, User

EMAIL_MAX = 254
PASSWORD_MIN, PASSWORD_MAX = 10, 200
EMAIL_TAKEN = "An account with this email already exists."
EXPIRIES = {"0": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In 365 days"}
SCOPE_LABELS = {
    "products:read": "Products – Read",
    "products:write": "Products – Write",
    "orders:read": "Orders – Read",
    "orders:write": "Orders – Write",
    "images:write": "Images – Write",
}


def _trimmed(text: str | None) -> str:
    return (text or "").strip()


def normal_email(text: str | None) -> str:
    """Return an email address as it is stored: trimmed, in lower case."""
    return _trimmed(text).lower()


def new_password_field(label: str) -> PasswordField:
    """Return a field for choosing a new password."""
    limits = f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters."
    return PasswordField(
        label,
        [
            InputRequired("Enter a password."),
            Length(PASSWORD_MIN, PASSWORD_MAX, limits),
        ],
        render_kw={"autocomplete": "new-password"},
    )


def name_field(label: str, sentence: str, longest: int = 200, **kwargs) -> StringField:
    """Return a required field for a name of at most longest characters."""
    too_long = f"{label} can have at most {longest} characters."
    validators = [DataRequired(sentence), Length(max=longest, message=too_long)]
    return StringField(label, validators, filters=[_trimmed], **kwargs)


def _unused(_form: FlaskForm, field: EmailField) -> None:
    if not field.errors and db.session.scalar(select(exists().where(User.email == field.data))):
        raise ValidationError(EMAIL_TAKEN)


def _no_colleague(_form: FlaskForm, field: EmailField) -> None:
    """Refuse a colleague's email. This must not reveal accounts of other companies."""
    is_theirs = (User.email == field.data) | (User.invited_email == field.data)
    asked = exists().where(is_theirs, User.company_id == g.company.id)
    if not field.errors and db.session.scalar(select(asked)):
        raise ValidationError("A member with this email already exists.")


def new_email_field(autocomplete: str, is_free=_unused) -> EmailField:
    """Return a field for the email of a new account."""
    sentence = "Enter an email address."
    validators = [
        DataRequired(sentence),
        Length(max=EMAIL_MAX, message=f"An email address has at most {EMAIL_MAX} characters."),
        # The email only identifies an account; nothing is sent to it, so a loose check is enough.
        Regexp(r"[^@\s]+@[^@\s]+\Z", message=sentence),
        is_free,
    ]
    return EmailField(
        "Email", validators, filters=[normal_email], render_kw={"autocomplete": autocomplete}
    )


class SignInForm(FlaskForm):
    """Sign-in with email and password, and the page to open afterwards."""

    email = EmailField(
        "Email",
        [DataRequired("Enter your email.")],
        filters=[normal_email],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        "Password",
        [InputRequired("Enter your password.")],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()
    # The form that was open when the sign-in ended.
    kept = HiddenField()


class RegisterForm(FlaskForm):
    """Registration of a company and its owner."""

    company = name_field(
        "Company name", "Enter your company's name.", render_kw={"autocomplete": "organization"}
    )
    name = name_field("Your name", "Enter your name.", render_kw={"autocomplete": "name"})
    email = new_email_field(autocomplete="email")
    password = new_password_field("Password")


class SetPasswordForm(FlaskForm):
    """A new password after the old one was forgotten."""

    password = new_password_field("New password")


class JoinForm(FlaskForm):
    """The sign-in email and first password of a member who joins."""

    email = new_email_field(autocomplete="username")
    password = new_password_field("New password")


class ChangePasswordForm(FlaskForm):
    """A change of your own password."""

    current_password = PasswordField(
        "Current password",
        [InputRequired("Enter your current password.")],
        render_kw={"autocomplete": "current-password"},
    )
    new_password = new_password_field("New password")


# OWNER is missing, because only the owner can pass that role on.
GIVEN_ROLES = {"MEMBER": "Member", "ADMIN": "Admin"}


class MemberForm(FlaskForm):
    """A new member of the company."""

    name = name_field("Name", "Enter their name.", render_kw={"autocomplete": "off"})
    email = new_email_field(autocomplete="off", is_free=_no_colleague)
    role = SelectField("Role", [InputRequired()], choices=GIVEN_ROLES, default="MEMBER")


class RoleForm(FlaskForm):
    """The new role of a member."""

    role = SelectField("Role", [InputRequired()], choices=GIVEN_ROLES)


class ApiKeyForm(FlaskForm):
    """A new API key: its name, permissions and expiry."""

    name = name_field("Key name", "Enter a name for the key.", longest=100)
    scopes = SelectMultipleField(  # type: ignore[call-arg]  # unknown to its stubs
        "Permissions",
        [InputRequired("Choose at least one permission.")],
        choices={scope: SCOPE_LABELS[scope] for scope in SCOPES},
        default=["products:read"],
        invalid_choice_message="Choose from the list of permissions.",
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    expiry = SelectField("Expires", [InputRequired()], choices=EXPIRIES)


class AuditFilterForm(FlaskForm):
    """Filters of the audit log. The form changes nothing, so it needs no CSRF token."""

    class Meta:
        csrf = False

    actor = SelectField("Actor type", [Optional()])
    entity = SelectField("Entity type", [Optional()])
    since = DateField("From", [Optional()], name="from")
    until = DateField("To", [Optional()], name="to")
