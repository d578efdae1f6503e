"""Build the container image and try it: it migrates, checks itself, serves and stops when told.

Usage: python3 tools/image.py

Takes docker, podman or buildah, whichever is there and works. Where none is, or where the base
image cannot be had, it says so and ends well: there is nothing to try.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "localhost/distribu:trial"
ENGINES = ("docker", "podman", "buildah")
CONFINED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none"]
FOLDERS = ["--tmpfs=/tmp", "--tmpfs=/app/instance:uid=10001,gid=10001"]


def main() -> None:
    # The other isolations of buildah need control groups of their own, which a container lacks.
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    engine = next(filter(works, ENGINES), None)
    if engine is None:
        skip(f"none of {', '.join(ENGINES)} works here")
    for base in base_images():
        is_here = run(engine, "inspect", "--type", "image", base, quiet=True) == 0
        if not is_here and run(engine, "pull", base, quiet=True):
            skip(f"{engine} cannot get {base}")
    build = ["build", "--target", "distribu", "--tag", NAME, str(ROOT)]
    if run(engine, *build) or try_out(engine):
        sys.exit(f"The image, built by {engine}, does not work.")
    print(f"The image, built by {engine}, migrates, checks itself, serves and stops when told.")


def works(engine: str) -> bool:
    """Return whether the engine is present and could start a container; docker needs its daemon."""
    return bool(shutil.which(engine)) and run(engine, "info", quiet=True) == 0


def base_images() -> list[str]:
    """The images that the target distribu is built on."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [line.split()[1] for line in lines if line.startswith("FROM python:")]


def try_out(engine: str) -> int:
    """Run tools/image_trial.py inside the image; returns its exit status."""
    trial = (ROOT / "tools" / "image_trial.py").read_text(encoding="utf-8")
    if engine != "buildah":
        return run(engine, "run", "--rm", *CONFINED, *FOLDERS, NAME, "python", "-c", trial)
    # buildah runs what it builds, without a file system that is read only.
    container = subprocess.check_output([engine, "from", NAME], text=True).strip()
    try:
        return run(engine, "run", "--cap-drop=all", container, "--", "python", "-c", trial)
    finally:
        run(engine, "rm", container, quiet=True)


def run(*command: str, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, stdout=output, stderr=output, check=False).returncode


def skip(reason: str) -> None:
    print(f"Skipped: {reason}.")
    sys.exit(0)


if __name__ == "__main__":
    main()
