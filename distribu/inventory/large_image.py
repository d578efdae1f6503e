"""An image of the list or the order picker, shown large with its details."""

from flask import render_template

from ..http.tenancy import company_product_or_404, signed_in
from .blueprint import bp


@bp.get("/<product_id>/image")
@signed_in
def show_image(product_id: str) -> str:
    """Fragment: the product's image, its facts, link and alt text."""
    product = company_product_or_404(product_id)
    image = None if product.external_image_url else product.image
    return render_template("inventory/_large_image.html", product=product, image=image)
