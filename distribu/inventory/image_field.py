"""The Product image field: what it shows, and the fragments that change it before Save."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from flask import abort, current_app, g, render_template, request
from sqlalchemy import Row, select

from ..extensions import db
from ..forms.image_file import examined
from ..forms.product import ImageForm
from ..http.tenancy import company_product_or_404, row_now, signed_in
from ..images import attachment, staging
from ..images.decoding.policies import MERCHANT, InvalidImage
from ..images.decoding.sandbox import SandboxBusy, SandboxError
from ..images.filenames import readable_name, shortened
from ..images.store_identity import ImagesHeld
from ..images.stores.contract import StoreError, StoreMisconfigured
from ..models import READY, Image, Product
from ..products.rules import ALT_TEXT_MAX
from .blueprint import bp
from .receipt import receipt

NOT_STORED = "The image could not be stored just now. Nothing is lost: try again."
BUSY = (
    "The server is too busy to read this image just now. Nothing is lost: choose it again in "
    "a minute."
)
INTERRUPTED = "We could not process the image just now. Try again."
# The wide column of the product page, on a screen of two pixels a point.
SHARP_PX = 1000
GOOGLE_SHOPPING_PX = 500
GOOGLE_SHOPPING = "Google Shopping needs at least 500 x 500 px from January 31, 2027."
ALSO_USED_BY_MAX = 3
NAMES_OF_CAMERAS = frozenset(
    {"img", "image", "dsc", "dscf", "dscn", "pxl", "photo", "picture", "pic", "screenshot", "scan"}
    | {"untitled", "unnamed", "whatsapp", "mvimg", "download"}
)
NO_LONGER_KEPT = "The image that you chose is no longer kept. Please choose it again."


@dataclass
class ImageChoice:
    """What the field holds: the saved image, one that was chosen, or its removal.

    earlier: what was chosen before the staged image. removed_ids: the
    product's other images that Save is to remove. alt_text: what was typed
    for the image that is shown; other_alts: for the others, by their ids.
    first_id: the other image that Save is to put before all others.
    """

    product: Product | None = None
    staged: Image | None = None
    is_removed: bool = False
    errors: Sequence[str] = ()
    removed_ids: frozenset[str] = frozenset()
    earlier: Image | None = None
    alt_text: str | None = None
    alt_errors: Sequence[str] = ()
    other_alts: dict[str, str] = field(default_factory=dict)
    first_id: str = ""

    def read_anew(self) -> None:
        """Have both rows as they are now: after a commit either may be gone."""
        had_staged = self.staged is not None
        self.product, self.staged = row_now(self.product), row_now(self.staged)
        self.earlier = row_now(self.earlier)
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
        is_replaced = bool(self.staged and not self.is_removed)
        return (self.is_removed and self.has_saved) or is_replaced or bool(self.first_image)

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
        if self.first_image:
            return self.first_image
        if not self.is_removed:
            return None
        kept = (image for image in self.others if image.id not in self.removed_ids)
        return next((image for image in kept if image.status == READY), None)

    @property
    def first_image(self) -> Image | None:
        """Which of the others Save puts first; none where an image was chosen for that place."""
        if self.staged and not self.is_removed:
            return None
        kept = (image for image in self.others if image.id not in self.removed_ids)
        return next((one for one in kept if (one.id, one.status) == (self.first_id, READY)), None)

    @property
    def shown(self) -> Image | None:
        """The hosted image that the field shows: the chosen one, or the saved one."""
        if self.is_removed:
            return None
        saved = self.product.image if self.has_saved and self.shows_saved else None
        return self.staged or (None if saved and self.product.external_image_url else saved)

    @property
    def warnings(self) -> list[str]:
        """What a merchant may want to know of the image's size before shoppers see it."""
        image = self.shown
        if image is None:
            return []
        said = []
        if image.width_px < SHARP_PX:
            said.append(
                f"{image.width_px:,} px wide: looks soft on the product page "
                f"({SHARP_PX:,} px or more is good)."
            )
        if min(image.width_px, image.height_px) < GOOGLE_SHOPPING_PX:
            said.append(GOOGLE_SHOPPING)
        return said

    @property
    def receipt(self) -> list[str]:
        """What publishing the shown image has changed, in sentences."""
        return receipt(self.shown) if self.shown else []

    def also_used_by(self) -> Sequence[Row]:
        """Id and name of other products that show the same bytes, a few of them."""
        if self.shown is None:
            return []
        query = (
            select(Product.id, Product.name)
            .join(Image, Image.product_id == Product.id)
            .where(Image.company_id == g.company.id, Image.sha256 == self.shown.sha256)
            .distinct()
            .limit(ALSO_USED_BY_MAX)
        )
        if self.product:
            query = query.where(Product.id != self.product.id)
        return db.session.execute(query).all()

    @property
    def shown_alt(self) -> str:
        """The alt text in the field: as typed, or as saved."""
        if self.alt_text is not None:
            return self.alt_text
        return (self.product.image_alt or "") if self.product else ""

    @property
    def jpeg_url(self) -> str | None:
        """The link to the saved image as a JPEG; None where it is one, or the JPEG is not made."""
        image = self.product.image if self.product else None
        if image is None or self.product.external_image_url or image.format == "JPEG":
            return None
        return image.marketplace_url if image.derivative(image.marketplace_path) else None

    @property
    def suggested_alt(self) -> str:
        """What the name of the chosen file says, where that is made of words."""
        shown = self.staged or (self.product.image if self.product else None)
        return words_of(shown.filename) if shown else ""

    @property
    def other_alt_names(self) -> list[str]:
        """The names of the form fields that hold the alt texts of the other images."""
        return [f"alt_text-{image.id}" for image in self.others]

    @property
    def changed_alts(self) -> dict[Image, str]:
        """The other images whose alt text was typed anew."""
        typed = ((image, self.other_alts.get(image.id)) for image in self.others)
        return {image: text for image, text in typed if text not in (None, image.alt_text)}


