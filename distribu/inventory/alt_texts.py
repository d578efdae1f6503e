"""Save the alt texts that were typed in the image field."""

from ..extensions import db
from ..forms.product import ProductForm
from ..models import Image, Product
from .image_field import ImageChoice


def save_others(choice: ImageChoice) -> None:
    """Save the alt texts that were typed for the product's other images."""
    for image, text in choice.changed_alts.items():
        image.alt_text = text


def save_shown(
    form: ProductForm, choice: ImageChoice, product: Product, shown: Image | None
) -> None:
    """Save the alt text that was typed for the image shown in the form.

    shown: the product's hosted image before Save replaced it or put
    another one first. Expects a valid form.
    """
    if choice.is_removed or not form.alt_text.raw_data:
        return
    text = form.alt_text.value
    if choice.staged:
        db.session.get_one(Image, choice.staged.id, populate_existing=True).alt_text = text
    elif text == (form.seen_state or {}).get("alt_text"):
        # Someone else may have replaced the image, and this text does not describe theirs.
        return
    elif shown:
        shown.alt_text = text
    elif product.external_image_url:
        product.external_image_alt = text
