"""The Product image field: what it shows, and the fragments that change it before Save."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import abort, current_app, g, render_template, request

from ..extensions import db
from ..forms.product import ImageForm
from ..http.tenancy import company_product_or_404, row_now, signed_in
from ..images import attachment, staging
from ..images.decoding.policies import MERCHANT, InvalidImage
from ..images.decoding.sandbox import SandboxError
from ..images.filenames import shortened
from ..images.store_identity import ImagesHeld
from ..images.stores.contract import StoreError
from ..models import READY, Image, Product
from .blueprint import bp

NOT_STORED = "The image could not be stored just now. Nothing is lost: try again."
BUSY = (
    "The server is too busy to read this image just now. Nothing is lost: choose it again in "
    "a minute."
)
NO_LONGER_KEPT = "The image that you chose is no longer kept. Please choose it again."


@dataclass
class ImageChoice:
    """What the field holds: the saved image, one that was chosen, or its removal.

    removed_ids: the product's other images that Save is to remove.
    """

    product: Product | None = None
    staged: Image | None = None
    is_removed: bool = False
    errors: Sequence[str] = ()
    removed_ids: frozenset[str] = frozenset()

    def read_anew(self) -> None:
        """Have both rows as they are now: after a commit either may be gone."""
        had_staged = self.staged is not None
        self.product, self.staged = row_now(self.product), row_now(self.staged)
        if had_staged and self.staged is None:
            self.errors = [*self.errors, NO_LONGER_KEPT]

    @property
    def shows_saved(self) -> bool:
        return self.has_saved and not self.staged and not self.is_removed

    @property
    def has_saved(self) -> bool:
        return bool(self.product and self.product.has_image)

    @property
    def is_change(self) -> bool:
        """Whether Save has to touch the product's images."""
        return (self.is_removed and self.has_saved) or bool(self.staged and not self.is_removed)

    @property
    def others(self) -> list[Image]:
        """The product's images beside its saved image, in their order."""
        if self.product is None:
            return []
        shown = None if self.product.external_image_url else self.product.image
        return [image for image in self.product.images if image is not shown]

    @property
    def removed_others(self) -> list[Image]:
        return [image for image in self.others if image.id in self.removed_ids]

    @property
    def successor(self) -> Image | None:
        """Which of the others becomes the product's image when Save removes that one."""
        if not self.is_removed:
            return None
        kept = (image for image in self.others if image.id not in self.removed_ids)
        return next((image for image in kept if image.status == READY), None)


def read_choice(form: ImageForm, product: Product | None) -> ImageChoice:
    """What the posted field held before this request; a choice that was swept is announced."""
    staged = attachment.staged_image(form.image_id.data, g.company.id)
    removed_ids = frozenset(request.form.getlist("removed_images"))
    choice = ImageChoice(product, staged, form.remove_image.data == "1", removed_ids=removed_ids)
    if form.image_id.data and not staged:
        choice.errors = [NO_LONGER_KEPT]
    return choice


def take_file(form: ImageForm, choice: ImageChoice) -> None:
    """A good file that came with the form is the choice now; a bad one leaves it as it was.

    Commits. Expects form.image to be validated.
    """
    if not form.image.data:
        return
    choice.errors = form.image.errors
    if choice.errors:
        return
    try:
        staged = staging.stage(g.company.id, form.image.data, MERCHANT)
    except InvalidImage as error:
        choice.errors = [error.message]
    except ImagesHeld as error:
        choice.errors = [str(error)]
    except StoreError:
        choice.errors = [NOT_STORED]
    except SandboxError as error:
        current_app.logger.error("an image could not be decoded: %s", error)
        choice.errors = [BUSY]
    else:
        discard_staged(choice)
        choice.staged, choice.is_removed = staged, False


def discard_staged(choice: ImageChoice) -> None:
    """What was chosen before is given up. Commits."""
    if choice.staged:
        # Where images are held, it goes by itself after a day.
        with suppress(ImagesHeld):
            attachment.discard(choice.staged)
            db.session.commit()
        choice.staged = None


def act(action: str, choice: ImageChoice) -> None:
    """Do what a button of the field says: remove, undo, keep (the saved image) or preview.

    "remove:<id>" and "undo:<id>" are about another image of the product.
    """
    action, _, image_id = action.partition(":")
    if image_id:
        others = choice.removed_ids - {image_id}
        choice.removed_ids = others | {image_id} if action == "remove" else others
    elif action == "remove":
        choice.is_removed = True
    elif action == "undo":
        choice.is_removed = False
    elif action == "keep":
        discard_staged(choice)
        choice.is_removed = False


def render_image_field(choice: ImageChoice, status: str = "") -> str:
    """The fragment; status: a sentence that is read out."""
    choice.read_anew()
    return render_template(
        "inventory/_image_field.html", choice=choice, policy=MERCHANT, status=status
    )


def _asked_product() -> Product | None:
    product_id = request.args.get("product_id")
    return company_product_or_404(product_id) if product_id else None


@bp.post("/image/preview")
@signed_in
def preview_image():
    """Stage the chosen file and show it; the product is untouched."""
    form = ImageForm()
    choice = read_choice(form, _asked_product())
    form.image.validate(form)
    if not form.image.data:
        choice.errors = ["Select an image."]
    take_file(form, choice)
    if choice.errors:
        return render_image_field(choice), 422
    return render_image_field(choice, f"{shortened(form.image.data.filename)} chosen.")


@bp.post("/image/remove")
@signed_in
def remove_image():
    """Show the field without an image; the product is untouched until Save."""
    return _after("remove", "Image removed from the form.")


@bp.post("/image/undo")
@signed_in
def undo_image():
    """Show the image that Remove image had taken out of the form."""
    return _after("undo", "Image restored.")


@bp.post("/image/keep")
@signed_in
def keep_image():
    """Give up the chosen image and show the saved one."""
    return _after("keep", "The saved image stays.")


@bp.post("/image/<image_id>/remove")
@signed_in
def remove_other_image(image_id: str):
    """Show another image of the product as removed; it is there until Save."""
    return _after_other("remove", image_id, "{} is removed when you save.")


@bp.post("/image/<image_id>/undo")
@signed_in
def undo_other_image(image_id: str):
    """Another image of the product stays after all."""
    return _after_other("undo", image_id, "{} stays.")


def _after_other(action: str, image_id: str, status: str) -> str:
    others = ImageChoice(_asked_product()).others
    image = next((one for one in others if one.id == image_id), None) or abort(404)
    return _after(f"{action}:{image_id}", status.format(image.filename))


def _after(action: str, status: str) -> str:
    choice = read_choice(ImageForm(), _asked_product())
    act(action, choice)
    return render_image_field(choice, status)
