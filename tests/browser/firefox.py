"""The life of an image in Firefox: make browsers. It needs Firefox, Node.js and puppeteer-core."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from distribu.extensions import db
from distribu.models import Image
from tests.conftest import signed_in
from tests.images.image_files import jpeg

SCRIPT = Path(__file__).with_suffix(".mjs")
PUPPETEER = "puppeteer-core@24.43.1"
# Its installation would fetch a browser of its own.
ENVIRONMENT = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1", "npm_config_update_notifier": "false"}


@pytest.fixture(scope="session")
def firefox() -> str:
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    return found or pytest.skip("Firefox is not installed (apt-get install firefox-esr).")


@pytest.fixture(scope="session")
def modules() -> Path:
    """A folder that has puppeteer-core in its node_modules."""
    folder = Path.home() / ".cache" / "distribu" / PUPPETEER
    if not (folder / "node_modules" / "puppeteer-core").is_dir():
        if not shutil.which("npm"):
            pytest.skip("npm is missing. Install Node.js 20 or newer.")
        command = ["npm", "install", "--silent", "--prefix", folder, PUPPETEER]
        if subprocess.run(command, env=ENVIRONMENT, timeout=300, check=False).returncode:
            pytest.skip(f"{PUPPETEER} cannot be had through npm.")
    return folder


def test_an_image_is_chosen_seen_saved_replaced_and_removed(live_app, firefox, modules, tmp_path):
    photographs = [tmp_path / "first.jpg", tmp_path / "second.jpg"]
    photographs[0].write_bytes(jpeg(800, 600).getvalue())
    photographs[1].write_bytes(jpeg(400, 300).getvalue())
    name = live_app.app.config["SESSION_COOKIE_NAME"]
    cookie = signed_in(live_app.app, live_app.cast.alice).get_cookie(name)
    given = {
        "modules": str(modules / "package.json"),
        "firefox": firefox,
        "url": live_app.url,
        "cookie": {"name": name, "value": cookie.value, "domain": "127.0.0.1", "path": "/"},
        "photographs": [str(path) for path in photographs],
    }
    ran = subprocess.run(
        ["node", SCRIPT, json.dumps(given)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["first"] != said["second"]
    assert said["isRemoved"]
    with live_app.app.app_context():
        assert db.session.scalars(db.select(Image).where(Image.product_id.is_not(None))).all() == []
