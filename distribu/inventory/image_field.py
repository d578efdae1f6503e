"""The image field of the product form, and the views that change it before Save."""

from collections.abc import Callable

from flask import abort, current_app, g, render_template, request
from sqlalchemy.exc import SQLAlchemyError

from ..extensions import db
from ..forms.image_file import examined
from ..forms.product import ImageForm
from ..http.tenancy import company_product_or_404, row_now, signed_in
from ..images import attachment, staging
from ..images.decoding.policies import MERCHANT
from ..images.decoding.side_data import SOURCE_TYPES
from ..images.filenames import shortened
from ..images.processing import ask_again
from ..images.stores.contract import StoreError
from ..models import Image, Product, utc_now
from ..products.rules import ALT_TEXT_MAX
from .blueprint import bp
from .image_choice import NO_LONGER_KEPT, ImageChoice
from .staged_images import discard, staged_or_problem

# Quarter turns clockwise, by the action of a button.
QUARTERS = {"rotate_left": -1, "rotate_right": 1}


def read_choice(form: ImageForm, product: Product | None) -> ImageChoice:
    """Read the state of the field from the form; report a chosen image that has expired.

    Commits: the image chosen before the staged one is discarded, since the
    browser has received the response that replaced it.
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
    """Return whether the product already has the image, as when the form is submitted twice."""
    return product is not None and any(image.id == image_id for image in product.images)


def take_file(form: ImageForm, choice: ImageChoice) -> None:
    """Choose the file that came with the form if it is valid; else keep the choice, with errors.

    Commits. Expects form.image to be validated. Raises StoreMisconfigured,
    which is answered with 503, because choosing again does not help.
    """
    if not form.image.data and not form.image.errors:
        return
    choice.errors = form.image.errors
    if not choice.errors:
        label = form.digital_source_type.data
        label = label if label in SOURCE_TYPES else None
        info = examined(form.image, MERCHANT)
        _choose(
            choice, lambda: staging.stage(g.company.id, form.image.data, info=info, label=label)
        )


def turn(choice: ImageChoice, quarters: int) -> None:
    """Choose the shown image turned clockwise by some quarter turns. Commits.

    Raises as take_file() does.
    """
    source = choice.shown
    if source is not None:
        _choose(choice, lambda: staging.stage_turned(g.company.id, source, quarters))


def turn_back(choice: ImageChoice) -> None:
    """Undo every turn of the chosen image. Commits, and raises as take_file() does."""
    staged = choice.staged
    if staged and staged.turn and staged.copied_from and choice.has_saved:
        # It is a turned copy of the saved image.
        discard_staged(choice)
    elif staged and staged.turn:
        turn(choice, -staged.turn)


def _choose(choice: ImageChoice, stage: Callable[[], Image]) -> None:
    """Choose the image that stage() returns; on failure, keep the choice and say why."""
    made = staged_or_problem(stage)
    if isinstance(made, str):
        choice.errors = [made]
        return
    # The response may be lost, and then the browser still refers to the earlier choice.
    choice.earlier, choice.staged, choice.is_removed = choice.staged, made, False


def discard_staged(choice: ImageChoice) -> None:
    """Discard the chosen image. Commits."""
    discard(choice.staged)
    choice.staged = None


def discard_earlier(choice: ImageChoice) -> None:
    """Discard the image that was chosen before the staged one. Commits."""
    discard(choice.earlier)
    choice.earlier = None


def settle_choice(choice: ImageChoice) -> None:
    """Queue the ladder of the saved image, and discard images that were chosen but not used.

    The save is already committed, so an error here is only logged.
    """
    try:
        discard_earlier(choice)
        choice.staged = row_now(choice.staged)
        if choice.staged and choice.staged.is_staged:
            discard_staged(choice)
        elif choice.staged:
            ask_again([choice.staged.id], utc_now())
    except (SQLAlchemyError, StoreError) as error:
        # The sweep discards a staged image after a day, and has missing ladders made before that.
        current_app.logger.warning("left to the sweep: %s", error)
        db.session().invalidate()


def act(action: str, choice: ImageChoice) -> None:
    """Apply a button of the field: remove, undo, keep (the saved image) or preview.

    Also rotate_left and rotate_right, and turn_back, which undoes both.
    "remove:<id>", "undo:<id>" and "first:<id>" refer to another image of the product.
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
    elif action in QUARTERS:
        turn(choice, QUARTERS[action])
    elif action == "turn_back":
        turn_back(choice)
    elif action == "keep":
        discard_staged(choice)
        choice.is_removed = False


def render_image_field(choice: ImageChoice, status: str = "") -> str:
    """Render the field. status: a sentence for screen readers."""
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
    """Stage the chosen file and show it; the product is not changed."""
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
    """Show the field without an image; the product is not changed until Save."""
    return _after("remove", "Image removed from the form.")


@bp.post("/image/undo")
@signed_in
def undo_image():
    """Show the image again that Remove image had hidden."""
    return _after("undo", "Image restored.")


@bp.post("/image/keep")
@signed_in
def keep_image():
    """Discard the chosen image and show the saved one."""
    return _after("keep", "The saved image stays.")


@bp.post("/image/rotate-left")
@signed_in
def rotate_left_image():
    """Show the image turned to the left; a saved one is not changed until Save."""
    return _after("rotate_left", "Image turned to the left.")


@bp.post("/image/rotate-right")
@signed_in
def rotate_right_image():
    """Show the image turned to the right; a saved one is not changed until Save."""
    return _after("rotate_right", "Image turned to the right.")


@bp.post("/image/turn-back")
@signed_in
def turn_back_image():
    """Show the image as it was before it was turned."""
    return _after("turn_back", "Image as it was.")


@bp.post("/image/<image_id>/remove")
@signed_in
def remove_other_image(image_id: str):
    """Show another image of the product as removed; it is kept until Save."""
    return _after_other("remove", image_id, "{} is removed when you save.")


@bp.post("/image/<image_id>/first")
@signed_in
def put_image_first(image_id: str):
    """Show another image of the product as the first one; the order is kept until Save."""
    return _after_other("first", image_id, "{} becomes the first image when you save.")


@bp.post("/image/<image_id>/undo")
@signed_in
def undo_other_image(image_id: str):
    """Undo the removal or move of another image of the product."""
    return _after_other("undo", image_id, "{} stays.")


def _after_other(action: str, image_id: str, status: str) -> str:
    others = ImageChoice(_asked_product()).others
    image = next((one for one in others if one.id == image_id), None) or abort(404)
    return _after(f"{action}:{image_id}", status.format(image.filename))


def _after(action: str, status: str):
    choice = read_choice(ImageForm(), _asked_product())
    act(action, choice)
    if choice.errors:
        return render_image_field(choice), 422
    return render_image_field(choice, status)
