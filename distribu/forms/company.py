"""Forms for the company's settings and your own profile."""

from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField
from wtforms.validators import InputRequired

from ..models.currencies import CURRENCIES
from .account import name_field, new_email_field, normal_email


class CompanyForm(FlaskForm):
    """The name and currency of a company."""

    name = name_field(
        "Company name", "Enter your company's name.", render_kw={"autocomplete": "organization"}
    )
    currency = SelectField(
        "Currency",
        [InputRequired("Choose a currency.")],
        choices={code: f"{code} – {name}" for code, name in CURRENCIES.items()},
        render_kw={"autocomplete": "off"},
    )


class ProfileForm(FlaskForm):
    """Your own name and email; changing the email needs your password."""

    name = name_field("Your name", "Enter your name.", render_kw={"autocomplete": "name"})
    email = new_email_field(autocomplete="username")
    password = PasswordField("Current password", render_kw={"autocomplete": "current-password"})

    @property
    def changes_email(self) -> bool:
        return normal_email(self.email.data) != current_user.email

    def validate(self, extra_validators=None) -> bool:
        """Validate all fields, and allow your own email to stay."""
        if not self.changes_email:
            self.email.validators = ()
        is_valid = super().validate(extra_validators)
        password = self.password.data or ""
        if is_valid and self.changes_email and not current_user.has_password(password):
            self.password.errors = ["Enter your current password to change your email."]
            return False
        return is_valid
