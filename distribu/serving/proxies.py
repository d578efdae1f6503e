"""The number of proxies that name the visitor's address, measured by a request through them."""

from collections.abc import Mapping

import urllib3
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ..config import Problem, is_public

QUESTION = "X-Distribu-Check"
ANSWER = "X-Distribu-Proxies"
ANSWER_SECONDS = 60
TIMEOUT_SECONDS = 5.0


def find_proxy_problems(config: Mapping) -> list[Problem]:
    """Return what is wrong with DISTRIBU_TRUSTED_PROXIES, if the shop is up to tell."""
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
    """Return how many addresses a request for url collects; None if it does not arrive."""
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
    """The addresses that X-Forwarded-For names, the nearest proxy's last."""
    return [
        address.strip().decode("latin-1")
        for name, value in headers
        if name == b"x-forwarded-for"
        for address in value.split(b",")
    ]


def _serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="proxies")
