"""Plan the changes that a file would make to the catalog, without changing anything."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..models import READY, Company, Image, Product
from ..models.image_addresses import ImageAddresses
from ..models.json_rows import is_among
from ..models.sku_keys import is_own_key, sku_key
from ..products import written_image_url
from .reading import ImportRow, Reading, RowError
from .spreadsheet_damage import damaged_columns, is_plain_number, without_zeros, zeros_sentence

COLUMNS = (
    *("sku", "name", "description", "category", "unit", "price_minor", "stock", "is_active"),
    "external_image_url",
)
NO_SKU = (
    "Enter a SKU: rows are matched by it. A product that has none yet gets its SKU in its form."
)
# Values of a new product for columns that the file lacks.
_DEFAULTS = {
    **{"description": None, "category": None, "unit": "each", "is_active": True},
    "external_image_url": None,
}


@dataclass(frozen=True)
class Saved:
    """A product in the database. values: of COLUMNS. image_url: None if not read."""

    id: str
    version: int
    values: dict
    image_url: str | None = None


@dataclass(frozen=True)
class Change:
    """The change that a line makes. saved: None for a new product; values: of COLUMNS, afterwards.

    image_change: what written_image_url.apply() has to do beyond values, or None.
    images_before: ids of the product's images, the shown one first. lost: ids
    of the images that are removed; lost_url: an external address that is removed.
    """

    line: int
    saved: Saved | None
    values: dict
    image_change: written_image_url.Change | None = None
    images_before: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    lost_url: str | None = None
    new_url: str | None = None

    @cached_property
    def fields(self) -> list[str]:
        """The names of the values that differ from the saved ones."""
        if self.saved is None:
            return list(COLUMNS)
        return [name for name in COLUMNS if self.values[name] != self.saved.values[name]]

    @property
    def is_empty(self) -> bool:
        return self.image_change is None and not self.fields

    @property
    def takes_image(self) -> bool:
        """Whether the change attaches or moves a hosted image."""
        return self.image_change is not None and self.image_change.kind in (
            written_image_url.COPY,
            written_image_url.MOVE,
        )

    @property
    def needs_copy(self) -> bool:
        return self.image_change is not None and self.image_change.kind == written_image_url.COPY

    @property
    def loses_image(self) -> bool:
        return bool(self.lost or self.lost_url)


@dataclass
class Plan:
    """All changes that a file makes. unchanged: number of rows that match what is saved."""

    changes: list[Change] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unchanged: int = 0

    @property
    def created(self) -> list[Change]:
        return [change for change in self.changes if change.saved is None]

    @property
    def updated(self) -> list[Change]:
        return [change for change in self.changes if change.saved is not None]

    @property
    def copies(self) -> list[Change]:
        return [change for change in self.changes if change.needs_copy]

    @property
    def lost_images(self) -> list[Change]:
        return [change for change in self.changes if change.loses_image]

    @property
    def counts(self) -> dict[str, int]:
        return {
            "created": len(self.created),
            "updated": len(self.updated),
            "unchanged": self.unchanged,
        }

    @property
    def fingerprint(self) -> str:
        """A hash that is equal for two plans exactly if they have the same effect."""
        told = hashlib.sha256(json.dumps([self.unchanged, len(self.errors)]).encode())
        # One by one: creating all effects at once would trigger a full garbage collection.
        for change in self.changes:
            told.update(json.dumps(_effect(change)).encode())
        return told.hexdigest()


def make_plan(company: Company, reading: Reading, is_locked: bool = False) -> Plan:
    """Plan the changes of the rows. is_locked: lock their products until the commit."""
    plan = Plan(errors=list(reading.errors))
    rows = [row for row in reading.rows if row.sku is not None]
    rows, saved = _matched(company, rows, reading, is_locked, plan.errors)
    read = _read_images(company, rows, saved, reading, plan.errors)
    for row in rows:
        if row.line not in read:
            change = Change(row.line, saved.get(row.line), _after(row, saved.get(row.line)))
        elif (of_row := read[row.line]) is None:
            continue
        else:
            change = of_row
        if change.is_empty:
            plan.unchanged += 1
        else:
            plan.changes.append(change)
    _match_without_sku(company, reading, plan)
    plan.errors.sort(key=lambda error: (error.line, -1 if error.index is None else error.index))
    return plan


def _matched(
    company: Company,
    rows: list[ImportRow],
    reading: Reading,
    is_locked: bool,
    errors: list[RowError],
) -> tuple[list[ImportRow], dict[int, Saved]]:
    """Return the valid rows, with SKUs as saved, and their products by line; add to errors."""
    own = _own_keys(company)
    keys = {row.line: own.get(row.sku) or sku_key(row.sku) or "" for row in rows}
    found = _saved_products(company, keys.values(), reading.has_image_urls, is_locked)
    wrong = _twice(rows, keys, reading.mapping)
    for row in rows:
        before = found.get(keys[row.line])
        for column, sentence in damaged_columns(
            row.values, before.values if before else None
        ).items():
            wrong.append(RowError(row.line, reading.mapping[column], sentence))
    new = [row for row in rows if keys[row.line] not in found]
    wrong += _without_their_zeros(company, new, reading.mapping)
    errors += wrong
    refused = {error.line for error in wrong}
    # A SKU that only looks the same in the file counts as the saved one.
    taken = [
        replace(row, values=row.values | {"sku": found[keys[row.line]].values["sku"]})
        if keys[row.line] in found
        else row
        for row in rows
        if row.line not in refused
    ]
    return taken, {row.line: found[keys[row.line]] for row in taken if keys[row.line] in found}


def _own_keys(company: Company) -> dict[str, str]:
    """Return, by SKU, the keys of products whose SKU looks like another product's."""
    asked = select(Product.sku, Product.sku_key).where(
        Product.company_id == company.id, is_own_key(Product.sku_key)
    )
    return {sku: key for sku, key in db.session.execute(asked) if sku and key}


