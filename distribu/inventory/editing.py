"""Add and edit a product."""

import json

from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from .. import audit
from ..extensions import db
from ..forms.interrupted import is_resumed, resumable
from ..forms.product import ProductForm, seen_state
from ..http.paging import cursor_after
from ..http.redirects import address_parts, local_path, open_page
from ..http.tenancy import company_product_or_404, company_row, row_now, signed_in
from ..images import attachment
from ..images.decoding.policies import MERCHANT
from ..images.store_identity import ImagesHeld
from ..models import Product
from ..products import search
from . import alt_texts, csv_import, images_in_a_form
from .blueprint import bp
from .deleting import DELETE_TEXT
from .differences import Differences, is_saved_already, since_opened
from .image_field import (
    ImageChoice,
    act,
    discard_staged,
    read_choice,
    settle_choice,
    take_file,
)
from .list_view import ListView

# Longer than any text that a merchant types, so that a field that is too long gets its own error
# and the rest of the form is kept.
MAX_FORM_BYTES = 8 * 1024 * 1024
TOO_MUCH_TEXT = "The text in this form is too long to be read. Shorten it, then save again."


@bp.url_value_preprocessor
def read_long_forms(_endpoint, _values) -> None:
    """Allow longer text than in other forms, before the CSRF check reads the form."""
    request.max_form_memory_size = MAX_FORM_BYTES


@bp.after_request
def let_browsers_keep_forms(response: Response) -> Response:
    """Let the browser cache the page of a form, so that Back restores the input.

    Browsers restore no input in a page with no-store. Shared caches keep
    nothing of it, and signing out clears the browser's cache.
    """
    is_form = request.endpoint in ("inventory.new_product", "inventory.edit_product")
    if is_form and response.status_code in (200, 409, 422):
        response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.route("/new", methods=["GET", "POST"])
@resumable
@signed_in
def new_product():
    """Show or submit the form for a new product."""
    if request.method == "GET":
        form = ProductForm(formdata=None)
        # "Save and add another" passes these two on.
        form.category.data = request.args.get("category", "")
        form.unit.data = request.args.get("unit", "each")
        form.reserve_id()
        form.return_to.data = _list_page()
        return _page(form, ImageChoice())
    return _add()


@bp.post("/new/save")
@signed_in
def save_new_product():
    """Save for the form's script: respond with HX-Redirect, or with the form's fragment."""
    return _add()


@bp.route("/<product_id>/edit", methods=["GET", "POST"])
@resumable
@signed_in
def edit_product(product_id: str):
    """Show or submit the form for an existing product."""
    if request.method == "GET":
        product = company_product_or_404(product_id)
        form = ProductForm(product, formdata=None)
        form.return_to.data = _list_page()
        if form.return_to.data:
            form.place.data = cursor_after(product, ListView.at(form.return_to.data).order)
        return _page(form, ImageChoice(product))
    return _edit(product_id)


@bp.post("/<product_id>/save")
@signed_in
def save_product(product_id: str):
    """Save for the form's script: respond with HX-Redirect, or with the form's fragment."""
    return _edit(product_id)


@bp.post("/cancel")
@signed_in
def cancel_form():
    """Leave the form without changes, and discard the chosen image."""
    form = ProductForm()
    discard_staged(read_choice(form, None))
    return redirect(_way_back(form, request.args.get("product_id")), 303)


@bp.errorhandler(RequestEntityTooLarge)
def refuse_giant(error: RequestEntityTooLarge):
    """Name the limit that was exceeded by a body too large to read."""
    if request.endpoint == "inventory.upload_csv":
        return csv_import.refuse_giant()
    if request.endpoint == "inventory.receive_images":
        return images_in_a_form.refuse_giant()
    is_image = (request.content_length or 0) > (request.max_content_length or 0)
    sentence = MERCHANT.byte_size_sentence if is_image else TOO_MUCH_TEXT
    if request.endpoint in _FRAGMENTS:
        # The form in the browser still has everything, so send only the sentence.
        elsewhere = {"HX-Retarget": "#save-error", "HX-Reswap": "innerHTML"}
        return make_response(sentence, 413, elsewhere)
    return render_template("errors/413.html", message=sentence), 413


def _add():
    form = ProductForm()
    made = company_row(Product, form.new_product_id)
    return _answer(form, None) if made is None else _answer_again(form, made)


