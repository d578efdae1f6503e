"""No address has a NUL: no record has one, and PostgreSQL refuses to look for it."""

from collections.abc import Callable, Iterable
from urllib.parse import quote

# What stands for bytes that are no text, in Werkzeug too: no id has it, and no word.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def without_nul(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application with each NUL in a path or a query replaced."""

    def answer(environ: dict, start_response: Callable) -> Iterable[bytes]:
        # WSGI hands over a path as Latin-1, and a query as it was sent.
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        environ["PATH_INFO"] = path.replace("\x00", _REPLACEMENT.encode().decode("latin-1"))
        environ["QUERY_STRING"] = query.replace("%00", quote(_REPLACEMENT))
        return app(environ, start_response)

    return answer
