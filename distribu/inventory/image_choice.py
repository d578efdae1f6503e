"""The state of the product form's image field before Save, and sentences about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import g
from sqlalchemy import Row, select

from ..extensions import db
from ..http.tenancy import row_now
from ..images.filenames import readable_name
from ..models import READY, SMALL_IMAGE_PX, Image, Product
from .receipt import receipt

# The wide column of the product page, on a screen with two pixels per point.
SHARP_PX = 1000
GOOGLE_SHOPPING = "Google Shopping needs at least 500 x 500 px from January 31, 2027."
ALSO_USED_BY_MAX = 3
NAMES_OF_CAMERAS = frozenset(
    {"img", "image", "dsc", "dscf", "dscn", "pxl", "photo", "picture", "pic", "screenshot", "scan"}
    | {"untitled", "unnamed", "whatsapp", "mvimg", "download"}
)
NO_LONGER_KEPT = "The image that you chose is no longer kept. Please choose it again."


@dataclass
class ImageChoice:
    """The state of the field: the saved image, a chosen image, or a removal.

    earlier: the image chosen before the staged one. removed_ids: other
    images of the product that Save will remove. alt_text: the text typed for
    the shown image; other_alts: for the others, by id. first_id: the other
    image that Save will put first.
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
        """Read both rows again, since either may have been deleted after a commit."""
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
        """Whether Save has to change the product's images."""
        is_replaced = bool(self.staged and not self.is_removed)
        return (self.is_removed and self.has_saved) or is_replaced or bool(self.first_image)

    @property
    def others(self) -> list[Image]:
        """The product's images other than the saved image, in order."""
        if self.product is None:
            return []
        shown = None if self.product.external_image_url else self.product.image
        return [image for image in self.product.images if image is not shown]

    @property
    def removed_others(self) -> list[Image]:
        return [image for image in self.others if image.id in self.removed_ids]

    @property
    def successor(self) -> Image | None:
        """The image that replaces the product's image when Save removes it, or None."""
        if self.first_image:
            return self.first_image
        if not self.is_removed:
            return None
        kept = (image for image in self.others if image.id not in self.removed_ids)
        return next((image for image in kept if image.status == READY), None)

    @property
    def first_image(self) -> Image | None:
        """The other image that Save will put first; None if a chosen image takes that place."""
        if self.staged and not self.is_removed:
            return None
        kept = (image for image in self.others if image.id not in self.removed_ids)
        return next((one for one in kept if (one.id, one.status) == (self.first_id, READY)), None)

    @property
    def shown(self) -> Image | None:
        """The hosted image that the field shows: the chosen one, or the saved one."""
        if self.is_removed:
            return None
        if self.product is None or not self.shows_saved or self.product.external_image_url:
            return self.staged
        return self.staged or self.product.image

    @property
    def warnings(self) -> list[str]:
        """Warnings for the merchant about an image that is too small."""
        image = self.shown
        if image is None:
            return []
        said = []
        if image.width_px < SHARP_PX:
            said.append(
                f"{image.width_px:,} px wide: looks soft on the product page "
                f"({SHARP_PX:,} px or more is good)."
            )
        if min(image.width_px, image.height_px) < SMALL_IMAGE_PX:
            said.append(GOOGLE_SHOPPING)
        return said

    @property
    def receipt(self) -> list[str]:
        """Sentences about what publishing has changed in the shown image."""
        return receipt(self.shown) if self.shown else []

    def also_used_by(self) -> Sequence[Row]:
        """Return id and name of a few other products that show the same bytes."""
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
        """The alt text in the field, as typed or as saved."""
        if self.alt_text is not None:
            return self.alt_text
        return (self.product.image_alt or "") if self.product else ""

    @property
    def jpeg_url(self) -> str | None:
        """The URL of the saved image as JPEG; None if it is a JPEG itself or none is made yet."""
        image = self.product.image if self.product else None
        if (
            image is None
            or self.product is None
            or self.product.external_image_url
            or image.format == "JPEG"
        ):
            return None
        return image.marketplace_url if image.derivative(image.marketplace_path) else None

    @property
    def suggested_alt(self) -> str:
        """An alt text made from the filename, or "" if that is not made of words."""
        shown = self.staged or (self.product.image if self.product else None)
        return words_of(shown.filename) if shown else ""

    @property
    def other_alt_names(self) -> list[str]:
        """The names of the form fields for the alt texts of the other images."""
        return [f"alt_text-{image.id}" for image in self.others]

    @property
    def changed_alts(self) -> dict[Image, str]:
        """The other images whose alt text was changed in the form, with the new text."""
        typed = ((image, self.other_alts.get(image.id)) for image in self.others)
        return {image: text for image, text in typed if text not in (None, image.alt_text)}


def words_of(filename: str) -> str:
    """Return the filename as an alt text if it is made of words; "" for IMG_1234.jpg."""
    text = readable_name(filename)
    words = text.lower().split()
    is_named = words and all(word.isalpha() or word.isdecimal() for word in words)
    is_plain = not any(word in NAMES_OF_CAMERAS for word in words)
    return text[0].upper() + text[1:] if is_named and is_plain and words[0].isalpha() else ""
