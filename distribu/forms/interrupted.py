"""Keep a form that was submitted after the sign-in ended, and restore it after signing in again.

A POST without a sign-in, or with an old CSRF token, is never carried
out. Its input is kept in the page that answers it until the visitor has
signed in; then the form is shown again, filled in but not saved. Only
views marked resumable() support this.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException

from ..extensions import login
from ..http.json_bodies import parse_json
from ..http.rate_limits import is_within
from ..http.redirects import address_parts, local_path, referring_path
from ..http.sessions import user_of_lapsed_session
from ..images import staging
from ..images.decoding.policies import InvalidImage
from ..images.decoding.sandbox import SandboxError
from ..images.stores.contract import StoreError
from ..models import is_storable
from .account import SignInForm

# More than any dashboard form contains, yet small enough to embed in a page.
MOST_CHARACTERS = 200_000
# Images staged per user after the sign-in has expired; more than anyone leaves open.
LAPSED_LIMIT = "20 per hour"


@dataclass(frozen=True)
class InterruptedForm:
    """The path of a form, with the submitted names and values in order."""

    action: str
    fields: list[list[str]]
    is_image_lost: bool = False
    # The name of an image that came with the form and was not kept.
    filename: str = ""

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str | None) -> "InterruptedForm | None":
        """Return the form that dumps() wrote, or None if the text is invalid."""
        try:
            kept = cls(**cast(dict[str, Any], parse_json(text or "")))
            pairs = [[str(name), str(value)] for name, value in kept.fields]
        except (ValueError, TypeError):
            return None
        if not all(is_storable(text) for pair in pairs for text in pair):
            return None
        action = local_path(kept.action if isinstance(kept.action, str) else None)
        if action is None or not _is_resumable(action):
            return None
        return cls(action, [pair for pair in pairs if _is_kept(pair[0])], bool(kept.is_image_lost))


def init_interrupted_forms(app: Flask) -> None:
    """Handle forms with an old CSRF token for all views, and the keeping of forms on errors."""
    app.register_error_handler(CSRFError, answer_bad_token)
    app.extensions["keep_form"] = keep_typed


def resumable(view: Callable) -> Callable:
    """Mark a view that can show its form again: while is_resumed(), it must save nothing."""
    view.is_resumable = True  # type: ignore[attr-defined]
    return view


def is_resumed() -> bool:
    """Return whether this POST restores a form, to be shown again without saving."""
    return "resume" in request.form


def sign_in_page(form: SignInForm, status: int = 200, message: str = "") -> ResponseReturnValue:
    """Render the sign-in page; message: a sentence above the form."""
    return render_template("auth/login.html", form=form, message=message), status


def back_page(kept: InterruptedForm, status: int = 200) -> ResponseReturnValue:
    """Render the page with one button that leads back to the filled-in form."""
    return render_template("auth/back_to_form.html", kept=kept), status


@login.unauthorized_handler
def ask_to_sign_in() -> ResponseReturnValue:
    """Show the sign-in page, which afterwards leads to the requested page or the kept form."""
    if "HX-Request" in request.headers:
        return _toast("auth/_signed_out.html", 401)
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("auth.login", next=request.full_path.removesuffix("?")))
    if _is_foreign():
        return redirect(url_for("auth.login"), 303)
    kept = _keep_form()
    form = SignInForm(formdata=None)
    form.next.data = referring_path(request.headers, request.host) or ""
    form.kept.data = kept.dumps() if kept else ""
    return sign_in_page(form, 401, RESUMES if kept else NOT_DONE)


RESUMES = "You were signed out. Sign in, and what you filled in is there again."
NOT_DONE = "You were signed out, so nothing was changed. Sign in, then do it again."
TOO_OLD = "This page is older than your sign-in, so nothing was changed. Reload it, then try again."


def answer_bad_token(error: CSRFError) -> ResponseReturnValue:
    """Answer a form with an old or foreign CSRF token: do not carry it out, but keep it if ours."""
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    if "HX-Request" in request.headers:
        # No other site can send this header, so it is safe to send the page a new token.
        renewed = {"HX-Trigger": json.dumps({"csrf-renewed": {"token": generate_csrf()}})}
        return _toast("auth/_token_renewed.html", 409, renewed)
    kept = None if _is_foreign() else _keep_form()
    if kept:
        return back_page(kept, 400)
    return render_template("errors/400.html", message=TOO_OLD), 400


def _toast(template: str, status: int, headers: dict | None = None) -> ResponseReturnValue:
    # Leave the page's content and input alone, and show the sentence elsewhere.
    elsewhere = {"HX-Retarget": "#toasts", "HX-Reswap": "innerHTML"}
    return make_response(render_template(template), status, elsewhere | (headers or {}))


def _is_foreign() -> bool:
    """Return whether a page of another site sent this, whose fields are not shown again."""
    origin = request.headers.get("Origin")
    return origin is not None and address_parts(origin).netloc != request.host


def keep_typed() -> InterruptedForm | None:
    """Return the submitted form without its file, or None if its view cannot show it again.

    Uses neither database nor store.
    """
    if request.method != "POST" or _is_foreign() or not _is_resumable(request.path):
        return None
    fields = _typed_fields()
    upload = request.files.get("image")
    path = request.full_path.removesuffix("?")
    if not fields:
        return None
    filename = (upload.filename or "") if upload else ""
    return InterruptedForm(path, fields, bool(upload), filename)


def _typed_fields() -> list[list[str]] | None:
    """Return the submitted names and values; None if they are too large for a page."""
    fields = [[name, value] for name, value in request.form.items(multi=True) if _is_kept(name)]
    length = sum(len(name) + len(value) for name, value in fields)
    return fields if length <= MOST_CHARACTERS else None


def _keep_form() -> InterruptedForm | None:
    """Stage the submitted image and return the form; None if its view cannot show it again."""
    fields = _typed_fields() if _is_resumable(request.path) else None
    if fields is None:
        return None
    image_id, is_image_lost = None, False
    if upload := request.files.get("image"):
        image_id = _staged_id(upload)
        is_image_lost = image_id is None
    if image_id:
        # The image submitted last replaces an earlier choice.
        fields = [field for field in fields if field[0] not in ("image_id", "remove_image")]
        fields.append(["image_id", image_id])
    return InterruptedForm(request.full_path.removesuffix("?"), fields, is_image_lost)


def _staged_id(upload: FileStorage) -> str | None:
    """Stage the image for the present or former user's company, and return its id or None."""
    user = current_user if current_user.is_authenticated else user_of_lapsed_session()
    if user is None or not is_within(LAPSED_LIMIT, "lapsed", user.id):
        return None
    try:
        return staging.stage(user.company_id, upload).id
    except (InvalidImage, StoreError, SandboxError, OSError):
        # OSError: even on a full disk the page must be shown, and says that the image is lost.
        return None


def _is_kept(name: str) -> bool:
    return name not in ("csrf_token", "resume") and "password" not in name


def _is_resumable(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    try:
        endpoint, _ = adapter.match(urlsplit(path).path, method="POST")
    except HTTPException:
        return False
    return getattr(current_app.view_functions[endpoint], "is_resumable", False)
