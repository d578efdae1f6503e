"""Purge requests to the cache in front of the images."""

import json

from flask import current_app
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError, LocationValueError, MaxRetryError

from .stores.bounded_http import new_connections
from .stores.contract import StoreError


class PurgeFailed(StoreError):
    """A cache may still serve deleted images; the same call may succeed later."""


def purge(keys: list[str]) -> None:
    """Ask the cache at PURGE_URL, if one is set, to forget the objects with these keys.

    One POST of {"files": [URL, ...]}, with PURGE_TOKEN as bearer token.
    Raises PurgeFailed if the response is not 2xx.
    """
    config = current_app.config
    if not config["PURGE_URL"] or not keys:
        return
    base = config["IMAGE_BASE_URL"] or config["PUBLIC_URL"]
    headers = {"Content-Type": "application/json"}
    if config["PURGE_TOKEN"]:
        headers["Authorization"] = f"Bearer {config['PURGE_TOKEN']}"
    body = json.dumps({"files": [f"{base}/{key}" for key in keys]})
    try:
        answer = _connections().request("POST", config["PURGE_URL"], body=body, headers=headers)
    except (HTTPError, LocationValueError, OSError) as error:
        # The text of a MaxRetryError shows the URL, which may hold a secret.
        reason = error.reason if isinstance(error, MaxRetryError) else error
        raise PurgeFailed(f"the cache could not be told: {reason}") from error
    if not 200 <= answer.status < 300:
        raise PurgeFailed(f"the cache refused to forget: status {answer.status}")


def _connections() -> PoolManager:
    kept = current_app.extensions
    if "purge_connections" not in kept:
        kept["purge_connections"] = new_connections()
    connections: PoolManager = kept["purge_connections"]
    return connections
