"""Interpret an imageUrl that the REST API or a CSV import writes.

cleaned() removes invisible characters; read_change() decides, without
changing anything; prepare() stages the copy that a change may need, and
commits; apply() is part of the caller's one commit, under lock_product().
An external file is never fetched and never deleted.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, quote, unquote, urlsplit

from flask import current_app

from ..extensions import db
from ..images import attachment, staging
from ..images.stores.contract import ObjectNotFound
from ..models import READY, Company, Image, Product

URL_MAX = 2048

KEEP, CLEAR, EXTERNAL, COPY, MOVE = "KEEP", "CLEAR", "EXTERNAL", "COPY", "MOVE"

# Anywhere in the path, since a server in front of our images may add a prefix.
_OWN_PATH = re.compile(r"/images/([0-9A-HJKMNP-TV-Z]{26})/", re.IGNORECASE)
# The address that redirects to a product's current image.
_CURRENT_PATH = re.compile(r"/store/[^/]+/products/([0-9A-HJKMNP-TV-Z]{26})/image/?", re.IGNORECASE)
# Browsers drop or convert these, so the address shown would not be the one that was checked.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\<>\"]")
_LINE_BREAK = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]")
# A comma may be part of a path, and an address part of a query; that is still one address.
_SECOND_ADDRESS = re.compile(r"[^?#]*?[,|;]\s*https?://|.*?\shttps?://", re.I | re.DOTALL)

EMPTY = "imageUrl is empty. Send null to remove the image."
SEVERAL = "imageUrl takes one address, and here are two or more. Keep the first one only."
HAS_LINE_BREAK = "imageUrl has a line break or a tab inside."
HAS_BLANK = "imageUrl has a blank in the name of its host."
HAS_UNSAFE = 'imageUrl must not contain a backslash, <, > or ", nor a control character.'
NOT_ABSOLUTE = "imageUrl must be an absolute http or https URL."
TOO_LONG = f"imageUrl can have at most {URL_MAX:,} characters."
IS_FILE = (
    "imageUrl takes an address, not the stable image: host the image and send its address, or "
    "upload it in the product form of the dashboard."
)
HAS_CREDENTIALS = "imageUrl must not contain a user name or password."
IS_GONE = "imageUrl names an image of this shop that no longer exists."


class InvalidImageUrl(ValueError):
    """The value is not a valid imageUrl; str(error) says why."""


class UnusableImage(InvalidImageUrl):
    """The value is well-formed, but the product cannot get the image that it names."""


@dataclass(frozen=True)
class Change:
    """The effect of writing an imageUrl.

    kind: KEEP (no change), CLEAR, EXTERNAL (url), COPY (of the image
    image_id) or MOVE (of the product's own image image_id to the top).
    """

    kind: str
    url: str | None = None
    image_id: str | None = None


def read_change(company: Company, product: Product | None, value: str | None) -> Change:
    """Return the effect of writing value to product; None stands for a new product.

    Raises InvalidImageUrl.
    """
    # Writing back the value that a read returns never changes anything.
    if value == (product.image_url if product else None):
        return Change(KEEP)
    if value is None:
        return Change(CLEAR)
    value = _encoded(cleaned(value))
    url = _checked(value)
    own_id = _own_id(url) or _current_id(company, url)
    if (own_id and own_id in _shown_ids(product)) or _is_current_address(product, url):
        return Change(KEEP)
    if product and value == product.image_url:
        return Change(KEEP)
    if (own := _own_image(company, url, own_id)) is None:
        return Change(EXTERNAL, url=value)
    if product is not None and own.product_id == product.id:
        return Change(MOVE, image_id=own.id)
    _refuse_one_too_many(product)
    return Change(COPY, image_id=own.id)


def cleaned(value: str) -> str:
    """Return the value without invisible characters and surrounding blanks.

    >>> cleaned(" https://cdn.example/\\u200btowel.jpg\\n")
    'https://cdn.example/towel.jpg'
    """
    return "".join(one for one in value if unicodedata.category(one) != "Cf").strip()


def named_image_id(value: str | None) -> str | None:
    """Return the image id in an address that may be ours, or None."""
    found = _OWN_PATH.search(unquote(value or ""))
    return found[1].upper() if found else None


def prepare(company: Company, change: Change) -> Image | None:
    """Stage the copy that apply() attaches, or return None if none is needed. Commits.

    Raises StoreError, and InvalidImageUrl if the image was removed meanwhile.
    """
    if change.kind != COPY:
        return None
    source = db.session.get(Image, change.image_id)
    if source is None:
        raise UnusableImage(IS_GONE)
    try:
        return staging.stage_copy(company.id, source)
    except ObjectNotFound as error:
        raise UnusableImage(IS_GONE) from error


def apply(product: Product, change: Change, copy: Image | None = None) -> None:
    """Carry out the change of the product's image. Expects lock_product(), or a new product."""
    if change.kind == CLEAR:
        attachment.remove_all(product)
    elif change.kind == COPY:
        assert copy is not None
        attachment.replace(product, copy.id)
    elif change.kind == EXTERNAL:
        if not product.external_image_url:
            attachment.remove(product)
        product.external_image_url = change.url
    elif change.kind == MOVE:
        image = db.session.get_one(Image, change.image_id)
        image.position = attachment.first_position(product)
        product.external_image_url = None
        db.session.flush()
        db.session.expire(product, ["image", "images"])


def _encoded(value: str) -> str:
    """Return the address with its blanks percent-encoded as browsers do, except in the host."""
    start = re.match(r"https?://[^/?#]*", value[:URL_MAX], re.IGNORECASE)
    if start is None or len(value) > URL_MAX or _SECOND_ADDRESS.match(value):
        return value
    path = "".join(
        quote(one) if unicodedata.category(one) == "Zs" else one for one in value[start.end() :]
    )
    return start[0] + path


def _checked(value: str) -> SplitResult:
    if not value:
        raise InvalidImageUrl(EMPTY)
    if value[:5].lower() == "data:":
        raise InvalidImageUrl(IS_FILE)
    if len(value) > URL_MAX:
        raise InvalidImageUrl(TOO_LONG)
    if _SECOND_ADDRESS.match(value):
        raise InvalidImageUrl(SEVERAL)
    url = _split(value)
    if _LINE_BREAK.search(value):
        raise InvalidImageUrl(HAS_LINE_BREAK)
    if re.search(r"\s", value):
        raise InvalidImageUrl(HAS_BLANK)
    if _UNSAFE.search(value):
        raise InvalidImageUrl(HAS_UNSAFE)
    if "@" in url.netloc:
        raise InvalidImageUrl(HAS_CREDENTIALS)
    return url


def _split(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        # Reading the port also validates it.
        is_absolute = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError as error:
        raise InvalidImageUrl(NOT_ABSOLUTE) from error
    if not is_absolute:
        raise InvalidImageUrl(NOT_ABSOLUTE)
    return url


def _own_id(url: SplitResult) -> str | None:
    """Return the image id in the path of an address that may be ours, or None."""
    found = _OWN_PATH.search(unquote(url.path))
    return found[1].upper() if found else None


def _current_id(company: Company, url: SplitResult) -> str | None:
    """Return the id of the hosted image to which a product's address redirects, or None."""
    found = _CURRENT_PATH.search(unquote(url.path))
    product = db.session.get(Product, found[1].upper()) if found else None
    if product is None or product.company_id != company.id or product.external_image_url:
        return None
    return product.image.id if product.image else None


def _is_current_address(product: Product | None, url: SplitResult) -> bool:
    """Return whether the address redirects to this product's current image."""
    found = _CURRENT_PATH.search(unquote(url.path))
    if found is None or product is None:
        return False
    return product.has_image and found[1].upper() == product.id


def _shown_ids(product: Product | None) -> tuple[str | None, ...]:
    """Return the id of the product's hosted image, and of the image it was copied from."""
    shown = product.image if product and not product.external_image_url else None
    return (shown.id, shown.copied_from) if shown else ()


def _refuse_one_too_many(product: Product | None) -> None:
    """Raise UnusableImage if a copy would exceed the limit; it is extra unless it replaces one."""
    if product is None or (product.image and not product.external_image_url):
        return
    try:
        attachment.refuse_full(product.id, attachment.images_limit())
    except attachment.ImageLimitReached as error:
        raise UnusableImage(str(error)) from error


def _own_image(company: Company, url: SplitResult, own_id: str | None) -> Image | None:
    """Return the company's image at this address, on any host; None for an external address.

    Raises UnusableImage for an address of ours without a usable image.
    """
    image = db.session.get(Image, own_id) if own_id else None
    if image is None and not _is_our_host(url):
        return None
    is_usable = (
        image is not None
        and image.company_id == company.id
        and image.status == READY
        and not image.is_staged
    )
    if not is_usable:
        raise UnusableImage(IS_GONE)
    return image


def _is_our_host(url: SplitResult) -> bool:
    bases = (current_app.config[name] for name in ("PUBLIC_URL", "IMAGE_BASE_URL"))
    return (url.hostname or "").rstrip(".") in {_host(base) for base in bases if base}


@cache
def _host(base: str) -> str | None:
    return urlsplit(base).hostname
