"""Many images without JavaScript: several files in one form, and a table of those received."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from ..config import MEBIBYTE
from ..extensions import db
from ..forms.image_file import examined
from ..forms.product import ImageForm
from ..http.tenancy import signed_in
from ..images import attachment, staging
from ..images.decoding.policies import MERCHANT
from ..images.filenames import last_part
from ..images.store_identity import ImagesHeld
from ..images.writing import sha256
from ..models import Image, Product
from ..models.sku_keys import sku_key
from .blueprint import bp
from .drop_plan import MATCHED, SAME, DroppedFile, DropPlan, plan_drop, seen_by_drop
from .image_saving import ProductChanged, discard_staged, save_image
from .staged_images import INTERRUPTED, staged_or_problem

FILES_MAX = 20
BYTES_MAX = 50 * MEBIBYTE
LIMITS = f"At most {FILES_MAX} files and {BYTES_MAX // MEBIBYTE} MB at a time."
TOO_LARGE = f"The files are too large together. {LIMITS}"
NOT_ALL = f"More files were chosen than can be taken, so the last ones were left out. {LIMITS}"


@dataclass
class ArrivedImage:
    """A staged image in the table. sku: as typed. choices: products that it may belong to."""

    image: Image
    product: Product | None = None
    sku: str = ""
    seen: str = ""
    choices: Sequence[Product] = ()
    error: str = ""


@bp.url_value_preprocessor
def bound_files(endpoint, _values) -> None:
    """Refuse a body that is too large before reading all of it."""
    if endpoint == "inventory.receive_images":
        request.max_content_length = BYTES_MAX


@bp.post("/images")
@signed_in
def receive_images() -> ResponseReturnValue:
    """Stage the files, and show which product each belongs to; no product is changed."""
    chosen = [upload for upload in request.files.getlist("images") if upload.filename]
    errors = [NOT_ALL] if len(chosen) > FILES_MAX else []
    uploads = chosen[:FILES_MAX]
    if not uploads:
        return many_images_page(["Select an image."], status=422)
    files = [
        DroppedFile(last_part(upload.filename or ""), sha256=sha256(upload.stream))
        for upload in uploads
    ]
    arrived = []
    for row, upload in zip(plan_drop(g.company.id, files).rows, uploads, strict=True):
        if row.kind == SAME:
            continue
        staged = _staged(upload)
        if isinstance(staged, str):
            errors.append(f"{row.file.path}: {staged}")
        else:
            arrived.append((row.index, staged.id))
    # Each staging commits, so plan again: products may have changed meanwhile.
    plan = plan_drop(g.company.id, files)
    rows = [_arrived(plan, index, image_id) for index, image_id in arrived]
    same = DropPlan([row for row in plan.rows if row.kind == SAME])
    return many_images_page(errors, rows, same, status=422 if errors else 200)


@bp.post("/images/apply")
@signed_in
def apply_images() -> ResponseReturnValue:
    """Save each image under the SKU beside it; show those again that cannot be saved."""
    may_replace, saved, left = request.form.get("replace") == "1", 0, []
    for image_id in request.form.getlist("image_id")[:FILES_MAX]:
        image = attachment.staged_image(image_id, g.company.id)
        sku = request.form.get(f"sku-{image_id}", "").strip()
        if image is None:
            continue
        if not sku:
            discard_staged(image_id)
            continue
        if error := _apply(image_id, sku, may_replace):
            left.append((image_id, sku, error))
        else:
            saved += 1
    if saved:
        flash(f"{saved} {'image was' if saved == 1 else 'images were'} saved.", "success")
    if not left:
        return redirect(url_for("inventory.list_products"), 303)
    return many_images_page((), _again(left), may_replace=may_replace, status=422)


def many_images_page(
    errors: Sequence[str] = (),
    arrived: Sequence[ArrivedImage] = (),
    plan: DropPlan | None = None,
    may_replace: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    """Render the page. arrived: images received from the form. plan: the other rows."""
    page = render_template(
        "inventory/many_images.html",
        plan=plan or DropPlan(),
        errors=errors,
        arrived=arrived,
        may_replace=may_replace,
        policy=MERCHANT,
        limits=LIMITS,
        plan_url=url_for("inventory.plan_images"),
    )
    return make_response(page, status)


def refuse_giant() -> ResponseReturnValue:
    """Return the response to a body that was too large to read."""
    return many_images_page([TOO_LARGE], status=413)


def _staged(upload: FileStorage) -> Image | str:
    """Return the staged image of a file, or the sentence that says why there is none."""
    form = ImageForm(formdata=None)
    form.image.data = upload
    if not form.image.validate(form):
        return str(form.image.errors[0])
    info = examined(form.image, MERCHANT)
    return staged_or_problem(lambda: staging.stage(g.company.id, upload, info=info))


def _arrived(plan: DropPlan, index: int, image_id: str) -> ArrivedImage:
    row, image = plan.rows[index], db.session.get_one(Image, image_id)
    if row.kind == MATCHED:
        assert row.product is not None
        return ArrivedImage(image, row.product, row.product.sku or "", row.seen, row.products)
    return ArrivedImage(image, choices=[one for one in row.products if one.sku])


def _apply(image_id: str, sku: str, may_replace: bool) -> str:
    """Save the image and return ""; on failure, keep it staged and return a sentence."""
    product = _product_of(sku)
    if product is None:
        return f"No product has the SKU {sku}."
    shown = request.form.get(f"seen-{image_id}", "")
    seen, product_id = seen_by_drop(product), product.id
    if product.has_image and not may_replace:
        return "This product has an image now. Tick “Replace images that are already there”."
    if shown != seen and _sku_of(shown) == product.sku:
        return "This product was changed in the meantime. Look at it again, then save."
    try:
        save_image(product_id, image_id, seen, may_replace)
    except (ProductChanged, attachment.StaleProduct):
        return "This product was changed in the meantime. Look at it again, then save."
    except attachment.ImageLimitReached as error:
        return str(error)
    except attachment.ImageConflict:
        return INTERRUPTED
    except ImagesHeld as error:
        return str(error)
    return ""


def _sku_of(shown: str) -> str | None:
    """Return the SKU of the product that a row showed, whatever was typed in it since."""
    try:
        return json.loads(shown)[0]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None


def _product_of(sku: str) -> Product | None:
    own = (Product.company_id == g.company.id) & (Product.sku_key == sku_key(sku))
    return db.session.scalar(select(Product).where(own))


def _again(left: list[tuple[str, str, str]]) -> list[ArrivedImage]:
    """Return rows for the images that were not saved, which are kept for another day."""
    for image_id, _, _ in left:
        attachment.keep_longer(image_id, g.company.id)
    db.session.commit()
    rows = []
    for image_id, sku, error in left:
        product, image = _product_of(sku), attachment.staged_image(image_id, g.company.id)
        if image:
            seen = seen_by_drop(product) if product else ""
            rows.append(ArrivedImage(image, product, sku, seen, error=error))
    return rows
