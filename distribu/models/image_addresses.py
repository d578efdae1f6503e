"""Addresses and sizes of an image, for pages that show it."""

import json
from dataclasses import dataclass
from typing import Protocol

from flask import current_app

from ..images.decoding.policies import COMMERCE, EXTENSIONS
from ..images.decoding.wire import PublishedFile

# In boxes smaller than this, an enlarged thumbnail is acceptable until the ladder is made.
LARGE_BOX_PX = 1000


class ImageAddresses:
    """URLs of an image and its derivatives, for an Image row or a PublishedImage.

    derivatives: the published files, each a dict of path ("" for the stable
    image, which comes first), format, width_px, height_px and byte_size.
    """

    id: str
    public_name: str
    derivatives: list[PublishedFile]
    is_staged: bool

    def key(self, path: str = "") -> str:
        """Return the key of the derivative at path ("": the stable image), also its URL path."""
        return f"images/{self.id}/{path or self.public_name}"

    @property
    def url(self) -> str:
        """The absolute public URL of the stable image."""
        return self._public_url("")

    @property
    def marketplace_path(self) -> str:
        """The path of the JPEG for marketplaces that do not accept the stable image's format."""
        return f"{self.public_name.rpartition('.')[0]}.jpg"

    @property
    def marketplace_url(self) -> str:
        """The absolute URL of an image that every marketplace accepts."""
        path = self.marketplace_path
        return self._public_url(path if self.derivative(path) else "")

    @property
    def share_url(self) -> str:
        """The absolute URL of the JPEG for other sites; until it is made, of the stable image."""
        return self._public_url(self.share["path"])

    @property
    def share(self) -> PublishedFile:
        """The derivative at share_url."""
        made = (made for made in self.derivatives if made["path"].endswith("/share.jpg"))
        return next(made, self.derivatives[0])

    def page_url(self, path: str = "") -> str:
        """Return the URL of a derivative for Distribu's own pages."""
        return f"{self._page_base()}/{self.key(path)}"

    def srcset(self, format: str, width_limit: int) -> str:
        """Return a srcset of the available widths in format, up to width_limit.

        "" if there are none, and for a large box until the ladder is made,
        because the stable image is sharper than the first thumbnail.
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
        """Return the URL for browsers without srcset: the largest within the limit, or smallest."""
        return self.page_url(self._fallback(width_limit)["path"])

    def display_size(self, width_limit: int) -> tuple[int, int]:
        """Return width and height in pixels for the <img>, in the image's proportions."""
        stable = self.derivatives[0]
        width = min(width_limit, stable["width_px"])
        return width, max(1, round(width * stable["height_px"] / stable["width_px"]))

    def widths(self, format: str) -> list[int]:
        """Return the widths that exist in format, smallest first."""
        return sorted(made["width_px"] for made in self._ladder(format))

    @property
    def format_of_widths(self) -> str:
        """The format served for ?format=500w: WebP, or the image's own if it has widths in that.

        Only images uploaded through the commerce API have widths in their own format.
        """
        own = self.derivatives[0]["format"] if self.derivatives else "WEBP"
        return own if own in COMMERCE.formats and self._ladder(own) else "WEBP"

    def rung(self, width: str) -> PublishedFile | None:
        """Return the derivative to serve for ?format= with a width such as "500", or None."""
        ladder = self._ladder(self.format_of_widths)
        return next((made for made in ladder if str(made["width_px"]) == width), None)

    def derivative(self, path: str) -> PublishedFile | None:
        """Return the published derivative at path, or None."""
        return next((made for made in self.derivatives if made["path"] == path), None)

    def _public_url(self, path: str) -> str:
        base = current_app.config["IMAGE_BASE_URL"] or current_app.config["PUBLIC_URL"]
        return f"{base}/{self.key(path)}"

    def _page_base(self) -> str:
        # A staged image is private, so only the app may serve it.
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
        """Return whether the ladder is complete, or the first thumbnail is sharp enough here."""
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
    """An image built from the columns that a page needs, without an ORM row."""

    id: str
    public_name: str
    derivatives: list[PublishedFile]
    placeholder_color: str
    alt_text: str = ""
    is_staged: bool = False

    @classmethod
    def of(cls, row: ImageRow, alt_text: str = "") -> "PublishedImage | None":
        """Return the hosted image in a product's row; None if there is none or an external one.

        row: has image_id, public_name, derivatives as JSON text,
        placeholder_color and external_image_url.
        """
        if row.external_image_url or not row.image_id:
            return None
        assert row.public_name and row.derivatives and row.placeholder_color
        derivatives = json.loads(row.derivatives)
        return cls(row.image_id, row.public_name, derivatives, row.placeholder_color, alt_text)
