"""No address has a NUL: no record has one, and PostgreSQL refuses to look for it."""

from collections.abc import Callable, Iterable
from urllib.parse import quote

# What stands for bytes that are no text, in Werkzeug too: no id has it, and no word.
# WSGI hands over a path as Latin-1, and a query as it was sent.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_IN_PATH = _REPLACEMENT.encode().decode("latin-1")
_IN_QUERY = quote(_REPLACEMENT)


def without_nul(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application with each NUL in a path or a query replaced."""

    def answer(environ: dict, start_response: Callable) -> Iterable[bytes]:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("\x00", _IN_PATH)
        environ["QUERY_STRING"] = environ.get("QUERY_STRING", "").replace("%00", _IN_QUERY)
        return app(environ, start_response)

    return answer
