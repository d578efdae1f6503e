"""Change many products at once: the confirmation page, the change, and its progress."""

from dataclasses import dataclass

from flask import flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from ..extensions import db
from ..http.tenancy import company_row, company_row_or_404, signed_in
from ..images.store_identity import ImagesHeld
from ..models import BulkChange, Image, Product, new_id
from ..products import bulk, bulk_jobs, rules, search
from ..products.bulk import Extent
from .blueprint import bp
from .list_view import ListView
from .selection import Selection, list_address

# Images shown for confirmation; a link leads to the products of the others.
SHOWN_MAX = 100


@dataclass(frozen=True)
class Wording:
    """button: the label in the list. done: follows "12 products were" in the result."""

    button: str
    done: str
    text: str = ""


WORDINGS = {
    bulk.ACTIVATE: Wording("Activate", "activated", "They are shown in your storefront."),
    bulk.DEACTIVATE: Wording("Deactivate", "deactivated", "They are hidden from your storefront."),
    bulk.CATEGORY: Wording("Set category", "given another category"),
    bulk.REMOVE_IMAGES: Wording("Remove images", "left without images"),
    bulk.DELETE: Wording("Delete", "deleted"),
}


@bp.post("/changes/confirm")
@signed_in
def confirm_change():
    """Ask to confirm the change of the chosen products; nothing is changed yet."""
    selection, action = Selection.of(request.form), request.form.get("action")
    if selection.is_empty or action not in WORDINGS:
        flash("Choose at least one product first.", "error")
        return redirect(list_address(request.form), 303)
    found = bulk.extent(selection.where, action)
    if not found.products:
        flash("The products that you chose are no longer in your inventory.", "error")
        return redirect(list_address(request.form), 303)
    return _question(selection, action, found)


@bp.post("/changes")
@signed_in
def change_products():
    """Change the chosen products now or in the queue; ask again if they have changed."""
    selection, action = Selection.of(request.form), request.form.get("action")
    if action not in WORDINGS:
        return redirect(list_address(request.form), 303)
    change_id = request.form.get("change_id", "")
    if before := company_row(BulkChange, change_id):
        return _outcome(before)
    category, problem = _read_category(selection, action)
    if problem:
        return _question(selection, action, bulk.extent(selection.where, action), problem), 422
    change = bulk_jobs.new_change(
        change_id if len(change_id) == 26 else new_id(), g.company.id, current_user.id, action
    )
    change.category = category
    try:
        bulk_jobs.begin(change, lambda: selection.where, request.form.get("confirmed", ""))
    except bulk_jobs.ExtentChanged as error:
        if not error.extent.products:
            flash("The products that you chose are no longer in your inventory.", "error")
            return redirect(list_address(request.form), 303)
        return _question(selection, action, error.extent, is_again=True), 409
    except ImagesHeld as error:
        db.session.rollback()
        found = bulk.extent(selection.where, action)
        return _question(selection, action, found, str(error)), 503
    except IntegrityError:
        # The same question was answered twice at once.
        db.session.rollback()
        return _outcome(company_row_or_404(BulkChange, change_id))
    return _outcome(company_row_or_404(BulkChange, change.id))


@bp.get("/changes/<change_id>")
@signed_in
def show_change(change_id: str) -> str:
    """Show the progress of a change, or its result."""
    change = company_row_or_404(BulkChange, change_id)
    return render_template("inventory/change.html", change=change, wording=WORDINGS[change.action])


@bp.get("/changes/<change_id>/progress")
@signed_in
def show_change_progress(change_id: str) -> str:
    """Fragment: the progress of a change."""
    change = company_row_or_404(BulkChange, change_id)
    wording = WORDINGS[change.action]
    return render_template("inventory/_change.html", change=change, wording=wording)


@bp.post("/changes/<change_id>/continue")
@signed_in
def continue_change(change_id: str) -> Response:
    """Resume a change that failed, after the products that it has done."""
    change = company_row_or_404(BulkChange, change_id)
    bulk_jobs.resume(change)
    return redirect(url_for(".show_change", change_id=change_id), 303)


def _read_category(selection: Selection, action: str) -> tuple[str | None, str | None]:
    """Return the typed category, and the error if it is not valid."""
    if action != bulk.CATEGORY:
        return None, None
    try:
        category = rules.category(request.form.get("new_category"))
    except ValueError as error:
        return None, str(error)
    is_missing = category is None and selection.whole_category
    return category, "Enter a new name for the category." if is_missing else None


def _question(
    selection: Selection,
    action: str,
    found: Extent,
    problem: str | None = None,
    is_again: bool = False,
) -> str:
    """Render the confirmation page. is_again: the products differ from those confirmed before."""
    deletes_images = action in bulk.DELETES_IMAGES
    return render_template(
        "inventory/confirm_change.html",
        selection=selection,
        action=action,
        wording=WORDINGS[action],
        extent=found,
        images=_images_that_go(selection) if deletes_images else [],
        linked=_links_that_go(selection) if deletes_images else [],
        categories=search.categories(g.company.id) if action == bulk.CATEGORY else [],
        new_category=request.form.get("new_category", ""),
        renamed=selection.whole_category if action == bulk.CATEGORY else "",
        problem=problem,
        is_again=is_again,
        change_id=new_id(),
        list_url=list_address(request.form),
    )


def _images_that_go(selection: Selection) -> list[Image]:
    asked = select(Image).join(Product, Image.product_id == Product.id).where(selection.where)
    asked = asked.order_by(Product.search_text, Product.id, Image.position, Image.id)
    return list(db.session.scalars(asked.options(selectinload(Image.product)).limit(SHOWN_MAX)))


def _links_that_go(selection: Selection) -> list[Product]:
    asked = select(Product).where(selection.where, Product.external_image_url.is_not(None))
    asked = asked.options(selectinload(Product.image)).order_by(Product.search_text, Product.id)
    return list(db.session.scalars(asked.limit(SHOWN_MAX)))


def _outcome(change: BulkChange) -> Response:
    """Redirect to the list with the result, or to the progress of a large change."""
    if change.status != bulk_jobs.DONE or change.total > bulk.PIECE:
        return redirect(url_for(".show_change", change_id=change.id), 303)
    flash(_done_sentence(change), "success")
    renamed = Selection.of(request.form).whole_category
    if change.action == bulk.CATEGORY and renamed:
        return redirect(ListView(category=change.category or "").url(), 303)
    return redirect(list_address(request.form), 303)


def _done_sentence(change: BulkChange) -> str:
    count = change.changed
    if not count:
        return "No changes. Every product is as you want it."
    noun = "1 product was" if count == 1 else f"{count:,} products were"
    return f"{noun} {WORDINGS[change.action].done}."