def _edit(product_id: str):
    product = company_row(Product, product_id)
    return _answer(ProductForm(product), product) if product else _gone()


def _answer(form: ProductForm, product: Product | None):
    """Return the response to a submitted form: the list after a save, else the filled form."""
    choice = read_choice(form, product)
    if "image_action" in request.form or is_resumed():
        # A button of the image field, pressed without JavaScript: nothing is saved.
        form.image.validate(form)
        take_file(form, choice)
        act(request.form.get("image_action", ""), choice)
        return _page(form, choice)
    is_valid = form.validate()
    take_file(form, choice)
    if not is_valid or choice.errors:
        return _refused(form, choice), 422
    return _save(form, choice)


def _answer_again(form: ProductForm, product: Product):
    """Respond to a second submission of a new product's form, whose product already exists."""
    form.product = product
    choice = read_choice(form, product)
    is_valid = form.validate()
    take_file(form, choice)
    if is_valid and not choice.errors and is_saved_already(form, choice, product):
        return _saved(form, choice, _for_the_answer(product), is_new=True)
    return _conflict(form, choice, is_own=True)


def _gone():
    """Show the form with its input kept and 404, since its product does not exist."""
    form = ProductForm()
    form.reserve_id()
    choice = read_choice(form, None)
    form.image.validate(form)
    take_file(form, choice)
    return _refused(form, choice, is_gone=True), 404


def _save(form: ProductForm, choice: ImageChoice):
    is_new = choice.product is None
    try:
        saved = _create(form, choice) if is_new else _update(form, choice)
    except attachment.StaleProduct:
        return _conflict(form, choice)
    except attachment.ImageLimitReached as error:
        choice.errors = [str(error)]
        return _refused(form, choice), 422
    except attachment.ImageConflict:
        choice.errors = ["The image that you chose is in use elsewhere. Please choose it again."]
        choice.staged = None
        return _refused(form, choice), 409
    except ImagesHeld as error:
        choice.errors = [str(error)]
        return _refused(form, choice), 503
    except IntegrityError:
        db.session.rollback()
        return _collided(form, choice)
    if saved is None:
        return _refused(form, choice), 422
    return _saved(form, choice, saved, is_new)


def _collided(form: ProductForm, choice: ImageChoice):
    """Answer for a request that lost to another one with the same form or the same SKU."""
    made = company_row(Product, form.new_product_id) if choice.product is None else None
    if made is not None:
        return _answer_again(form, made)
    form.sku.errors = [f"Another product has the SKU {form.sku.value}."]
    return _refused(form, choice), 422


def _saved(form: ProductForm, choice: ImageChoice, saved: dict, is_new: bool) -> Response:
    """Redirect after a save: to the list, the next product, or a new form."""
    settle_choice(choice)
    flash(f"{saved['name']} was {'added' if is_new else 'saved'}.", "success")
    if "and_another" in request.form:
        kept = {"category": saved["category"] or "", "unit": saved["unit"]}
        if return_to := _list_page(form.return_to.data):
            kept["return_to"] = return_to
        return _go(url_for("inventory.new_product", **kept))
    return _go(_next_product(form) or _way_back(form, saved["id"]))


def _next_product(form: ProductForm) -> str | None:
    """Return the form of the next product in the list, if "Save and next" was pressed."""
    page = _list_page(form.return_to.data or "")
    if page is None or "and_next" not in request.form:
        return None
    product_id = ListView.at(page).product_after(form.place.data)
    if product_id is None:
        flash("That was the last product in this list.", "info")
        return None
    return url_for("inventory.edit_product", product_id=product_id, return_to=page)


def _go(url: str) -> Response:
    if request.endpoint in _FRAGMENTS:
        return open_page(url)
    return redirect(url, 303)


def _list_page(address: str | None = None) -> str | None:
    """Return the address if it is a page of the inventory list; if None, take the referrer's."""
    if address is None:
        referrer = address_parts(request.headers.get("Referer", ""))
        address = request.args.get("return_to")
        if address is None and referrer.netloc == request.host:
            address = f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path
    path = local_path(address)
    return path if path and path.partition("?")[0] == url_for("inventory.list_products") else None


