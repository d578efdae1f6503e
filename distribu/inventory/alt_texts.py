"""The alt texts that were typed in the image field, written at Save."""

from ..extensions import db
from ..forms.product import ProductForm
from ..models import Image, Product
from .image_field import ImageChoice


def save_others(choice: ImageChoice) -> None:
    """Give the other images the words that were typed for them, while they still are the others."""
    for image, text in choice.changed_alts.items():
        image.alt_text = text


def save_shown(
    form: ProductForm, choice: ImageChoice, product: Product, shown: Image | None
) -> None:
    """Give the image that the form showed its words, now that Save has put it in its place.

    shown: the product's hosted image before Save replaced it or put
    another one first. Expects a valid form.
    """
    if choice.is_removed or not form.alt_text.raw_data:
        return
    text = form.alt_text.value
    if choice.staged:
        db.session.get_one(Image, choice.staged.id, populate_existing=True).alt_text = text
    elif text == (form.seen_state or {}).get("alt_text"):
        # Someone else may have replaced the image meanwhile: these words are not about theirs.
        return
    elif shown:
        shown.alt_text = text
    elif product.external_image_url:
        product.external_image_alt = text
