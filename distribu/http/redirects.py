"""Decide which addresses from a client are safe to redirect to, and which responses redirect."""

from urllib.parse import SplitResult, urlsplit

from flask import Response
from werkzeug.datastructures import Headers, MultiDict

# The header with which htmx opens another page.
_OPENED = "HX-Redirect"


def open_page(url: str) -> Response:
    """Return a response to a fragment's request that makes the page's script open another page."""
    return Response("", headers={_OPENED: url})


def leads_to_a_page(response: Response) -> bool:
    """Return whether a browser, or the script of our forms, will open another page for it."""
    return response.status_code == 303 or _OPENED in response.headers


def local_path(target: str | None) -> str | None:
    """Return target if it is a path on this site, even as browsers read it; else None."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers treat a backslash as a slash, and ignore tabs and line breaks.
    if "\\" in target or any(ord(character) <= 32 for character in target):
        return None
    return target


def referring_path(headers: MultiDict[str, str] | Headers, host: str) -> str | None:
    """Return the path of the page that the request came from, if that page is on this host."""
    referrer = address_parts(headers.get("Referer", ""))
    return local_path(referrer.path) if referrer.netloc == host else None


def address_parts(address: str) -> SplitResult:
    """Split an address that a client sent; all parts are empty if it is invalid."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