def _twice(rows: list[ImportRow], keys: dict[int, str], mapping: dict[str, int]) -> list[RowError]:
    """Return an error for each line whose product is also on another line."""
    lines = defaultdict(list)
    for row in rows:
        lines[keys[row.line]].append(row.line)
    several = ((row, lines[keys[row.line]]) for row in rows if len(lines[keys[row.line]]) > 1)
    return [
        RowError(
            row.line,
            mapping["sku"],
            f"The SKU {row.sku} is on line {next(one for one in same if one != row.line)} too.",
        )
        for row, same in several
    ]


def _without_their_zeros(
    company: Company, rows: list[ImportRow], mapping: dict[str, int]
) -> list[RowError]:
    """Return an error for each new SKU like 7 that a spreadsheet may have made from 007."""
    numbers = [row for row in rows if is_plain_number(row.sku)]
    if not numbers:
        return []
    begins_with_zero = (Product.sku_key >= "0") & (Product.sku_key < "1")
    asked = select(Product.sku).where(Product.company_id == company.id, begins_with_zero)
    skus = (sku for sku in db.session.scalars(asked) if sku and sku.isascii() and sku.isdigit())
    # If there are several, take the shortest.
    whole = {without_zeros(sku): sku for sku in sorted(skus, key=len, reverse=True)}
    return [
        RowError(row.line, mapping["sku"], zeros_sentence(row.sku, whole[row.sku]))
        for row in numbers
        if row.sku in whole
    ]


def _after(row: ImportRow, saved: Saved | None) -> dict:
    return (saved.values if saved else _DEFAULTS) | row.values


def _effect(change: Change) -> list:
    before = change.saved.values if change.saved else {}
    fields = [[name, before.get(name), change.values[name]] for name in change.fields]
    image_change = change.image_change and [
        change.image_change.kind,
        change.image_change.url,
        change.image_change.image_id,
    ]
    return [change.line, change.saved and change.saved.id, fields, image_change, change.lost]


def _saved_products(
    company: Company, keys: Iterable[str], with_images: bool, is_locked: bool
) -> dict[str, Saved]:
    """Return the company's products with these SKU keys, by key."""
    # Lock in the order of ids, as every change of several products does, to avoid deadlocks.
    asked = _SAVED.where(
        Product.company_id == company.id, is_among(Product.sku_key, keys)
    ).order_by(Product.id)
    if is_locked:
        asked = asked.with_for_update()
    return _saved(asked, with_images)


_SAVED = select(
    Product.id,
    Product.version,
    Product.sku_key,
    *(getattr(Product, name) for name in COLUMNS),
)


def _saved(asked, with_images: bool) -> dict[str, Saved]:
    """Return the products that a query like _SAVED finds, by SKU key, or by id without a SKU."""
    found = db.session.execute(asked).all()
    shown = _shown_urls([row.id for row in found]) if with_images else {}
    products = {}
    for product_id, version, key, *values in found:
        stored = dict(zip(COLUMNS, values, strict=True))
        url = stored["external_image_url"] or shown.get(product_id)
        products[key or product_id] = Saved(product_id, version, stored, url)
    return products