def _way_back(form: ProductForm, product_id: str | None) -> str:
    """Return the page of the list that the merchant came from, at the product's row."""
    page = _list_page(form.return_to.data or "")
    if page is None:
        return url_for("inventory.list_products")
    return f"{page}#product-{product_id}" if product_id else page


def _create(form: ProductForm, choice: ImageChoice) -> dict:
    """Create the product and return its facts for the response."""
    product = Product(id=form.new_product_id, company_id=g.company.id)
    form.fill(product)
    db.session.add(product)
    db.session.flush()
    if choice.is_change:
        assert choice.staged is not None
        attachment.replace(product, choice.staged.id)
    alt_texts.save_shown(form, choice, product, None)
    after = audit.snapshot(product)
    audit.record("product.created", "Product", product.id, after=after)
    saved = _for_the_answer(product)
    db.session.commit()
    return saved


def _for_the_answer(product: Product) -> dict:
    """Return facts for the response now, since someone may delete the product after the commit."""
    return {name: getattr(product, name) for name in ("id", "name", "category", "unit")}


def _update(form: ProductForm, choice: ImageChoice) -> dict | None:
    """Update the product and return its facts; None if its stock changed since the form opened."""
    (product_id,) = inspect(choice.product).identity or ()
    product = attachment.lock_product(product_id, g.company.id, form.seen_version)
    if form.changes_stock and str(product.stock) != form.stock_shown.data:
        form.stock.errors = [
            f"Stock changed from {form.stock_shown.data} to {product.stock} "
            "while this form was open. Enter the stock that is right now."
        ]
        form.stock_shown.data = str(product.stock)
        db.session.rollback()
        return None
    before = audit.snapshot(product)
    shown = None if product.external_image_url else product.image
    form.fill(product)
    alt_texts.save_others(choice)
    # Remove these first, since the chosen image may need the room.
    for image in choice.removed_others:
        attachment.remove(product, image)
    if choice.is_removed:
        attachment.remove(product)
    elif choice.staged:
        attachment.replace(product, choice.staged.id)
    if choice.first_image:
        attachment.move(product, choice.first_image, None)
    alt_texts.save_shown(form, choice, product, shown)
    is_changed, saved = audit.record_update(product, before), _for_the_answer(product)
    if is_changed:
        db.session.commit()
    else:
        db.session.rollback()
    return saved


def _refused(
    form: ProductForm,
    choice: ImageChoice,
    differences: Differences | None = None,
    is_gone: bool = False,
) -> str:
    """Show the form again with its input, and keep the chosen image for another day."""
    db.session.rollback()
    if choice.staged:
        (staged_id,) = inspect(choice.staged).identity or ()
        attachment.keep_longer(staged_id, g.company.id)
        db.session.commit()
    # Show errors found by decoding in the form's summary too.
    form.image.errors = list(choice.errors)
    choice.alt_errors = form.alt_text.errors
    return _page(form, choice, differences, is_gone)


def _conflict(form: ProductForm, choice: ImageChoice, is_own: bool = False):
    """Show what someone else saved meanwhile, and keep the form's input and chosen image."""
    product = row_now(choice.product)
    if product is None:
        return _gone()
    if not is_own and is_saved_already(form, choice, product):
        return _saved(form, choice, _for_the_answer(product), is_new=False)
    differences = since_opened(form, product, is_own)
    choice.product = form.product = product
    form.version.data = str(product.version)
    form.seen.data = json.dumps(seen_state(product))
    return _refused(form, choice, differences), 409


# Views called by the form's script, which respond with a fragment or HX-Redirect.
_FRAGMENTS = {"inventory.save_new_product", "inventory.save_product"}


def _page(
    form: ProductForm,
    choice: ImageChoice,
    differences: Differences | None = None,
    is_gone: bool = False,
) -> str:
    had_product = choice.product is not None
    choice.read_anew()
    form.product = choice.product
    if had_product and choice.product is None:
        abort(make_response(_page(form, choice, differences, is_gone=True), 404))
    is_fragment = request.endpoint in _FRAGMENTS
    return render_template(
        "inventory/_product_form.html" if is_fragment else "inventory/form.html",
        form=form,
        choice=choice,
        policy=MERCHANT,
        product=choice.product,
        differences=differences,
        is_gone=is_gone,
        is_changed=request.method == "POST",
        delete_text=DELETE_TEXT,
        categories=search.categories(g.company.id),
        status="",
    )
