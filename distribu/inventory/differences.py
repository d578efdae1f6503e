"""Find changes that someone else saved while a form was open."""

from dataclasses import dataclass

from ..forms.product import COMPARED, ProductForm, image_identity, seen_state
from ..models import Product
from .image_field import ImageChoice


@dataclass(frozen=True)
class Differences:
    """The differences between the saved product and the one that the form showed.

    changes: sentences. is_image_changed: whether its image was replaced.
    is_own: whether this same form had already created the product.
    """

    changes: list[str]
    is_image_changed: bool
    is_own: bool = False


def since_opened(form: ProductForm, product: Product, is_own: bool) -> Differences:
    """Compare the product as the form showed it with the product as it is saved now.

    If the form does not contain what it showed, compare what was typed.
    """
    seen, saved = form.seen_state, seen_state(product)
    known = seen if seen is not None else _typed(form)
    changed = [name for name in saved if name in known and known[name] != saved[name]]
    # If the image changed, its alt text is not a separate change.
    silent = {"image", "alt_text"} if "image" in changed else set()
    return Differences(
        [_sentence(form, name, saved[name]) for name in changed if name not in silent],
        "image" in changed,
        is_own,
    )


def is_saved_already(form: ProductForm, choice: ImageChoice, product: Product) -> bool:
    """Return whether the product already equals the form, as when it is submitted twice.

    Expects a valid form.
    """
    saved = seen_state(product)
    same_text = all((form[name].value or "") == saved[name] for name in COMPARED)
    return (
        same_text
        and form.price.value == product.price_minor
        and form.is_active.data == product.is_active
        and (not form.changes_stock or form.stock.value == product.stock)
        and _is_image_saved(form, choice, product)
    )


def _is_image_saved(form: ProductForm, choice: ImageChoice, product: Product) -> bool:
    if choice.removed_others or choice.first_image or choice.changed_alts:
        return False
    if choice.is_removed:
        seen = (form.seen_state or {}).get("image")
        return not product.has_image or (bool(seen) and seen != image_identity(product))
    if form.alt_text.raw_data and form.alt_text.value != (product.image_alt or ""):
        return False
    if choice.staged:
        image = None if product.external_image_url else product.image
        return image is not None and image.sha256 == choice.staged.sha256
    return True


def _typed(form: ProductForm) -> dict:
    typed = {name: _normal(form[name].data) for name in (*COMPARED, "price")}
    return typed | {"is_active": form.is_active.data}


def _normal(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _sentence(form: ProductForm, name: str, value: str | bool) -> str:
    if name == "is_active":
        return f"The product is now {'active' if value else 'inactive'}."
    label = form[name].label.text
    return f"{label} is now saved as “{value}”." if value else f"{label} is now empty."