def words_of(filename: str) -> str:
    """The filename as an alt text, where it is made of words; "" for IMG_1234.jpg."""
    text = readable_name(filename)
    words = text.lower().split()
    is_named = words and all(word.isalpha() or word.isdecimal() for word in words)
    is_plain = not any(word in NAMES_OF_CAMERAS for word in words)
    return text[0].upper() + text[1:] if is_named and is_plain and words[0].isalpha() else ""


def read_choice(form: ImageForm, product: Product | None) -> ImageChoice:
    """What the posted field held before this request; a choice that was swept is announced.

    Commits: what was chosen before the staged image is discarded, since the
    browser has seen the answer that displaced it.
    """
    staged = attachment.staged_image(form.image_id.data, g.company.id)
    removed_ids = frozenset(request.form.getlist("removed_images"))
    choice = ImageChoice(product, staged, form.remove_image.data == "1", removed_ids=removed_ids)
    choice.first_id = request.form.get("first_image", "")
    if form.alt_text.raw_data:
        choice.alt_text = form.alt_text.data
    choice.other_alts = {
        image.id: " ".join(request.form[f"alt_text-{image.id}"].split())
        for image in choice.others
        if f"alt_text-{image.id}" in request.form
    }
    if any(len(text) > ALT_TEXT_MAX for text in choice.other_alts.values()):
        choice.errors = [f"Alt text can have at most {ALT_TEXT_MAX} characters."]
    if staged:
        earlier = attachment.staged_image(form.earlier_image_id.data, g.company.id)
        choice.earlier = earlier if earlier is not staged else None
        discard_earlier(choice)
    elif form.image_id.data and not _is_own(product, form.image_id.data):
        choice.errors = [NO_LONGER_KEPT]
    return choice


def _is_own(product: Product | None, image_id: str) -> bool:
    """Whether the chosen image is the product's by now: the same form was sent before."""
    return product is not None and any(image.id == image_id for image in product.images)


def take_file(form: ImageForm, choice: ImageChoice) -> None:
    """A good file that came with the form is the choice now; a bad one leaves it as it was.

    Commits. Expects form.image to be validated. Raises StoreMisconfigured,
    which is a 503: choosing again does not help.
    """
    if not form.image.data and not form.image.errors:
        return
    choice.errors = form.image.errors
    if choice.errors:
        return
    try:
        info = examined(form.image, MERCHANT)
        staged = staging.stage(g.company.id, form.image.data, MERCHANT, info=info)
    except InvalidImage as error:
        choice.errors = [error.message]
    except ImagesHeld as error:
        choice.errors = [str(error)]
    except StoreMisconfigured:
        raise
    except StoreError:
        choice.errors = [NOT_STORED]
    except SandboxError as error:
        current_app.logger.error("an image could not be decoded: %s", error)
        choice.errors = [BUSY if isinstance(error, SandboxBusy) else INTERRUPTED]
    else:
        # The answer may never arrive; then the browser still holds the earlier choice.
        choice.earlier, choice.staged, choice.is_removed = choice.staged, staged, False


def discard_staged(choice: ImageChoice) -> None:
    """Give up the chosen image. Commits."""
    _discard(choice.staged)
    choice.staged = None


def discard_earlier(choice: ImageChoice) -> None:
    """Give up what was chosen before the staged image. Commits."""
    _discard(choice.earlier)
    choice.earlier = None


def _discard(image: Image | None) -> None:
    if image:
        # Where images are held, it goes by itself after a day.
        with suppress(ImagesHeld):
            attachment.discard(image)
            db.session.commit()


def act(action: str, choice: ImageChoice) -> None:
    """Do what a button of the field says: remove, undo, keep (the saved image) or preview.

    "remove:<id>" and "undo:<id>" are about another image of the product.
    """
    action, _, image_id = action.partition(":")
    if image_id:
        others = choice.removed_ids - {image_id}
        choice.removed_ids = others | {image_id} if action == "remove" else others
        if action == "first":
            choice.first_id = image_id
        elif choice.first_id == image_id:
            choice.first_id = ""
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


@bp.post("/image/<image_id>/first")
@signed_in
def put_image_first(image_id: str):
    """Show another image of the product as the first one; the order stays until Save."""
    return _after_other("first", image_id, "{} becomes the first image when you save.")


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
