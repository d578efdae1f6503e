"""A process that answers requests never loads Pillow: only its decoding children do."""

import subprocess
import sys
from pathlib import Path

from tests.images.image_files import png

# What a web process does with an upload, from the first request to the saved product.
UPLOAD = """
import sys
from flask_migrate import upgrade
from distribu import create_app

app = create_app({"TESTING": True, "WTF_CSRF_ENABLED": False, "SECRET_KEY": "s" * 40})
with app.app_context():
    upgrade()
    app.extensions["image_store"].prepare()
client = app.test_client()
person = {"company": "Acme", "name": "Alice", "email": "alice@acme.test"}
client.post("/register", data=person | {"password": "a long password"})
fields = {"name": "Widget", "price": "12.50", "stock": "3", "unit": "each"}
with open(sys.argv[1], "rb") as file:
    saved = client.post("/dashboard/inventory/new", data=fields | {"image": (file, "widget.png")})
assert saved.status_code == 303, saved.text
page = client.get("/dashboard/inventory").text
assert "300w.webp" in page, page
app.extensions["image_sandbox"].close()
print(sorted(name for name in sys.modules if name.split(".")[0] == "PIL"))
"""


def test_no_upload_brings_pillow_into_the_process(tmp_path):
    image = tmp_path / "widget.png"
    image.write_bytes(png(640, 480).getvalue())
    done = subprocess.run(
        [sys.executable, "-c", UPLOAD, image],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        env={"DISTRIBU_INSTANCE": str(tmp_path / "instance"), "PATH": ""},
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
