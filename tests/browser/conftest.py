"""Browser tests use the system's Chromium."""

import os
import threading
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect
from werkzeug.serving import make_server

from tests.conftest import Cast, add_cast, signed_in

# A machine that does other work beside is slow; nothing here is about how fast it is.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, chromium_path):
    # Chromium refuses its own sandbox to root, which is who runs tests in a container.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": chromium_path, "args": args}


@pytest.fixture(scope="session")
def base_url():
    """None: each test opens whole addresses; the plugin's own fixture warns in pytest 9.2."""
    return None


@dataclass(frozen=True)
class LiveApp:
    """Distribu as a browser reaches it; the cast is in its database."""

    app: Flask
    url: str
    cast: Cast

    def sign_in(self, context: BrowserContext, user_id: str) -> None:
        """The browser's session is this user's."""
        client = signed_in(self.app, user_id)
        name = self.app.config["SESSION_COOKIE_NAME"]
        cookie = {"name": name, "value": client.get_cookie(name).value, "url": self.url}
        context.add_cookies([cookie])


@pytest.fixture
def live_app(make_app):
    """The embedded Distribu behind a real, threaded web server."""
    yield from serve(make_app)


def serve(make_app, **changes):
    """Serve an app made with changes until the generator is closed; yields a LiveApp."""
    app = make_app(**changes)
    with app.app_context():
        cast = add_cast()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    app.config["PUBLIC_URL"] = url
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield LiveApp(app, url, cast)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def dashboard(live_app, page):
    """A page in which alice is signed in, and whose file choosers all open in the test."""
    live_app.sign_in(page.context, live_app.cast.alice)
    # Chromium learns of this by another way than of a key press. Told only when a test begins
    # to wait for a chooser, it may see the press first and open a window that nobody answers.
    page.on("filechooser", lambda chooser: None)
    return page
