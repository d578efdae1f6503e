"""Addresses that a client sent, and which of them may be followed; answers that lead to a page."""

from urllib.parse import SplitResult, urlsplit

from flask import Response
from werkzeug.datastructures import Headers, MultiDict


def leads_to_a_page(response: Response) -> bool:
    """Return whether a browser, or the script of one of our forms, opens another page for it."""
    return response.status_code == 303 or "HX-Redirect" in response.headers


def local_path(target: str | None) -> str | None:
    """The target if it is a path on this site, whatever a browser makes of odd characters."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers read a backslash as a slash, and skip tabs and line ends.
    if "\\" in target or any(ord(character) <= 32 for character in target):
        return None
    return target


def referring_path(headers: MultiDict[str, str] | Headers, host: str) -> str | None:
    """The path of the page that a request came from, if that page is ours."""
    referrer = address_parts(headers.get("Referer", ""))
    return local_path(referrer.path) if referrer.netloc == host else None


def address_parts(address: str) -> SplitResult:
    """The parts of an address that a client sent, all of them empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
