"""Delete a product, after a page that asks for confirmation."""

from flask import flash, g, redirect, render_template, url_for

from .. import audit
from ..extensions import db
from ..http.tenancy import company_product_or_404, signed_in
from ..images import attachment
from .blueprint import bp

DELETE_TEXT = (
    "The product and its images are deleted at once, and their addresses stop working. "
    "Orders keep its name, SKU and price. This cannot be undone."
)


@bp.get("/<product_id>/delete")
@signed_in
def confirm_delete(product_id: str):
    """Ask for confirmation, for browsers without JavaScript."""
    product = company_product_or_404(product_id)
    return render_template(
        "confirm.html",
        title=f"Delete {product.name}?",
        text=DELETE_TEXT,
        action=url_for("inventory.delete_product", product_id=product.id),
        confirm_label="Delete product",
        cancel_url=url_for("inventory.edit_product", product_id=product.id),
    )


@bp.post("/<product_id>/delete")
@signed_in
def delete_product(product_id: str):
    """Delete the product and its images; orders keep its name, SKU and price."""
    product = company_product_or_404(product_id)
    try:
        product = attachment.lock_product(product.id, g.company.id)
    except attachment.StaleProduct:
        return redirect(url_for("inventory.list_products"), 303)
    name = product.name
    audit.record("product.deleted", "Product", product.id, before=audit.snapshot(product))
    attachment.remove_all(product)
    db.session.delete(product)
    db.session.commit()
    flash(f"{name} was deleted.", "success")
    return redirect(url_for("inventory.list_products"), 303)
