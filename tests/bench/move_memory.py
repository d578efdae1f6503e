"""Memory of flask images move and flask images doctor: it does not grow with the images.

Run from the checkout: python tests/bench/move_memory.py. SQLite and directories, 12,000 and then
24,000 images of one small object each, which is what a listing and a row cost; at_size.py has the
figures of a whole shop on real servers.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flask_migrate import upgrade
from sqlalchemy import insert

from distribu import create_app
from distribu.extensions import db
from distribu.images import doctor
from distribu.models import READY, Image, new_id
from tests.bench.at_size import MEASURED
from tests.conftest import settings
from tests.images.life import add_company

# Both are more than the directory store keeps of a listing at a time.
SIZES = (12_000, 24_000)
CONTENT = b"a small object"
# The most bytes that one more image may cost; keeping its row in memory would take far more.
PER_IMAGE = 100


def main() -> None:
    peaks: dict[str, list[float]] = {"doctor": [], "move": []}
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), count)
            peaks["doctor"].append(peak(folder, "images", "doctor"))
            peaks["move"].append(peak(folder, "images", "move", "--to", f"file://{folder}/other"))
    for name, (small, large) in peaks.items():
        per_image = (large - small) / (SIZES[1] - SIZES[0])
        print(f"flask images {name}: {small / 1e6:.0f} MB and {large / 1e6:.0f} MB", flush=True)
        if per_image > PER_IMAGE:
            raise SystemExit(f"Each image more takes {per_image:.0f} bytes.")


def fill(folder: Path, count: int) -> None:
    app = create_app(settings(folder))
    app.extensions["image_store"].prepare()
    with app.app_context():
        upgrade()
        doctor.claim_store()
        company_id = add_company("shop")
        made = {"path": "", "format": "PNG", "width_px": 9, "height_px": 9}
        known = {"status": READY, "policy": "COMMERCE", "sha256": "", "ladder_version": 2}
        names = {"filename": "a.png", "public_name": "a.png", "format": "PNG", "facts": {}}
        sizes = {"byte_size": len(CONTENT), "width_px": 9, "height_px": 9}
        shared = known | names | sizes | {"derivatives": [made | {"byte_size": len(CONTENT)}]}
        rows = [{"id": new_id(), "company_id": company_id} | shared for _ in range(count)]
        db.session.execute(insert(Image), rows)
        db.session.commit()
        db.engine.dispose()
    for row in rows:
        path = folder / "store" / "images" / row["id"] / "a.png"
        path.parent.mkdir()
        path.write_bytes(CONTENT)
    app.extensions["image_sandbox"].close()


def peak(folder: str, *words: str) -> float:
    """Run a flask command; return the bytes that it had at its peak."""
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "flask", *words]
    environment = os.environ | {
        "FLASK_APP": "wsgi",
        "DISTRIBU_INSTANCE": folder,
        "DISTRIBU_SECRET_KEY": "s" * 40,
        "DISTRIBU_DATABASE_URL": f"sqlite:///{folder}/distribu.db",
        "DISTRIBU_IMAGE_STORE_URL": f"file://{folder}/store",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-500:] + done.stderr[-500:])
    return int(done.stderr.splitlines()[-1].split()[1]) * 1024


if __name__ == "__main__":
    main()
