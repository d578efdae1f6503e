"""Many images at once: the table of dropped files, and saving them one by one."""

import json

from flask import current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..forms.image_file import examined
from ..forms.product import ImageForm
from ..http.error_handlers import STORE_FULL, STORE_REFUSES
from ..http.tenancy import company_product_or_404, company_row, signed_in
from ..images import attachment, staging
from ..images.decoding.policies import MERCHANT, InvalidImage
from ..images.decoding.sandbox import SandboxBusy, SandboxError
from ..images.store_identity import ImagesHeld
from ..images.stores.contract import StoreError, StoreFull, StoreMisconfigured
from ..images.writing import sha256
from ..models import Product
from ..products import search
from . import drop_plan
from .blueprint import bp
from .drop_plan import DroppedFile, Row
from .image_choice import ImageChoice
from .image_saving import ProductChanged, discard_staged, is_as_seen, save_image
from .images_in_a_form import many_images_page
from .staged_images import INTERRUPTED, NOT_STORED

FOUND_MAX = 8
# Retry-After: a decoder is soon free again, a store that is down takes longer.
BUSY_SECONDS, STORE_SECONDS = 5, 30
BUSY = "The server is busy with other images."


@bp.get("/images")
@signed_in
def many_images():
    """Show the page for dropping or choosing files."""
    return many_images_page()


@bp.post("/images/plan")
@signed_in
def plan_images():
    """Fragment: the plan for files whose names and sizes the browser sends."""
    try:
        files = drop_plan.read_files(request.form.get("files", ""))
    except (ValueError, AttributeError, RecursionError) as error:
        return make_response(str(error), 422)
    plan = drop_plan.plan_drop(g.company.id, files)
    answer = make_response(render_template("inventory/_drop_plan.html", plan=plan))
    answer.headers["Files-To-Hash"] = json.dumps(plan.to_hash)
    return answer


@bp.get("/images/products")
@signed_in
def find_products_for_image():
    """Fragment: the products that match the search typed in a file's row."""
    typed = request.args.get("q", "").strip()
    found: list[Product] = []
    if typed:
        asked = select(Product).where(search.matching(g.company.id, typed))
        asked = asked.options(selectinload(Product.image))
        asked = asked.order_by(*search.BY_NAME.order(False)).limit(FOUND_MAX)
        found = list(db.session.scalars(asked))
    return render_template(
        "inventory/_drop_choices.html", products=found, row=_asked_row(), typed=typed
    )


@bp.get("/images/<product_id>/row")
@signed_in
def show_image_row(product_id: str):
    """Fragment: the row of a file to which a person has assigned this product."""
    row = _asked_row(company_product_or_404(product_id))
    return render_template("inventory/_drop_row.html", row=row)


@bp.post("/images/<product_id>")
@signed_in
def save_one_image(product_id: str) -> ResponseReturnValue:
    """Stage the file and save it as the product's image, as the form does; report the outcome."""
    product = company_product_or_404(product_id)
    form = ImageForm()
    form.image.validate(form)
    if form.image.errors or not form.image.data:
        return _said("refused", form.image.errors or ["Select an image."], 422)
    if drop_plan.is_same_image(product, sha256(form.image.data.stream)):
        return _said("same", ["This product already has this image."])
    seen, may_replace = request.form.get("seen", ""), request.form.get("replace") == "1"
    if not is_as_seen(product, seen, may_replace):
        return _changed(product_id)
    try:
        _stage_and_save(product_id, form, seen, may_replace)
    except InvalidImage as error:
        return _said("refused", [error.message], 422)
    except (ProductChanged, attachment.StaleProduct):
        return _changed(product_id)
    except attachment.ImageConflict as error:
        return _said("refused", [str(error) if _is_sentence(error) else INTERRUPTED], 422)
    except ImagesHeld as error:
        return _said("busy", [str(error)], 503, STORE_SECONDS)
    except StoreFull:
        return _said("stopped", [STORE_FULL], 503)
    except StoreMisconfigured as error:
        current_app.logger.error("the image store refuses an image: %s", error)
        return _said("stopped", [STORE_REFUSES], 503)
    except StoreError:
        return _said("busy", [NOT_STORED], 503, STORE_SECONDS)
    except SandboxError as error:
        return _not_decoded(error)
    return _saved(product_id)


def _stage_and_save(product_id: str, form: ImageForm, seen: str, may_replace: bool) -> None:
    info = examined(form.image, MERCHANT)
    image_id = staging.stage(g.company.id, form.image.data, MERCHANT, info=info).id
    try:
        save_image(product_id, image_id, seen, may_replace)
    except (ProductChanged, attachment.ImageConflict, ImagesHeld):
        discard_staged(image_id)
        raise


def _is_sentence(error: attachment.ImageConflict) -> bool:
    return isinstance(error, attachment.ImageLimitReached)


def _not_decoded(error: SandboxError) -> ResponseReturnValue:
    current_app.logger.error("an image could not be decoded: %s", error)
    if isinstance(error, SandboxBusy):
        return _said("busy", [BUSY], 503, BUSY_SECONDS)
    # The file itself may crash its decoder, so let a person decide whether to send it again.
    return _said("refused", [INTERRUPTED], 422)


def _saved(product_id: str) -> ResponseReturnValue:
    choice = ImageChoice(company_row(Product, product_id))
    choice.read_anew()
    return _said("saved", [*choice.receipt], warnings=choice.warnings)


def _changed(product_id: str) -> ResponseReturnValue:
    """Report that the product differs from what the table showed, with its present state."""
    db.session.rollback()
    product = company_row(Product, product_id)
    if product is None:
        return _said("refused", ["This product has been deleted."], 409)
    if product.has_image and request.form.get("replace") != "1":
        said = "This product has an image now, so it was left alone."
    else:
        said = "This product was changed in the meantime. Look at it again, then try again."
    answer = _said("changed", [said], 409)
    answer.headers["Seen-Now"] = json.dumps(drop_plan.seen_by_drop(product))
    return answer


def _said(outcome: str, sentences, status=200, retry_after=None, warnings=()):
    """Fragment: the outcome for a file, which a header repeats for the script."""
    body = render_template("inventory/_drop_said.html", sentences=sentences, warnings=warnings)
    answer = make_response(body, status, {"Image-Outcome": outcome})
    if retry_after:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def _asked_row(product: Product | None = None) -> Row:
    text = request.args.get("index", "")
    index = int(text) if text.isdecimal() and len(text) < 7 else 0
    file = DroppedFile(request.args.get("path", "")[: drop_plan.PATH_MAX])
    products = [product] if product else []
    return Row(index, file, drop_plan.MATCHED, products, "chosen by you")
