"""The company's name and currency."""

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from .. import audit
from ..extensions import db
from ..forms.company import CompanyForm
from ..http.tenancy import managers_only
from ..models import Product
from ..models.currencies import WITHOUT_DECIMALS
from .blueprint import bp


@bp.get("/company")
@managers_only
def show_company() -> str:
    """Show the form with the present values."""
    form = CompanyForm(formdata=None, name=g.company.name, currency=g.company.currency)
    return render_template("settings/company.html", form=form)


@bp.post("/company")
@managers_only
def change_company() -> ResponseReturnValue:
    """Save the name and the currency.

    The store's address and the number of every price stay the same; orders
    keep the currency in which they were placed.
    """
    form = CompanyForm()
    if not form.validate():
        return render_template("settings/company.html", form=form), 422
    before = {"name": g.company.name, "currency": g.company.currency}
    after = {"name": form.name.data, "currency": form.currency.data}
    if refusal := _prices_with_decimals(after["currency"]):
        form.currency.errors = [refusal]
        return render_template("settings/company.html", form=form), 422
    if before != after:
        g.company.name, g.company.currency = after["name"], after["currency"]
        audit.record("company.updated", "Company", g.company.id, before, after)
        db.session.commit()
    flash("The company settings are saved.", "success")
    return redirect(url_for(".show_company"), 303)


def _prices_with_decimals(currency: str) -> str:
    """Return the reason why a currency without decimals is impossible now, or ""."""
    if currency not in WITHOUT_DECIMALS or currency == g.company.currency:
        return ""
    count = db.session.scalar(
        select(func.count(Product.id)).where(
            Product.company_id == g.company.id, Product.price_minor % 100 != 0
        )
    )
    if not count:
        return ""
    prices = "1 price has" if count == 1 else f"{count:,} prices have"
    return f"{prices} decimals, and {currency} has none. Round them first."
