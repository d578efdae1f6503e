"""HTTP caching of pages that are the same for everyone, by ETag; the server keeps no copies."""

import hashlib
from pathlib import Path

from flask import Response, current_app, request
from werkzeug.wrappers import Response as BaseResponse

# Static files count, because pages contain fingerprints of them.
_PARTS = (("distribu", "*.py"), ("templates", "*.html"), ("static", "*.css"), ("static", "*.js"))


def unchanged_or_empty(*inputs: object) -> BaseResponse:
    """Return 304 if the client has the page made of these inputs, or else an empty 200 to fill.

    inputs: all data in the page; their repr() must differ if they do. The
    release and the settings of the app are added here.
    """
    headers = [("Cache-Control", "no-cache")]
    # With a debugger, templates change while the process runs.
    if not current_app.debug:
        headers.append(("ETag", f'W/"{_etag(inputs)}"'))
    response = Response(headers=headers, mimetype="text/html")
    return response.make_conditional(request) if request.if_none_match else response


def _etag(inputs: tuple) -> str:
    made_of = (RELEASE, current_app.config["IMAGE_BASE_URL"], *inputs)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:32]


def digest_of_code_and_templates(checkout: Path) -> str:
    """Return a hash, in hex, of everything in a checkout that makes pages out of rows."""
    digest = hashlib.sha256()
    for folder, pattern in _PARTS:
        for path in sorted((checkout / folder).rglob(pattern)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(checkout)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


# Computed when the code is loaded, so that files replaced by an update count only after a
# restart.
RELEASE = digest_of_code_and_templates(Path(__file__).parents[2])
