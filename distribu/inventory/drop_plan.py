"""Plan which product each dropped file belongs to, before any upload."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..forms.product import image_identity
from ..matching.batch import AMBIGUOUS, MATCHED, SECOND, UNMATCHED, Outcome, match
from ..matching.catalog import Catalog
from ..matching.filenames import OTHER_IMAGE, read_path
from ..matching.suggestions import Suggester
from ..models import Image, Product
from ..models.json_rows import is_among

SAME = "same"
FILES_MAX = 10_000
PATH_MAX = 1000
SHOWN_KINDS = (AMBIGUOUS, UNMATCHED, MATCHED, SECOND, SAME, OTHER_IMAGE)
# Wording of the summary for these kinds: singular, plural.
_REST = (
    (AMBIGUOUS, "needs you", "need you"),
    (UNMATCHED, "finds none", "find none"),
    (SAME, "is the same already", "are the same already"),
)


@dataclass(frozen=True)
class DroppedFile:
    """A file described by the browser or received in a form. sha256: "" if unknown."""

    path: str
    byte_size: int = 0
    sha256: str = ""
    image_id: str = ""


@dataclass(frozen=True)
class Row:
    """A file in the table. products: the one that it matches, or those that it may belong to."""

    index: int
    file: DroppedFile
    kind: str
    products: Sequence[Product] = ()
    why: str = ""
    taken: str = ""
    type: str = ""

    @property
    def product(self) -> Product | None:
        return self.products[0] if self.kind in (MATCHED, SECOND, SAME) and self.products else None

    @property
    def seen(self) -> str:
        return seen_by_drop(self.product) if self.product else ""


@dataclass
class DropPlan:
    """All rows of a drop. to_hash: files that may equal an existing image, judging by size."""

    rows: list[Row] = field(default_factory=list)
    to_hash: list[int] = field(default_factory=list)

    @property
    def counts(self) -> Counter:
        return Counter(row.kind for row in self.rows)

    def of(self, kind: str) -> list[Row]:
        """Return the rows of one kind, sorted by path."""
        return sorted((row for row in self.rows if row.kind == kind), key=lambda row: row.file.path)

    @property
    def summary(self) -> str:
        """A text that says how many images match a product, and counts the other outcomes."""
        counts = self.counts
        found = counts[MATCHED] + counts[SECOND]
        images = sum(counts[kind] for kind in SHOWN_KINDS)
        find = "image finds its" if images == 1 else "images find their"
        said = [f"{found:,} of {images:,} {find} product."]
        for kind, one, several in _REST:
            if counts[kind]:
                said.append(f"{counts[kind]:,} {one if counts[kind] == 1 else several}.")
        return " ".join(said)

    @property
    def other_paths(self) -> list[str]:
        return sorted(row.file.path for row in self.rows if row.kind not in SHOWN_KINDS)


def read_files(text: str) -> list[DroppedFile]:
    """Parse the JSON list of files that a browser sends. Raises ValueError."""
    told = json.loads(text)
    if not isinstance(told, list) or len(told) > FILES_MAX:
        raise ValueError(f"At most {FILES_MAX:,} files can be dropped at a time.")
    return [_read_file(one) for one in told]


def _read_file(told: dict) -> DroppedFile:
    path, byte_size, sha256 = (told.get(name) for name in ("path", "size", "sha256"))
    if not isinstance(path, str) or not isinstance(byte_size, int):
        raise ValueError("a file has a path and a size")
    return DroppedFile(path[:PATH_MAX], min(max(byte_size, 0), 2**53), str(sha256 or "")[:64])


def plan_drop(company_id: str, files: Sequence[DroppedFile]) -> DropPlan:
    """Match each file to the catalog as it is now; nothing is written."""
    catalog = Catalog(_skus(company_id))
    outcomes = match([file.path for file in files], catalog)
    same = _same_images(company_id, {file.sha256 for file in files} - {""})
    owners = [_owner_of_same(*pair, same) for pair in zip(files, outcomes, strict=True)]
    suggested = _suggested(files, outcomes, catalog)
    wanted = {one for outcome in outcomes for one in outcome.product_ids}
    products = _products(company_id, wanted.union(*suggested.values(), filter(None, owners)))
    plan = DropPlan(to_hash=_to_hash(company_id, files, outcomes))
    for index, (file, outcome, owner) in enumerate(zip(files, outcomes, owners, strict=True)):
        product_ids = (owner,) if owner else outcome.product_ids or suggested.get(index, ())
        taken = files[outcome.taken].path if outcome.taken is not None else ""
        plan.rows.append(
            Row(
                index,
                file,
                SAME if owner else outcome.kind,
                [products[one] for one in product_ids if one in products],
                outcome.why,
                taken,
                outcome.type,
            )
        )
    return plan


def seen_by_drop(product: Product) -> str:
    """Return the state of a product that the table shows; saving refuses if it has changed."""
    return json.dumps([product.sku, product.name, image_identity(product)])


def is_same_image(product: Product, sha256: str) -> bool:
    """Return whether an image of the product has these bytes, as uploaded or as published."""
    own = Image.product_id == product.id
    digest = or_(Image.sha256 == sha256, Image.published_sha256 == sha256)
    return db.session.scalar(select(Image.id).where(own, digest).limit(1)) is not None


def _skus(company_id: str) -> list[tuple[str, str]]:
    own = (Product.company_id == company_id) & Product.sku.is_not(None)
    rows = db.session.execute(select(Product.id, Product.sku).where(own))
    return [(product_id, sku) for product_id, sku in rows if sku is not None]


def _products(company_id: str, product_ids: Iterable[str]) -> dict[str, Product]:
    own = (Product.company_id == company_id) & is_among(Product.id, sorted(product_ids))
    asked = select(Product).where(own).options(selectinload(Product.image))
    return {product.id: product for product in db.session.scalars(asked)}


def _suggested(
    files: Sequence[DroppedFile], outcomes: Sequence[Outcome], catalog: Catalog
) -> dict[int, list[str]]:
    """Return, for each file that matches nothing, products with similar SKUs."""
    unmatched = [index for index, one in enumerate(outcomes) if one.kind == UNMATCHED]
    if not unmatched:
        return {}
    suggester = Suggester(catalog)
    return {
        index: [
            sku.product_id
            for sku in suggester.suggest(read_path(files[index].path, catalog.types).stem)
        ]
        for index in unmatched
    }


def _same_images(company_id: str, digests: set[str]) -> dict[str, set[str]]:
    """Return, by digest, the products that have an image with these bytes."""
    found: dict[str, set[str]] = defaultdict(set)
    if not digests:
        return found
    own = (Image.company_id == company_id) & Image.product_id.is_not(None)
    for column in (Image.sha256, Image.published_sha256):
        asked = select(column, Image.product_id).where(own, is_among(column, sorted(digests)))
        for digest, product_id in db.session.execute(asked):
            if digest is not None and product_id is not None:
                found[digest].add(product_id)
    return found


def _owner_of_same(file: DroppedFile, outcome: Outcome, same: dict[str, set[str]]) -> str | None:
    """Return the product that already has these bytes; for a matched file only its own product.

    One photograph may be meant for two products, under two filenames.
    """
    owners = same.get(file.sha256, set())
    if outcome.kind == MATCHED:
        return next(iter(owners & set(outcome.product_ids)), None)
    is_image = outcome.kind in (SECOND, AMBIGUOUS, UNMATCHED)
    return min(owners, default=None) if is_image else None


def _to_hash(
    company_id: str, files: Sequence[DroppedFile], outcomes: Sequence[Outcome]
) -> list[int]:
    """Return the files as large as some image, whose digest is worth asking for."""
    looked_at = [
        index
        for index, (file, one) in enumerate(zip(files, outcomes, strict=True))
        if one.kind in (MATCHED, SECOND, AMBIGUOUS, UNMATCHED) and not file.sha256
    ]
    published = Image.derivatives[(0, "byte_size")].as_integer()
    own = (Image.company_id == company_id) & Image.product_id.is_not(None)
    known: set[int] = set()
    for column in (Image.byte_size, published) if looked_at else ():
        known.update(db.session.scalars(select(column).where(own).distinct()))
    return [index for index in looked_at if files[index].byte_size in known]
