"""Adding, editing and deleting a product."""

from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import RequestEntityTooLarge

from .. import audit
from ..extensions import db
from ..forms.interrupted import is_resumed, resumable
from ..forms.product import ProductForm, shown_price
from ..http.tenancy import company_product_or_404, company_row, row_now, signed_in
from ..images import attachment
from ..images.decoding.policies import MERCHANT
from ..images.store_identity import ImagesHeld
from ..models import Product, new_id
from . import csv_import
from .blueprint import bp
from .image_field import ImageChoice, act, discard_staged, read_choice, take_file


@bp.route("/new", methods=["GET", "POST"])
@resumable
@signed_in
def new_product():
    """The form for a product that does not exist yet."""
    if request.method == "GET":
        form = ProductForm(formdata=None)
        # "Save and add another" keeps these two.
        form.category.data = request.args.get("category", "")
        form.unit.data = request.args.get("unit", "each")
        return _page(form, ImageChoice())
    return _answer(None)


@bp.route("/<product_id>/edit", methods=["GET", "POST"])
@resumable
@signed_in
def edit_product(product_id: str):
    """The same form for a product of the catalog."""
    if request.method == "GET":
        product = company_product_or_404(product_id)
        return _page(ProductForm(product, formdata=None), ImageChoice(product))
    product = company_row(Product, product_id)
    return _answer(product) if product else _gone()


@bp.post("/cancel")
@signed_in
def cancel_form():
    """Leave the form: nothing has changed, and what was chosen is discarded."""
    staged = attachment.staged_image(request.form.get("image_id"), g.company.id)
    discard_staged(ImageChoice(staged=staged))
    return redirect(url_for("inventory.list_products"), 303)


@bp.get("/<product_id>/delete")
@signed_in
def confirm_delete(product_id: str):
    """Ask before a product is deleted, for browsers without JavaScript."""
    product = company_product_or_404(product_id)
    return render_template(
        "confirm.html",
        title=f"Delete {product.name}?",
        text=DELETE_TEXT,
        action=url_for("inventory.delete_product", product_id=product.id),
        confirm_label="Delete product",
        cancel_url=url_for("inventory.edit_product", product_id=product.id),
    )


DELETE_TEXT = (
    "The product and its images are deleted at once, and their addresses stop working. "
    "Orders keep its name, SKU and price. This cannot be undone."
)


@bp.post("/<product_id>/delete")
@signed_in
def delete_product(product_id: str):
    """The product is gone, and its images with it; orders keep what they copied."""
    product = company_product_or_404(product_id)
    try:
        product = attachment.lock_product(product.id, g.company.id)
    except attachment.StaleProduct:
        return redirect(url_for("inventory.list_products"), 303)
    name = product.name
    audit.record("product.deleted", "Product", product.id, before=audit.snapshot(product))
    attachment.remove_all(product)
    db.session.delete(product)
    db.session.commit()
    flash(f"{name} was deleted.", "success")
    return redirect(url_for("inventory.list_products"), 303)


@bp.errorhandler(RequestEntityTooLarge)
def refuse_giant(error: RequestEntityTooLarge):
    """Even a body that is not read to its end gets the form, with the sentence."""
    if request.endpoint == "inventory.upload_csv":
        return csv_import.refuse_giant()
    product_id = (request.view_args or {}).get("product_id")
    product = company_product_or_404(product_id) if product_id else None
    choice = ImageChoice(product, errors=[MERCHANT.byte_size_sentence])
    return _page(ProductForm(product, formdata=None), choice), 413


def _answer(product: Product | None):
    """What a posted form is answered: the list after a save, else the form with all it held."""
    form = ProductForm(product)
    choice = read_choice(form, product)
    if "image_action" in request.form or is_resumed():
        # A button of the image field, where no script sent it alone: nothing is saved.
        form.image.validate(form)
        take_file(form, choice)
        act(request.form.get("image_action", ""), choice)
        return _page(form, choice)
    is_valid = form.validate()
    take_file(form, choice)
    if not is_valid or choice.errors:
        return _refused(form, choice), 422
    return _save(form, choice)


