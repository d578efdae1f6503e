"""The files of the container image suffice to serve a page and a style sheet."""

import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]

SERVE = """
from flask_migrate import upgrade
from wsgi import app

with app.app_context():
    upgrade()
client = app.test_client()
print(client.get("/login").status_code, client.get("/static/site.css").status_code)
"""


def let_through() -> list[str]:
    """The files and folders that .dockerignore, which leaves everything out, lets through."""
    lines = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    return [line.removeprefix("!").rstrip("/") for line in lines if line.startswith("!")]


def test_what_docker_is_given_serves_a_page_and_a_style_sheet(tmp_path):
    for name in let_through():
        source, target = CHECKOUT / name, tmp_path / "app" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        cwd=tmp_path / "app",
        env={"DISTRIBU_INSTANCE": str(tmp_path / "instance"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "200 200\n"), done.stderr
