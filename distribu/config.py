"""Every setting of Distribu: its default, its environment variable, its meaning."""

import os
import secrets
from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import click

MEBIBYTE = 1024 * 1024


class BadSetting(click.ClickException):
    """A setting that makes starting impossible; flask prints only its sentence."""


@dataclass(frozen=True)
class Problem:
    """A problem that the checks have found: what is wrong, and what to do."""

    id: str
    message: str
    hint: str


def load_config(environ: Mapping[str, str] | None = None) -> dict:
    """Return the Flask settings for these environment variables.

    environ: DISTRIBU_* variables; os.environ if None. With none set, every
    part is embedded and keeps its data in the instance folder.
    """
    environ = _with_secrets(os.environ if environ is None else environ)
    instance = Path(environ.get("DISTRIBU_INSTANCE", "instance")).absolute()
    public_url = environ.get("DISTRIBU_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    queue_url = environ.get("DISTRIBU_QUEUE_URL", f"sqlite:///{instance / 'queue.db'}")
    return {
        "INSTANCE": str(instance),
        "SECRET_KEY": environ.get("DISTRIBU_SECRET_KEY") or None,
        "SQLALCHEMY_DATABASE_URI": environ.get(
            "DISTRIBU_DATABASE_URL", f"sqlite:///{instance / 'distribu.db'}"
        ),
        "IMAGE_STORE_URL": environ.get("DISTRIBU_IMAGE_STORE_URL", (instance / "store").as_uri()),
        "QUEUE_URL": queue_url,
        **_limits_storage(queue_url),
        "PUBLIC_URL": public_url,
        "IMAGE_BASE_URL": environ.get("DISTRIBU_IMAGE_BASE_URL", "").rstrip("/"),
        # The path prefix under which a proxy (nginx) sends objects itself, such as "/_objects/".
        "ACCEL_REDIRECT_PREFIX": environ.get("DISTRIBU_ACCEL_REDIRECT_PREFIX", ""),
        # Gets {"files": [...]} with the addresses of deleted images, to purge them from a cache.
        "PURGE_URL": environ.get("DISTRIBU_PURGE_URL", ""),
        "PURGE_TOKEN": environ.get("DISTRIBU_PURGE_TOKEN", ""),
        "DECODE_MEMORY_BYTES": _number(environ, "DISTRIBU_DECODE_MEMORY_MB", 1200) * MEBIBYTE,
        "DECODE_PROCESSES": _number(environ, "DISTRIBU_DECODE_PROCESSES", 2),
        "DECODE_CONFINEMENT": _one_of(
            environ, "DISTRIBU_DECODE_CONFINEMENT", ("preferred", "required")
        ),
        "SPOOL_BYTES": _number(environ, "DISTRIBU_SPOOL_MB", 512, least=64) * MEBIBYTE,
        "IMAGES_PER_PRODUCT": _number(environ, "DISTRIBU_IMAGES_PER_PRODUCT", 100),
        "TRUSTED_PROXIES": _number(environ, "DISTRIBU_TRUSTED_PROXIES", 0, least=0),
        "LOG_FORMAT": _one_of(environ, "DISTRIBU_LOG_FORMAT", ("text", "json")),
        "SESSION_COOKIE_SECURE": public_url.startswith("https://"),
        **_FIXED,
    }


# Each can also be read from a file, in which container platforms provide secrets.
_SECRETS = tuple(
    f"DISTRIBU_{name}"
    for name in (
        "SECRET_KEY",
        "DATABASE_URL",
        "IMAGE_STORE_URL",
        "QUEUE_URL",
        "PURGE_URL",
        "PURGE_TOKEN",
    )
)


def _with_secrets(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables, with the content of the file as NAME for every secret NAME_FILE."""
    files = {name: path for name in _SECRETS if (path := environ.get(f"{name}_FILE"))}
    secrets = {name: _content(environ, name, path) for name, path in files.items()}
    return ChainMap(secrets, environ)  # type: ignore[arg-type]  # which is only read


def _content(environ: Mapping[str, str], name: str, path: str) -> str:
    if environ.get(name):
        raise BadSetting(f"{name} and {name}_FILE are both set. Set one of them.")
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{name}_FILE names no file that can be read: {path} ({error})") from error
    if not content:
        raise BadSetting(f"{name}_FILE names an empty file: {path}")
    return content


def _limits_storage(queue_url: str) -> dict:
    """Return where attempts are counted: in Redis, with a short time-out, or in this process."""
    if not queue_url.startswith("redis"):
        return {"RATELIMIT_STORAGE_URI": "memory://"}
    patience = {"socket_timeout": 2, "socket_connect_timeout": 2}
    return {"RATELIMIT_STORAGE_URI": queue_url, "RATELIMIT_STORAGE_OPTIONS": patience}


def _number(environ: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    """Return a variable as a whole number; default if it is not set, or empty."""
    text = environ.get(name) or str(default)
    is_number = text.isascii() and text.isdecimal() and len(text) < 8
    if not (is_number and int(text) >= least):
        raise BadSetting(f"{name} is {text!r}, which is not a whole number of {least} or more.")
    return int(text)


def _one_of(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Return a variable's word; the first of those allowed if it is not set, or empty."""
    word = environ.get(name) or allowed[0]
    if word not in allowed:
        raise BadSetting(f"{name} is {word!r}. It can be {' or '.join(allowed)}.")
    return word


_FIXED = {
    "SESSION_COOKIE_NAME": "distribu_session",
    # Replace a connection that broke while idle, instead of failing a request. Each thread of
    # the lanes may have one; those beyond pool_size are closed after use.
    "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 9},
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    # The cookie outlives the sign-in (SIGN_IN_LASTS), so that it still
    # identifies the owner of an open form and no input is lost.
    "PERMANENT_SESSION_LIFETIME": timedelta(days=90),
    "SIGN_IN_LASTS": timedelta(days=14),
    # Set the session cookie only when it changes, never on images that shared caches keep.
    "SESSION_REFRESH_EACH_REQUEST": False,
    # A form left open overnight still saves: the token lives as long as the session.
    "WTF_CSRF_TIME_LIMIT": None,
    # A dashboard upload above the image limit is still read (and discarded),
    # so that the form can be shown again with every other field intact.
    "MAX_CONTENT_LENGTH": 64 * MEBIBYTE,
    "MAX_FORM_MEMORY_SIZE": 1 * MEBIBYTE,
    "MAX_FORM_PARTS": 1000,
    "RATELIMIT_HEADERS_ENABLED": True,
    # By default every response would get Retry-After; error_handlers.py adds it only to refusals.
    "RATELIMIT_HEADER_RETRY_AFTER": "X-RateLimit-Retry-After",
    "RATELIMIT_STRATEGY": "moving-window",
    # One short outage of Redis must not close the shop.
    "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    # Flask-Limiter switches to memory for the first request that notices the outage, but raises
    # for simultaneous ones: serve those without a limit.
    "RATELIMIT_SWALLOW_ERRORS": True,
}


def announce(address: str) -> str:
    """Return the public URL; if none is set, set it to address, also for child processes."""
    return os.environ.setdefault("DISTRIBU_PUBLIC_URL", address).rstrip("/")


def ensure_secret_key(config: dict) -> str:
    """Return the secret key; if none is set, create one in the instance folder."""
    if config["SECRET_KEY"]:
        return config["SECRET_KEY"]
    path = Path(config["INSTANCE"]) / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep_secret_key(path)
    return path.read_text(encoding="ascii")


def _keep_secret_key(path: Path) -> None:
    """Write a new key to path, unless another process did so first."""
    # Link the file when it is complete, so that nobody finds half a key, even after a crash.
    with (
        NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file,
        suppress(FileExistsError),
    ):
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.link(file.name, path)


def is_public(config: Mapping) -> bool:
    """Return whether the public URL is reachable from other machines."""
    return _host(config["PUBLIC_URL"]) not in {"127.0.0.1", "localhost", "::1"}


def check_settings(config: Mapping) -> list[Problem]:
    """Return the problems of the settings themselves, without contacting any server."""
    problems = []
    if is_public(config) and len(config["SECRET_KEY"] or "") < 32:
        problems.append(
            Problem(
                "secret-weak",
                "DISTRIBU_SECRET_KEY is shorter than 32 characters on a public address.",
                "Set it to what this prints: "
                "python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            )
        )
    if path := _path(config["PUBLIC_URL"]):
        problems.append(
            Problem(
                "public-url-path",
                f"DISTRIBU_PUBLIC_URL has the path {path}, under which no page answers: images "
                "would be there, and the links of every page would not.",
                "Give the shop a host name of its own, for example https://shop.example.com",
            )
        )
    for name in ("PUBLIC_URL", "IMAGE_BASE_URL", "PURGE_URL"):
        value = config[name]
        if value and not _host(value):
            problems.append(
                Problem(
                    f"{name.lower().replace('_', '-')}-invalid",
                    # It may hold a password or a token, so it is not shown.
                    f"DISTRIBU_{name} is not an http or https address.",
                    "Give it with its scheme, for example https://shop.example.com",
                )
            )
    return problems


def _host(address: str) -> str:
    """Return the host of an http or https address; "" if it is not one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""


def _path(address: str) -> str:
    """Return the path of an http or https address without a final slash; "" if it is not one."""
    return urlsplit(address).path.rstrip("/") if _host(address) else ""