def _gone():
    """The product is not there any more, or never was the company's: 404, and nothing is lost."""
    form = ProductForm()
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
        form.sku.errors = [f"Another product has the SKU {form.sku.value}."]
        return _refused(form, choice), 422
    if saved is None:
        return _refused(form, choice), 422
    if choice.is_removed:
        discard_staged(choice)
    flash(f"{saved['name']} was {'added' if is_new else 'saved'}.", "success")
    if "and_another" in request.form:
        kept = {"category": saved["category"] or "", "unit": saved["unit"]}
        return redirect(url_for("inventory.new_product", **kept), 303)
    return redirect(url_for("inventory.list_products"), 303)


def _create(form: ProductForm, choice: ImageChoice) -> dict:
    """What the answer says of the new product."""
    product = Product(id=new_id(), company_id=g.company.id)
    form.fill(product)
    db.session.add(product)
    db.session.flush()
    if choice.is_change:
        attachment.replace(product, choice.staged.id)
    after = audit.snapshot(product)
    audit.record("product.created", "Product", product.id, after=after)
    saved = _saved(product)
    db.session.commit()
    return saved


def _saved(product: Product) -> dict:
    # By the time of the answer somebody else may have deleted it.
    return {name: getattr(product, name) for name in ("name", "category", "unit")}


def _update(form: ProductForm, choice: ImageChoice) -> dict | None:
    """What the answer says of the saved product; None if its stock moved under a typed one."""
    (product_id,) = inspect(choice.product).identity
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
    form.fill(product)
    # First, since they may make the room that the chosen image needs.
    for image in choice.removed_others:
        attachment.remove(product, image)
    if choice.is_removed:
        attachment.remove(product)
    elif choice.is_change:
        attachment.replace(product, choice.staged.id)
    is_changed, saved = audit.record_update(product, before), _saved(product)
    if is_changed:
        db.session.commit()
    else:
        db.session.rollback()
    return saved


def _refused(form: ProductForm, choice: ImageChoice, differences=None, is_gone=False) -> str:
    """The form again, with all that was typed; what was chosen is kept another day."""
    db.session.rollback()
    if choice.staged:
        (staged_id,) = inspect(choice.staged).identity
        attachment.keep_longer(staged_id, g.company.id)
        db.session.commit()
    return _page(form, choice, differences, is_gone)


def _conflict(form: ProductForm, choice: ImageChoice):
    """Someone else saved first: say what, and keep what was typed and chosen."""
    product = row_now(choice.product)
    if product is None:
        return _gone()
    choice.product = form.product = product
    form.version.data = str(product.version)
    return _refused(form, choice, _differences(form, product)), 409


def _differences(form: ProductForm, product: Product) -> list[tuple[str, str]]:
    """Label and saved value of every field in which the form differs from the product."""
    saved = {name: getattr(product, name) or "" for name in ("name", "sku", "category", "unit")}
    saved |= {"description": product.description or "", "price": shown_price(product)}
    return [
        (form[name].label.text, value)
        for name, value in saved.items()
        if (form[name].data or "").replace("\r\n", "\n").strip() != value
    ]


def _page(form: ProductForm, choice: ImageChoice, differences=None, is_gone=False) -> str:
    had_product = choice.product is not None
    choice.read_anew()
    form.product = choice.product
    if had_product and choice.product is None:
        abort(make_response(_page(form, choice, differences, is_gone=True), 404))
    return render_template(
        "inventory/form.html",
        form=form,
        choice=choice,
        policy=MERCHANT,
        product=choice.product,
        differences=differences,
        is_gone=is_gone,
        delete_text=DELETE_TEXT,
        status="",
    )
