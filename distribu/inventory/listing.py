"""The inventory list."""

from flask import g, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..models import Product
from ..tenancy import signed_in
from . import bp


@bp.get("")
@signed_in
def list_products():
    """The company's products by name, with their thumbnails."""
    products = db.session.scalars(
        select(Product)
        .where(Product.company_id == g.company.id)
        .order_by(Product.name, Product.id)
        .options(selectinload(Product.image))
        .limit(50)
    ).all()
    return render_template(
        "inventory/list.html", products=products, query=request.args.get("q", "")
    )
