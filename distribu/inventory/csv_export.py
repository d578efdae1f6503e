"""Export the catalog as a CSV file; importing it unchanged changes nothing."""

from collections.abc import Iterator

from flask import Response, g, stream_with_context
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ..extensions import db
from ..http.tenancy import signed_in
from ..models import Product, utc_now
from ..models.currencies import digits
from ..products import csv_text
from .blueprint import bp

# Products loaded at a time; bounds memory.
CHUNK = 500


@bp.get("/export")
@signed_in
def export_products() -> Response:
    """Stream every product of the company as a CSV file, sorted by name."""
    name = f"{g.company.slug}-products-{utc_now():%Y-%m-%d}.csv"
    return csv_response(name, csv_text.COLUMNS, _rows(g.company.id, g.company.currency))


@bp.get("/import/template")
@signed_in
def download_template() -> Response:
    """Send a CSV file with only the header row."""
    return csv_response("products.csv", csv_text.COLUMNS, [])


def csv_response(
    name: str, header, rows, delimiter: str = ",", encoding: str = "utf-8-sig"
) -> Response:
    """Return a response that streams rows as a CSV download with this name."""
    pieces = csv_text.encoded(csv_text.lines(header, rows, delimiter), encoding)
    response = Response(stream_with_context(pieces))
    charset = "utf-8" if encoding == "utf-8-sig" else encoding
    response.headers["Content-Type"] = f"text/csv; charset={charset}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _rows(company_id: str, currency: str) -> Iterator[list[str]]:
    """Yield the products' rows from one query, so that the file shows one moment."""
    asked = (
        select(Product)
        .where(Product.company_id == company_id)
        .order_by(Product.search_text, Product.id)
        .options(selectinload(Product.image))
        .execution_options(yield_per=CHUNK)
    )
    # A separate session, since the request's session ends before the response is sent.
    with Session(db.engine) as session:
        yield from (_row(product, currency) for product in session.scalars(asked))


def _row(product: Product, currency: str) -> list[str]:
    return [
        product.sku or "",
        product.name,
        product.description or "",
        product.category or "",
        product.unit,
        digits(product.price_minor, currency),
        str(product.stock),
        "true" if product.is_active else "false",
        product.image_url or "",
    ]
