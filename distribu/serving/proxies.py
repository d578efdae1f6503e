"""Measure how many proxies report the visitor's address, by a request through them."""

from collections.abc import Mapping

import urllib3
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ..config import Problem, is_public

QUESTION = "X-Distribu-Check"
ANSWER = "X-Distribu-Proxies"
ANSWER_SECONDS = 60
TIMEOUT_SECONDS = 5.0


def find_proxy_problems(config: Mapping) -> list[Problem]:
    """Return a problem if DISTRIBU_TRUSTED_PROXIES is wrong; none if the shop does not respond."""
    if not is_public(config):
        return []
    trusted = config["TRUSTED_PROXIES"]
    found = count_proxies(config["PUBLIC_URL"], config["SECRET_KEY"])
    if found is None or found == trusted:
        return []
    harm = (
        "visitors can name their own address, and get around every limit"
        if found < trusted
        else "all visitors have one address, and share one limit"
    )
    return [
        Problem(
            "trusted-proxies-wrong",
            f"DISTRIBU_TRUSTED_PROXIES is {trusted}, but {found} X-Forwarded-For addresses arrive "
            f"through {config['PUBLIC_URL']}: {harm}.",
            f"Set it to {found}, or let each proxy add to X-Forwarded-For as deploy/nginx.conf "
            "does.",
        )
    ]


def count_proxies(url: str, secret_key: str) -> int | None:
    """Return the number of proxy addresses added to a request for url; None if it fails."""
    headers = {QUESTION: _serializer(secret_key).dumps("proxies")}
    try:
        answer = urllib3.request(
            "GET", f"{url}/login", headers=headers, timeout=TIMEOUT_SECONDS, retries=False
        )
    except urllib3.exceptions.HTTPError:
        return None
    count = answer.headers.get(ANSWER, "")
    return int(count) if count.isdecimal() else None


def is_our_question(text: str, secret_key: str) -> bool:
    try:
        return _serializer(secret_key).loads(text, max_age=ANSWER_SECONDS) == "proxies"
    except BadSignature:
        return False


def forwarded_addresses(headers: list[tuple[bytes, bytes]]) -> list[str]:
    """Return the addresses in X-Forwarded-For; the nearest proxy's is last."""
    return [
        address.strip().decode("latin-1")
        for name, value in headers
        if name == b"x-forwarded-for"
        for address in value.split(b",")
    ]


def _serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="proxies")