@dataclass
class _Shown(ImageAddresses):
    """The parts of an image that its address needs."""

    id: str
    public_name: str


def _shown_urls(product_ids: list[str]) -> dict[str, str]:
    """Return the address of each product's hosted image."""
    asked = (
        select(Image.product_id, Image.id, Image.public_name)
        .where(is_among(Image.product_id, product_ids), Image.status == READY)
        # The last row of a product wins: the image with the lowest position.
        .order_by(Image.product_id, Image.position.desc(), Image.id.desc())
    )
    shown = {
        product: (image, name) for product, image, name in db.session.execute(asked) if product
    }
    return {product: _Shown(*image).url for product, image in shown.items()}


def _read_images(
    company: Company,
    rows: list[ImportRow],
    saved: dict[int, Saved],
    reading: Reading,
    errors: list[RowError],
) -> dict[int, Change | None]:
    """Return, by line, the change of each row whose imageUrl differs; None for an error."""
    if not reading.has_image_urls:
        return {}
    asked = [row for row in rows if row.image_url != _url_of(saved.get(row.line))]
    products = _products(saved[row.line].id for row in asked if row.line in saved)
    # Keep a reference, so that the session has them cached and no query per row is needed.
    named = _images(written_image_url.named_image_id(row.image_url) for row in asked)
    read: dict[int, Change | None] = {}
    for row in asked:
        before = saved.get(row.line)
        product = products.get(before.id) if before else None
        try:
            image_change = written_image_url.read_change(company, product, row.image_url)
        except written_image_url.InvalidImageUrl as error:
            errors.append(RowError(row.line, reading.mapping["imageUrl"], str(error)))
            read[row.line] = None
        else:
            read[row.line] = _change_of_row(row, before, product, image_change)
    del named
    return read


def _url_of(saved: Saved | None) -> str | None:
    return saved.image_url if saved else None


def _change_of_row(
    row: ImportRow,
    saved: Saved | None,
    product: Product | None,
    image_change: written_image_url.Change,
) -> Change:
    """Return the whole change of a row; an external address is set among the values if possible."""
    values = _after(row, saved)
    if image_change.kind == written_image_url.KEEP:
        return Change(row.line, saved, values)
    images = [image.id for image in product.images] if product else []
    hosted = product.image if product else None
    external = product.external_image_url if product else None
    shown = None if external else hosted
    if image_change.kind == written_image_url.EXTERNAL and shown is None:
        values["external_image_url"] = image_change.url
        return Change(row.line, saved, values, lost_url=external, new_url=row.image_url)
    if image_change.kind in (written_image_url.CLEAR, written_image_url.EXTERNAL):
        values["external_image_url"] = image_change.url
    lost = images if image_change.kind == written_image_url.CLEAR else [shown.id] if shown else []
    if image_change.kind == written_image_url.MOVE:
        lost = []
    return Change(
        row.line, saved, values, image_change, tuple(images), tuple(lost), external, row.image_url
    )


def _products(ids: Iterable[str]) -> dict[str, Product]:
    asked = (
        select(Product)
        .where(is_among(Product.id, ids))
        .options(selectinload(Product.image), selectinload(Product.images))
        .execution_options(populate_existing=True)
    )
    return {product.id: product for product in db.session.scalars(asked)}


def _images(ids: Iterable[str | None]) -> list[Image]:
    return list(db.session.scalars(select(Image).where(is_among(Image.id, filter(None, ids)))))


def _match_without_sku(company: Company, reading: Reading, plan: Plan) -> None:
    """Count rows without a SKU as unchanged if they match a product; else add an error."""
    rows = [row for row in reading.rows if row.sku is None]
    if not rows:
        return
    asked = _SAVED.where(Product.company_id == company.id, Product.sku.is_(None))
    saved = _saved(asked, reading.has_image_urls).values()
    for row in rows:
        if any(_equals_saved(row, product, reading) for product in saved):
            plan.unchanged += 1
        else:
            plan.errors.append(RowError(row.line, reading.mapping["sku"], NO_SKU))


def _equals_saved(row: ImportRow, saved: Saved, reading: Reading) -> bool:
    same_image = not reading.has_image_urls or row.image_url == saved.image_url
    return same_image and row.values.items() <= saved.values.items()
