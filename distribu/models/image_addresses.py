"""Addresses and sizes of an image, as pages show them."""

import json
from dataclasses import dataclass
from typing import Protocol

from flask import current_app

from ..images.decoding.policies import COMMERCE, EXTENSIONS
from ..images.decoding.wire import PublishedFile

# A card of many may show its thumbnail enlarged for a moment; a product's own page may not.
LARGE_BOX_PX = 1000


class ImageAddresses:
    """Whatever has an image's id, public_name, derivatives and is_staged.

    derivatives: what is published, a dict of path ("" for the stable
    image, which is the first), format, width_px, height_px and
    byte_size each.
    """

    id: str
    public_name: str
    derivatives: list[PublishedFile]
    is_staged: bool

    def key(self, path: str = "") -> str:
        """The key of the derivative at path, and its URL's path; "": the stable image."""
        return f"images/{self.id}/{path or self.public_name}"

    @property
    def url(self) -> str:
        """The absolute public URL of the stable image."""
        return self._public_url("")

    @property
    def marketplace_path(self) -> str:
        """Return the path of the JPEG for marketplaces, where they do not take the stable image."""
        return f"{self.public_name.rpartition('.')[0]}.jpg"

    @property
    def marketplace_url(self) -> str:
        """The absolute URL of an image that every marketplace takes; the stable one's, if it is."""
        path = self.marketplace_path
        return self._public_url(path if self.derivative(path) else "")

    @property
    def share_url(self) -> str:
        """The absolute URL of the JPEG for other sites; the stable image's until it is made."""
        return self._public_url(self.share["path"])

    @property
    def share(self) -> PublishedFile:
        """The derivative at share_url."""
        made = (made for made in self.derivatives if made["path"].endswith("/share.jpg"))
        return next(made, self.derivatives[0])

    def page_url(self, path: str = "") -> str:
        """The URL of a derivative for Distribu's own pages."""
        return f"{self._page_base()}/{self.key(path)}"

    def srcset(self, format: str, width_limit: int) -> str:
        """The widths that exist in format, none above width_limit, as a srcset.

        "" without any, and for a large box until the ladder is there:
        the stable image is sharper than the first thumbnail.
        """
        if not self._is_sharp_at(width_limit):
            return ""
        prefix = f"{self._page_base()}/images/{self.id}/"
        return ", ".join(
            f"{prefix}{made['path']} {made['width_px']}w"
            for made in self._ladder(format)
            if made["width_px"] <= width_limit
        )

    def fallback_url(self, width_limit: int) -> str:
        """Return the address for browsers without srcset: the largest allowed, or the smallest."""
        return self.page_url(self._fallback(width_limit)["path"])

    def display_size(self, width_limit: int) -> tuple[int, int]:
        """Width and height in pixels for the <img>, in the image's own proportions."""
        stable = self.derivatives[0]
        width = min(width_limit, stable["width_px"])
        return width, max(1, round(width * stable["height_px"] / stable["width_px"]))

    def widths(self, format: str) -> list[int]:
        """The widths that exist in format, the smallest first."""
        return sorted(made["width_px"] for made in self._ladder(format))

    @property
    def format_of_widths(self) -> str:
        """The format in which ?format=500w is answered: WebP, unless the image has it in its own.

        Only what the commerce API takes has widths of its own beside those for pages.
        """
        own = self.derivatives[0]["format"] if self.derivatives else "WEBP"
        return own if own in COMMERCE.formats and self._ladder(own) else "WEBP"

    def rung(self, width: str) -> PublishedFile | None:
        """Return the derivative that ?format= answers for a width such as "500", or None."""
        ladder = self._ladder(self.format_of_widths)
        return next((made for made in ladder if str(made["width_px"]) == width), None)

    def derivative(self, path: str) -> PublishedFile | None:
        """Return the derivative that is published at path, or None."""
        return next((made for made in self.derivatives if made["path"] == path), None)

    def _public_url(self, path: str) -> str:
        base = current_app.config["IMAGE_BASE_URL"] or current_app.config["PUBLIC_URL"]
        return f"{base}/{self.key(path)}"

    def _page_base(self) -> str:
        # A staged image is private: only the app may answer for it.
        base: str = current_app.config["IMAGE_BASE_URL"]
        return "" if self.is_staged else base

    def _ladder(self, format: str) -> list[PublishedFile]:
        suffix = f"w.{EXTENSIONS[format]}"
        return [
            made
            for made in self.derivatives
            if made["format"] == format and made["path"].endswith(suffix)
        ]

    def _is_sharp_at(self, width_limit: int) -> bool:
        """Return whether the ladder is complete, or its first thumbnail sharp enough here."""
        if width_limit < LARGE_BOX_PX:
            return True
        widest = max((made["width_px"] for made in self._ladder("WEBP")), default=0)
        wanted = min(width_limit, self.derivatives[0]["width_px"])
        return widest >= wanted or self.share["path"] != ""

    def _fallback(self, width_limit: int) -> PublishedFile:
        if not self._is_sharp_at(width_limit):
            return self.derivatives[0]
        webp = self._ladder("WEBP")
        fitting = [made for made in webp if made["width_px"] <= width_limit]
        if fitting:
            return max(fitting, key=lambda made: made["width_px"])
        return min(webp, key=lambda made: made["width_px"], default=self.derivatives[0])


class ImageRow(Protocol):
    """The columns of a product and its image, as a page selects them; derivatives is JSON."""

    @property
    def image_id(self) -> str | None: ...
    @property
    def public_name(self) -> str | None: ...
    @property
    def derivatives(self) -> str | None: ...
    @property
    def placeholder_color(self) -> str | None: ...
    @property
    def external_image_url(self) -> str | None: ...


@dataclass(frozen=True)
class PublishedImage(ImageAddresses):
    """An image for everyone, from the columns that a page needs: no ORM row."""

    id: str
    public_name: str
    derivatives: list[PublishedFile]
    placeholder_color: str
    alt_text: str = ""
    is_staged: bool = False

    @classmethod
    def of(cls, row: ImageRow, alt_text: str = "") -> "PublishedImage | None":
        """The image of a product's row; None without one, or where an external one is shown.

        row: has image_id, public_name, derivatives as JSON text,
        placeholder_color and external_image_url.
        """
        if row.external_image_url or not row.image_id:
            return None
        assert row.public_name and row.derivatives and row.placeholder_color
        derivatives = json.loads(row.derivatives)
        return cls(row.image_id, row.public_name, derivatives, row.placeholder_color, alt_text)
