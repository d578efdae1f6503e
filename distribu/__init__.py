"""Distribu: a wholesale catalog whose heart is the product image."""

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

from flask import Flask, Response, current_app, flash
from flask.json.provider import DefaultJSONProvider
from flask_login import current_user
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from . import cli, models
from .budgets import REQUEST_SECONDS, within
from .config import BadSetting, ensure_secret_key, load_config
from .database import init_database
from .extensions import csrf, db, limiter, login, migrate, queue
from .forms.interrupted import init_interrupted_forms
from .http.error_handlers import init_error_handlers
from .http.redirects import leads_to_a_page
from .http.request_body import Request
from .http.request_ids import init_request_ids
from .http.static_files import init_static_files
from .http.template_filters import init_template_filters
from .images import outbox
from .images.decoding.sandbox import Sandbox
from .images.stores.by_url import open_store
from .images.stores.contract import StoreMisconfigured

BLUEPRINTS = ("auth", "settings", "inventory", "storefront", "orders", "media", "health")
# Each registers its own blueprints, including pages that document it.
APIS = ("api", "commerce")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    # Products may show images from other hosts.
    "img-src 'self' data: blob: https: http:; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = (
    ("Content-Security-Policy", PAGE_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)

# Without includeSubDomains: other hosts of the domain are not ours to decide about.
HTTPS_ONLY = "max-age=31536000"


def create_app(config: dict | None = None) -> Flask:
    """Return Distribu's application, configured by the environment and then by config."""
    app = Flask(__name__, template_folder="../templates", static_folder=None)
    app.request_class = Request
    # Keep the keys of JSON bodies in the order of the documentation.
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # A doubled slash is a 404: a redirect to the right address would contain the Host sent.
    app.url_map.merge_slashes = False
    app.config.update(load_config() | (config or {}))
    app.config["SECRET_KEY"] = ensure_secret_key(app.config)
    Path(app.config["INSTANCE"]).mkdir(parents=True, exist_ok=True)
    app.wsgi_app = _budgeted(app.wsgi_app)  # type: ignore[method-assign]
    if app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=app.config["TRUSTED_PROXIES"], x_proto=app.config["TRUSTED_PROXIES"]
        )
    _init_extensions(app)
    _init_templates(app)
    init_static_files(app)
    init_request_ids(app)
    init_error_handlers(app)
    init_interrupted_forms(app)
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(f".{name}", __name__).bp)
    for name in APIS:
        import_module(f".{name}", __name__).init_app(app)
    cli.init_app(app)
    app.after_request(_secure)
    app.after_request(_drain)
    return app


def _init_extensions(app: Flask) -> None:
    init_database(app, db)
    migrate.init_app(app, db, directory=str(Path(app.root_path).parent / "migrations"))
    # The queue before the limiter: both use its address, and its error for a wrong one is clearer.
    for extension in (csrf, queue, limiter):
        extension.init_app(app)
    # Not login.init_app(): it would read the session in every request, for a cookie that we do
    # not use, and reading the session adds "Vary: Cookie", so that caches could share nothing.
    app.login_manager = login  # type: ignore[attr-defined]
    _init_images(app)


def _init_images(app: Flask) -> None:
    """Give the app its image store and its decoding sandbox; neither is started yet."""
    try:
        app.extensions["image_store"] = open_store(app.config["IMAGE_STORE_URL"])
    except StoreMisconfigured as error:
        raise BadSetting(str(error)) from error
    app.extensions["image_sandbox"] = Sandbox(
        processes=app.config["DECODE_PROCESSES"],
        memory_bytes=app.config["DECODE_MEMORY_BYTES"],
        is_confinement_required=app.config["DECODE_CONFINEMENT"] == "required",
    )


def _init_templates(app: Flask) -> None:
    init_template_filters(app)
    app.jinja_env.globals |= {
        "LOW_STOCK": models.LOW_STOCK,
        "current_user": current_user,
        "undeleted_images": outbox.failing,
    }


def _secure(response: Response) -> Response:
    headers = response.headers
    # Collect the names once: asking Werkzeug for each would cost more than the rest.
    there = {name for name, _ in headers}
    headers.extend([header for header in SECURITY_HEADERS if header[0] not in there])
    if current_app.config["PUBLIC_URL"].startswith("https://"):
        headers.add("Strict-Transport-Security", HTTPS_ONLY)
    if "Cache-Control" not in there and response.mimetype == "text/html":
        # The Back button must not show a form as it was before it was saved.
        headers.add("Cache-Control", "no-store")
    return response


def _drain(response: Response) -> Response:
    """Delete the images that this request replaced, within its time limit, before responding."""
    if outbox.drain_request() and leads_to_a_page(response):
        flash("The old image is still being deleted. It is no longer shown anywhere.", "info")
    return response


def _budgeted(wsgi_app: Callable) -> Callable:
    """Wrap the application to limit how long it waits for outside parts."""

    def call(environ: dict, start_response: Callable) -> Iterable[bytes]:
        with within(REQUEST_SECONDS):
            return wsgi_app(environ, start_response)

    return call
